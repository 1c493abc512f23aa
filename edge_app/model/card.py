"""The card: the description of a model in its file, checked field by field before a film is judged."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge_app.gate.checks import Limits
from edge_app.json_text import quoted
from edge_app.model.fields import figure, share, take
from edge_app.model.left_out import LeftOut
from edge_app.model.places import Localisation, PlaceScale, scales

FORMAT = "covid-xray-card"
VERSION = 3
# The rules by which a model may judge, each with a threshold a label; the first is used unless the user names another.
# Only the first has a band of scores with the answer "unsure": of COVID-19 always, of pneumonia if the card has one.
RULES = ("refer", "sensitive", "balanced")
FIGURES = ("sensitivity", "specificity")
# What is measured of a band besides: how a film fares that is suspected outright, and how many are unsure.
BAND_FIGURES = (*FIGURES, "suspected_sensitivity", "suspected_specificity", "referred")
# The films of a card's figures, but for those of hospitals left out.
OWN_FILMS = "test films of the hospitals that it was trained on"
# Sides of the input, in pixels, for which the preprocessing is sensible; a damaged card could ask for gigabytes.
LEAST_SIZE, MOST_SIZE = 16, 1024


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on one label's score and what it gave on films.

    `figures` are {value, low, high, n} by name, with the 95 % interval: sensitivity and specificity. Above a band of
    unsure scores these count an unsure patient as not missed and another unsure person as not cleared; there, too, are
    `suspected_sensitivity` and `suspected_specificity`, of the threshold itself, and `referred`, the share unsure.

    Attributes:
        threshold: the score from which the label is suspected.
        rule: how it was chosen, in words.
        figures: on `films`.
        films: in words, which films these are.
        unsure_from: the score from which the answer is unsure; None without a band, or if nothing lies in it.
        left_out: what it gave on hospitals left out of training; None of a card that does not tell, and where a site
            measured it on films of its own.
    """

    threshold: float
    rule: str
    figures: Mapping[str, Mapping]
    films: str = OWN_FILMS
    unsure_from: float | None = None
    left_out: LeftOut | None = None

    @property
    def shown(self) -> Mapping[str, Mapping]:
        """The figures to show beside a verdict: of hospitals left out of training, if the card has them."""
        return self.left_out.pooled if self.left_out else self.figures


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
    thresholds, figures and temperature it has (`model.site_calibration`), None where they are the model's. `places` is
    how class maps become chances, by label, empty of an older card, and `localisation` how well they do; None of a card
    that does not tell.
    """

    name: str
    labels: tuple[str, ...]
    size: int
    contract: int
    fingerprint: str
    operating_points: Mapping[str, Mapping[str, OperatingPoint]]
    minimum_runtime: str
    sha256: str
    lungs_sha256: str
    gate: Limits | None
    raw: Mapping
    temperature: float = 1.0
    camera: "Card | None" = None
    of_photographs: bool = False
    site: Site | None = None
    places: Mapping[str, PlaceScale] = field(default_factory=dict)
    localisation: Localisation | None = None

    def limits(self, rule: str) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
        """Return what `finding.find` needs to judge by one of `RULES`: thresholds and bands by label."""
        points = self.operating_points[rule]
        unsure = {label: point.unsure_from for label, point in points.items()}
        thresholds = {label: point.threshold for label, point in points.items()}
        return thresholds, {label: (low, thresholds[label]) for label, low in unsure.items() if low is not None}


def parse(raw) -> Card:
    """Check a card field by field.

    Raises:
        ValueError: a field is missing or wrong; the text names it.
    """
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ValueError(f"its card is not of format '{FORMAT}'")
    if raw.get("version") != VERSION:
        raise ValueError(f"its card has version {quoted(raw.get('version'))}; this program reads version {VERSION}")
    for name in ("task", "licence"):
        take(raw, name, str)
    labels = take(raw, "labels", list)
    if len(set(map(str, labels))) != len(labels) or not all(isinstance(label, str) and label for label in labels):
        raise ValueError(f"its card's field 'labels' is {quoted(labels)}; it must be a list of different words")
    size = take(raw, "preprocess.size", int)
    if not LEAST_SIZE <= size <= MOST_SIZE:
        raise ValueError(f"its card's field 'preprocess.size' is {size}; {LEAST_SIZE} to {MOST_SIZE} is allowed")
    if "temperature" in raw and not 0 < take(raw, "temperature", (int, float)) < math.inf:
        raise ValueError(f"its card's field 'temperature' is {raw['temperature']}; it must be above 0")
    points = {rule: _points(raw, rule, labels) for rule in RULES}
    card = Card(
        name=take(raw, "name", str),
        labels=tuple(labels),
        size=size,
        contract=take(raw, "preprocess.contract", int),
        fingerprint=take(raw, "preprocess.fingerprint", str),
        operating_points=points,
        minimum_runtime=take(raw, "minimum_runtime", str),
        sha256=take(raw, "sha256", str),
        lungs_sha256=take(raw, "lungs_sha256", str),
        gate=_gate(raw),
        raw=raw,
        places=scales(raw, labels) if raw.get("places") is not None else {},
        localisation=Localisation.of(raw) if raw.get("localisation") is not None else None,
    )
    return card if raw.get("camera") is None else replace(card, camera=_camera(card, raw))


def _camera(card: Card, raw: dict) -> Card:
    take(raw, "camera", dict)
    points = {rule: _points(raw, rule, list(card.labels), "camera.") for rule in RULES}
    temperature = take(raw, "camera.temperature", (int, float))
    if not 0 < temperature < math.inf:
        raise ValueError(f"its card's field 'camera.temperature' is {temperature}; it must be above 0")
    return replace(
        card,
        operating_points=points,
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
    take(raw, f"{where}.features", int)
    unlike = take(raw, f"{where}.unlike", (int, float))
    picture = {
        name: float(take(raw, f"{where}.picture.{name}", (int, float))) for name in take(raw, f"{where}.picture", dict)
    }
    wrong, cut = share(raw, f"{where}.wrong"), share(raw, f"{where}.cut")
    return Limits(wrong, cut, float(unlike), picture, of_photographs=holder is not raw)


def _points(raw: dict, rule: str, labels: list, where: str = "") -> dict[str, OperatingPoint]:
    """Return a rule's operating points by label; 'covid' must have one, and no label that the model lacks may."""
    found = take(raw, f"{where}operating_points.{rule}", dict)
    if "covid" not in found or not set(found) <= set(labels):
        raise ValueError(
            f"its card has labels {quoted(labels)} and, by rule '{rule}', thresholds for {quoted(list(found))}; "
            "'covid' must have one"
        )
    return {label: _point(raw, f"{where}operating_points.{rule}.{label}") for label in found}


def _point(raw: dict, where: str) -> OperatingPoint:
    point = take(raw, where, dict)
    *_, rule, label = where.split(".")
    banded = rule == RULES[0] and (label == "covid" or "low" in point)
    low, high = (share(raw, f"{where}.{name}") for name in (("low", "high") if banded else ("threshold",) * 2))
    if low > high:
        raise ValueError(f"its card's field '{where}' has 'low' {low} above 'high' {high}")
    names = BAND_FIGURES if banded else FIGURES
    return OperatingPoint(
        threshold=high,
        rule=take(raw, f"{where}.rule", str),
        figures={name: figure(raw, f"{where}.{name}") for name in names},
        unsure_from=low if low < high else None,
        left_out=LeftOut.of(raw, f"{where}.left_out", names) if point.get("left_out") is not None else None,
    )
