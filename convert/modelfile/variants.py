"""The files that one run becomes: what each holds (`quantize.KINDS`) and answers (`train.models.networks.HEADS`)."""

from dataclasses import dataclass

import numpy as np

from convert.modelfile import metadata
from convert.quantize import calibration_films, quantize, ranges
from train.models import networks as networks


@dataclass(frozen=True)
class Variant:
    """One file of a run."""

    kind: str
    head: str

    @property
    def name(self) -> str:
        """The name in files: `int8` for the edge, `mobile-int8` for phones."""
        return self.kind if self.head == "edge" else f"{self.head}-{self.kind}"

    @property
    def channels(self) -> int:
        """The number of channels of the input; programs for photographs pass RGB."""
        return 3 if self.head == "mobile" else 1

    def films(self, pixels: np.ndarray) -> np.ndarray:
        """Return films, uint8 (N, S, S, 1), as this file takes them."""
        return np.repeat(pixels, self.channels, axis=3)


VARIANTS = tuple(Variant(kind, head) for head in networks.HEADS for kind in quantize.KINDS)


def named(names: list[str]) -> list[Variant]:
    """Return the variants of these names, in the order of `VARIANTS`.

    Raises:
        ValueError: one is unknown.
    """
    known = [variant.name for variant in VARIANTS]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"there is no variant {unknown[0]!r}; known variants are {', '.join(known)}")
    return [variant for variant in VARIANTS if variant.name in names]


def measured(model, training_films: np.ndarray) -> bytes:
    """Return the edge network in floats with its ranges, narrowed, as the int8 files are made from.

    Args:
        model: of `train.models.networks.build`, trained.
        training_films: uint8 (N, S, S, 1).
    """
    films = calibration_films.whole_range(training_films)
    content = quantize.measured(networks.to_convert(model), films)
    return ranges.narrow(content, films.astype(np.float32))


def flatbuffer(model, variant: Variant, training_films: np.ndarray, card: dict) -> bytes:
    """Convert a Keras model of `train.models.networks.build` to a variant, with metadata of its card in it.

    Args:
        model: the trained network.
        variant: what is made.
        training_films: uint8 (N, S, S, 1), for the ranges of activations.
        card: of `convert.modelfile.card.build`.
    """
    calibration = None
    if variant.kind in quantize.CALIBRATED:
        calibration = variant.films(calibration_films.whole_range(training_films))
    converted = networks.to_convert(model, variant.head)
    content = quantize.to_tflite(
        converted, variant.kind, calibration, blocks=quantize.float_blocks(model), narrowed=True
    )
    return metadata.write(content, card)
