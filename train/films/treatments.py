"""Ways to show a crop other than the contract's, which experiments tried: models/EXPERIMENTS.md says what they showed.

The edge refuses a model whose films were treated so. An audit of such a run shows its network the films as in training.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from edge_app.imaging import preprocess

# What a crop shows beside the lungs: all of it, black, one grey (the mean of what was there), or one grey that leaves a
# rim round the lungs.
OUTSIDE = ("keep", "rim", "flat", "black")
# What decides the grey levels: the percentiles of the whole crop, those of its lungs, or an even spread of its lungs.
LEVELS = ("crop", "lungs", "equal")
# Width of the rim, as a share of the side of the crop: pleura, hilum and the angles of the diaphragm, which a mask of
# the lungs cuts through and where COVID-19 is to be seen.
RIM = 0.05


@dataclass(frozen=True)
class Treatment:
    """How films are shown to a network; the default is the contract's.

    Attributes:
        crop: `lungs` (films are cropped to the box round their lungs) or `none` (they are whole).
        outside: one of `OUTSIDE`, of a crop.
        levels: one of `LEVELS`, of a crop.
    """

    crop: str = "lungs"
    outside: str = preprocess.OUTSIDE
    levels: str = preprocess.LEVELS


def finish(
    crop: np.ndarray, mask: np.ndarray, outside: str = preprocess.OUTSIDE, levels: str = preprocess.LEVELS
) -> np.ndarray:
    """Turn a crop into what a classifier sees; with the default treatment as `preprocess.finish`, pixel by pixel.

    Args:
        crop: uint8 (S, S), the film in the box round the lungs, before its grey levels are stretched.
        mask: uint8 (S, S), 255 = lung, soft at the rim.
        outside: one of `OUTSIDE`.
        levels: one of `LEVELS`.

    Returns:
        uint8 (S, S, 1).

    Raises:
        ValueError: an unknown treatment.
        UnreadableRadiograph: what decides the grey levels has no contrast.
    """
    if outside not in OUTSIDE or levels not in LEVELS:
        raise ValueError(
            f"treatment is outside {outside!r}, levels {levels!r}; known treatments are {', '.join(OUTSIDE)} outside "
            f"and levels {', '.join(LEVELS)}"
        )
    seen = crop if levels == "crop" else crop[mask > 127]
    table = equalizing_table(seen) if levels == "equal" else preprocess.stretching_table(seen)
    pixels = cv2.LUT(crop, table)
    return (pixels if outside == "keep" else _covered(pixels, mask, outside))[..., np.newaxis]


def _covered(pixels: np.ndarray, mask: np.ndarray, outside: str) -> np.ndarray:
    """Cover what lies outside the lungs with one grey level; both are uint8 (S, S), and so is the answer."""
    if outside == "rim":
        width = 2 * round(RIM * len(mask)) + 1
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    rest = pixels[mask <= 127]
    level = int(rest.mean()) if outside != "black" and len(rest) else 0
    weight = mask.astype(np.uint16)
    return ((pixels * weight + level * (255 - weight) + 127) // 255).astype(np.uint8)


def equalizing_table(levels: np.ndarray) -> np.ndarray:
    """Return uint8 (256,) that spreads uint8 `levels` evenly over 0 to 255.

    Raises:
        UnreadableRadiograph: as of `preprocess.stretching_table`.
    """
    preprocess.stretching_table(levels)
    counts = np.cumsum(preprocess.counted(levels))
    return ((counts * 255 + counts[-1] // 2) // counts[-1]).astype(np.uint8)
