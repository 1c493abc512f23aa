"""Hyperparameters: one frozen object that is saved with the run; its fields are the flags of `train fit`."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from edge_app.errors import EdgeError
from edge_app.imaging import preprocess
from train.films.treatments import Treatment

# The collection whose hospitals give films with and without pneumonia, by the thousand, and boxes round opacities.
SIIM = "siim-covid19-detection"


def _field(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides the result of a training run, except the films."""

    model: str = _field("lite0", "network: lite0, short (its first ten blocks), tiny or seed")
    size: int = _field(192, "side of the input in pixels")
    crop: str = _field("lungs", "what of a film is seen: lungs (cropped to the lung field) or none (the whole film)")
    outside: str = _field(
        preprocess.OUTSIDE,
        "what a crop shows outside the lungs: keep, black, flat (one grey) or rim (one grey, but not close to them)",
    )
    levels: str = _field(preprocess.LEVELS, "what decides the grey levels of a crop: crop, lungs or equal (spread)")
    labels: tuple[str, ...] = _field(("normal", "covid", "pneumonia"), "labels in the order of the outputs")
    cells: tuple[str, ...] = _field((), "train on these source/label cells only; empty: all")
    most: int = _field(0, "at most this many training films of a cell; 0: all")
    sources: tuple[str, ...] = _field((), "learn from these sources only; empty: all")
    without: str = _field(
        "", "leave this source, or detector SOURCE/MACHINE, out of training and validation, and test on it"
    )
    fold: str = _field("", "K/N: leave out fold K of N over patients, and test on it")
    epochs: int = _field(5, "passes over the training films")
    batch: int = _field(32, "films in a step")
    learning_rate: float = _field(5e-4, "Adam's highest rate; it warms up over half an epoch and decays as a cosine")
    weight_decay: float = _field(1e-2, "decoupled decay of the weights")
    label_smoothing: float = _field(0.04, "targets become 0.5 * s and 1 - 0.5 * s")
    dropout: float = _field(0.3, "share of the last features dropped")
    balance: float = _field(0.0, "a film is drawn with (films in its source and label) ** -balance; 0: all alike")
    augment: str = _field("strong", "augmentation: strong, full or original (resize, shear, zoom)")
    places: float = _field(1.0, "weight of what the class maps say of places, against radiologists' boxes; 0: off")
    freeze: int = _field(0, "blocks of lite0 or short, from the input, that keep their ImageNet weights")
    imagenet: bool = _field(True, "start lite0 from ImageNet weights")
    settle: int = _field(1, "passes after kernels are rounded to 8 bits, at a tenth of the rate; 0: do not round")
    patience: int = _field(4, "stop after this many epochs without a lower validation loss")
    precision: str = _field(
        "auto", "of the layers: float32, mixed (bfloat16, sums in float32), or auto: mixed on GPUs that compute with it"
    )
    seed: int = _field(20200316, "seed of weights, film order and augmentation")

    @property
    def treatment(self) -> Treatment:
        """How its films are shown."""
        return Treatment(self.crop, self.outside, self.levels)


# Knobs of experiments that are no longer here, and the value that switched each off; models/EXPERIMENTS.md says what
# they showed. Without a penalty its weight has no effect.
REMOVED = {
    "photographs": 0.0,
    "children": 0,
    "restyle": 0.0,
    "mix": 0.0,
    "penalty": "none",
    "penalty_weight": None,
    "prior": 0.0,
    "dro": 0.0,
    "ema": 0.0,
    "heat": 0.0,
}
# What differs from the defaults by model. `seed` is the recipe this project grew from: adults with COVID-19 from one
# collection against healthy children from another, which is the mistake it shows.
PRESETS = {
    "lite0": {"sources": (SIIM,)},
    "short": {"sources": (SIIM,)},
    "tiny": {
        "sources": (SIIM,),
        "places": 0.0,
        "epochs": 40,
        "learning_rate": 2e-3,
        "dropout": 0.1,
        "imagenet": False,
        "patience": 12,
    },
    "seed": {
        "crop": "none",
        "size": 100,
        "labels": ("normal", "covid"),
        "cells": ("covid-chestxray-dataset/covid", "chest_xray/normal"),
        "most": 150,
        "epochs": 60,
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "balance": 0.0,
        "augment": "original",
        "imagenet": False,
        "settle": 0,
        "places": 0.0,
        "patience": 15,
    },
}


def preset(model: str, **changes) -> TrainConfig:
    """Return the recipe of `model` with some fields changed."""
    return replace(TrainConfig(model=model), **(PRESETS[model] | changes))


def add_flags(parser, names: tuple[str, ...] = ()) -> None:
    """Add one flag per field, or per field of `names`, to `parser`; without a flag the model's preset holds."""
    for item in _flagged(names):
        parser.add_argument(
            f"--{item.name.replace('_', '-')}",
            type=_READERS[item.type],
            default=None,
            metavar=item.name.upper(),
            help=f"{item.metadata['help']} (default {item.default!r}, or the model's preset)",
        )


def from_flags(args, names: tuple[str, ...] = ()) -> TrainConfig:
    """Build the config from parsed flags of `add_flags`: the model's preset, with the given flags changed."""
    given = {item.name: getattr(args, item.name) for item in _flagged(names)}
    given = {name: value for name, value in given.items() if value is not None}
    return preset(given.pop("model", "lite0"), **given)


def _flagged(names: tuple[str, ...]):
    return [item for item in fields(TrainConfig) if not names or item.name in names]


def from_record(saved: dict, run_dir: Path) -> TrainConfig:
    """Build the config that the `run.json` of `run_dir` holds, also one that lists knobs of `REMOVED` that were off.

    Raises:
        EdgeError: the run really used one of them, or was made by a newer version.
    """
    known = {item.name for item in fields(TrainConfig)}
    for name, value in saved.items():
        if name not in known and name not in REMOVED:
            raise EdgeError(
                f"{run_dir}: its run.json holds '{name}', which this version does not know; use the version that made "
                "the run, or train again."
            )
        if name in REMOVED and REMOVED[name] not in (None, value):
            raise EdgeError(
                f"{run_dir}: was trained with '{name}' {value!r}; this version has that experiment only switched off "
                f"({REMOVED[name]!r}), see models/EXPERIMENTS.md; train again, or use version 0.1.0 for this run."
            )
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in saved.items() if name in known
    }
    return TrainConfig(**values)


def _read_bool(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither 'true' nor 'false'")
    return text == "true"


def _read_tuple(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


_READERS = {str: str, int: int, float: float, bool: _read_bool, tuple[str, ...]: _read_tuple}
