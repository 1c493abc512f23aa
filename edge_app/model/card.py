"""The card: the description of a model in its file, checked field by field before a film is judged."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from edge_app.gate.checks import Limits

FORMAT = "covid-xray-card"
VERSION = 3
# The rules by which a model may judge, each with a threshold a label; the first is used unless the user names another.
# Only the first has a band of COVID-19 scores with the answer "unsure": near its threshold no film is called normal.
RULES = ("refer", "sensitive", "balanced")
FIGURES = ("sensitivity", "specificity")
# What is measured of a band besides: how a film fares that is suspected outright, and how many are unsure.
BAND_FIGURES = (*FIGURES, "suspected_sensitivity", "suspected_specificity", "referred")
# Sides of the input, in pixels, for which the preprocessing is sensible; a damaged card could ask for gigabytes.
LEAST_SIZE, MOST_SIZE = 16, 1024


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on one label's score and what it gave on test films.

    `figures` are {value, low, high, n} by name, with the 95 % interval: sensitivity and specificity. Above a band of
    unsure scores these count an unsure patient as not missed and another unsure person as not cleared; there, too, are
    `suspected_sensitivity` and `suspected_specificity`, of the threshold itself, and `referred`, the share unsure.
    `films` says in words which films they were measured on.
    """

    threshold: float
    rule: str
    figures: Mapping[str, Mapping]
    films: str = "test films"


@dataclass(frozen=True)
class Site:
    """The site whose own calibration file a card was changed by.

    Attributes:
        name: as the file has it.
        sha256: of the file, hex.
        made: when, ISO 8601.
        films: in words, how many of whom.
        signer: name of the key that signed the file.
    """

    name: str
    sha256: str
    made: str
    films: str
    signer: str


@dataclass(frozen=True)
class Card:
    """The description of a model. `raw` holds all of it; the fields are what the edge acts on.

    `temperature` is what the logits that the network answers are divided by: 1 for films in files, whose temperature is
    in its last layer already. `camera` is this card as it holds for photographs of films: with their temperature,
    operating points and gate, and `of_photographs`; None of a model that was never shown any. `site` is whose own
    thresholds, figures and temperature it has (`model.site_calibration`), None where they are the model's.
    """

    name: str
    labels: tuple[str, ...]
    size: int
    contract: int
    fingerprint: str
    operating_points: Mapping[str, Mapping[str, OperatingPoint]]
    band: tuple[float, float]
    minimum_runtime: str
    sha256: str
    lungs_sha256: str
    gate: Limits | None
    raw: Mapping
    temperature: float = 1.0
    camera: "Card | None" = None
    of_photographs: bool = False
    site: Site | None = None

    def limits(self, rule: str) -> tuple[dict[str, float], tuple[float, float] | None]:
        """Return what `decision.decide` needs to judge by one of `RULES`: thresholds by label, and the band if any."""
        thresholds = {label: point.threshold for label, point in self.operating_points[rule].items()}
        low, high = self.band
        return thresholds, self.band if rule == "refer" and low < high else None


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
    if "temperature" in raw and not 0 < _take(raw, "temperature", (int, float)) < math.inf:
        raise ValueError(f"its card's field 'temperature' is {raw['temperature']}; it must be above 0")
    points = {rule: _points(raw, rule, labels) for rule in RULES}
    card = Card(
        name=_take(raw, "name", str),
        labels=tuple(labels),
        size=size,
        contract=_take(raw, "preprocess.contract", int),
        fingerprint=_take(raw, "preprocess.fingerprint", str),
        operating_points=points,
        band=(float(raw["operating_points"]["refer"]["covid"]["low"]), points["refer"]["covid"].threshold),
        minimum_runtime=_take(raw, "minimum_runtime", str),
        sha256=_take(raw, "sha256", str),
        lungs_sha256=_take(raw, "lungs_sha256", str),
        gate=_gate(raw),
        raw=raw,
    )
    return card if raw.get("camera") is None else replace(card, camera=_camera(card, raw))


def _camera(card: Card, raw: dict) -> Card:
    _take(raw, "camera", dict)
    points = {rule: _points(raw, rule, list(card.labels), "camera.") for rule in RULES}
    temperature = _take(raw, "camera.temperature", (int, float))
    if not 0 < temperature < math.inf:
        raise ValueError(f"its card's field 'camera.temperature' is {temperature}; it must be above 0")
    low = float(raw["camera"]["operating_points"]["refer"]["covid"]["low"])
    return replace(
        card,
        operating_points=points,
        band=(low, points["refer"]["covid"].threshold),
        gate=_gate(raw, "camera."),
        temperature=float(temperature),
        of_photographs=True,
    )


def _gate(raw: dict, where: str = "") -> Limits | None:
    """Return the limits of the gate; None of a card that says it has none, as that of a file for phones."""
    holder, where = raw["camera"] if where else raw, f"{where}gate"
    if "gate" not in holder:
        raise ValueError(f"its card lacks field '{where}'")
    if holder["gate"] is None:
        return None
    _take(raw, f"{where}.features", int)
    unlike = _take(raw, f"{where}.unlike", (int, float))
    picture = {
        name: float(_take(raw, f"{where}.picture.{name}", (int, float)))
        for name in _take(raw, f"{where}.picture", dict)
    }
    wrong, cut = _share(raw, f"{where}.wrong"), _share(raw, f"{where}.cut")
    return Limits(wrong, cut, float(unlike), picture, of_photographs=holder is not raw)


def _points(raw: dict, rule: str, labels: list, where: str = "") -> dict[str, OperatingPoint]:
    """Return a rule's operating points by label; 'covid' must have one, and no label that the model lacks may."""
    found = _take(raw, f"{where}operating_points.{rule}", dict)
    if "covid" not in found or not set(found) <= set(labels):
        raise ValueError(
            f"its card has labels {labels} and, by rule '{rule}', thresholds for {list(found)}; 'covid' must have one"
        )
    return {label: _point(raw, f"{where}operating_points.{rule}.{label}") for label in found}


def _point(raw: dict, where: str) -> OperatingPoint:
    banded = where.endswith("operating_points.refer.covid")
    limits = [_share(raw, f"{where}.{name}") for name in (("low", "high") if banded else ("threshold",))]
    if limits != sorted(limits):
        raise ValueError(f"its card's field '{where}' has 'low' {limits[0]} above 'high' {limits[1]}")
    names = BAND_FIGURES if banded else FIGURES
    for name in names:
        for part in ("value", "low", "high"):
            _share(raw, f"{where}.{name}.{part}")
    point = _take(raw, where, dict)
    return OperatingPoint(limits[-1], _take(raw, f"{where}.rule", str), {name: point[name] for name in names})


def _share(raw: dict, where: str) -> float:
    value = _take(raw, where, (int, float))
    if not 0 <= value <= 1:
        raise ValueError(f"its card's field '{where}' is {value}; 0 to 1 is allowed")
    return float(value)


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
