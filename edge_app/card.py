"""The card: what a model says of itself, checked field by field before a film is judged."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

FORMAT = "covid-xray-card"
VERSION = 1
# Sides of the input, in pixels, for which the preprocessing is sensible; a damaged card could ask for gigabytes.
LEAST_SIZE, MOST_SIZE = 16, 1024


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on one label's score, and what it gave on test films: {value, low, high, n}, the 95 % interval."""

    threshold: float
    rule: str
    sensitivity: Mapping
    specificity: Mapping


@dataclass(frozen=True)
class Card:
    """What a model file says of itself. `raw` holds all of it; the fields are what the edge acts on."""

    name: str
    labels: tuple[str, ...]
    size: int
    contract: int
    fingerprint: str
    operating_points: Mapping[str, OperatingPoint]
    minimum_runtime: str
    sha256: str
    raw: Mapping


def parse(raw) -> Card:
    """Check a card field by field.

    Raises:
        ValueError: a field is missing or wrong; the text names it.
    """
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ValueError(f"its card is not of format '{FORMAT}'")
    if raw.get("version") != VERSION:
        raise ValueError(f"its card has version {raw.get('version')!r}; this program reads version {VERSION}")
    for name in ("task", "licence"):
        _take(raw, name, str)
    labels = _take(raw, "labels", list)
    if len(set(map(str, labels))) != len(labels) or not all(isinstance(label, str) and label for label in labels):
        raise ValueError(f"its card's field 'labels' is {labels!r}; it must be a list of different words")
    size = _take(raw, "preprocess.size", int)
    if not LEAST_SIZE <= size <= MOST_SIZE:
        raise ValueError(f"its card's field 'preprocess.size' is {size}; {LEAST_SIZE} to {MOST_SIZE} is allowed")
    return Card(
        name=_take(raw, "name", str),
        labels=tuple(labels),
        size=size,
        contract=_take(raw, "preprocess.contract", int),
        fingerprint=_take(raw, "preprocess.fingerprint", str),
        operating_points=_points(raw, labels),
        minimum_runtime=_take(raw, "minimum_runtime", str),
        sha256=_take(raw, "sha256", str),
        raw=raw,
    )


def _points(raw: dict, labels: list) -> dict[str, OperatingPoint]:
    """Return the operating points by label; 'covid' must have one, and no label that the model lacks may."""
    found = _take(raw, "operating_points", dict)
    if "covid" not in found or not set(found) <= set(labels):
        raise ValueError(f"its card has labels {labels} and thresholds for {list(found)}; 'covid' must have one")
    return {label: _point(raw, f"operating_points.{label}") for label in found}


def _point(raw: dict, where: str) -> OperatingPoint:
    threshold = _take(raw, f"{where}.threshold", (int, float))
    if not 0 <= threshold <= 1:
        raise ValueError(f"its card's field '{where}.threshold' is {threshold}; 0 to 1 is allowed")
    for figure in ("sensitivity", "specificity"):
        for part in ("value", "low", "high"):
            value = _take(raw, f"{where}.{figure}.{part}", (int, float))
            if not math.isfinite(value):
                raise ValueError(f"its card's field '{where}.{figure}.{part}' is {value}; it must be a number")
    point = _take(raw, where, dict)
    return OperatingPoint(
        float(threshold), _take(raw, f"{where}.rule", str), point["sensitivity"], point["specificity"]
    )


def _take(raw: dict, where: str, kind):
    """Return the field at a dotted path, of the given type."""
    value = raw
    for name in where.split("."):
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"its card lacks field '{where}'")
        value = value[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = {str: "text", int: "a whole number", list: "a list", dict: "a mapping"}.get(kind, "a number")
        raise ValueError(f"its card's field '{where}' is {value!r}; it must be {wanted}")
    return value
