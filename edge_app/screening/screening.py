"""From a decoded film to its result: the gate is asked in stages, the lungs are found, cropped and judged.

The one place that asks the gate and the networks: for files, folders, the page, a camera and `explain` alike.
"""

import time
from collections.abc import Mapping

import numpy as np

from edge_app.errors import NoLungField, UnreadableRadiograph
from edge_app.gate import refusal, view_classes
from edge_app.gate.checks import Check
from edge_app.gate.gate import Gate
from edge_app.imaging import lung_field, preprocess
from edge_app.imaging.lung_field import LungField
from edge_app.model.card import Card
from edge_app.model.classifier import Classifier
from edge_app.model.temperature import softened
from edge_app.screening import finding, heat
from edge_app.screening.result import Corrected, FilmPath, Inference, Judged, Refused, Rejection

Limits = tuple[Mapping[str, float], Mapping[str, tuple[float, float]]]
# What puts a refused film right: what is done, in words, and how.
RIGHTED = {
    view_classes.INVERTED: ("greys inverted", lambda grey: 255 - grey),
    view_classes.UPSIDE_DOWN: ("turned by 180 degrees", lambda grey: np.rot90(grey, 2)),
    view_classes.HEAD_LEFT: ("turned by 90 degrees clockwise", lambda grey: np.rot90(grey, -1)),
    view_classes.HEAD_RIGHT: ("turned by 90 degrees counter-clockwise", np.rot90),
}


def judge(
    grey: np.ndarray,
    classifier: Classifier,
    limits: Limits,
    age: float | None = None,
    path: FilmPath = "",
    sha256: str = "",
) -> Judged | Refused:
    """Judge one film.

    Args:
        grey: uint8 (H, W) from `radiograph.read`.
        classifier: both networks.
        limits: thresholds and bands by label, of `Card.limits`.
        age: of the patient in years, if the file states it.
        path, sha256: of the file, for the result.

    Returns:
        Its verdict or the reason why there is none, with `grey`; `ms` is the time that this took.
    """
    started = time.perf_counter()
    found = infer(grey, classifier, age)
    if isinstance(found, Inference):
        findings = finding.find(found.scores, *limits)
        return Judged(path, sha256, findings, found, ms=_ms_since(started), grey=grey)
    corrected = _corrected(grey, found, classifier, limits, age)
    return Refused(path, sha256, found, corrected, ms=_ms_since(started), grey=grey)


def infer(grey: np.ndarray, classifier: Classifier, age: float | None = None) -> Inference | Rejection:
    """Let the gate and both networks look at a film; arguments as of `judge`."""
    gate, chances, field = Gate(classifier.card.gate), {}, None
    try:
        chance, chances = classifier.look(preprocess.to_pixels(grey, preprocess.LUNG_SIZE))
        gate.picture(grey, chances)
        field = lung_field.find(chance)
        gate.lungs(grey, field)
        pixels = preprocess.lungs_to_pixels(grey, field, classifier.card.size)
    except NoLungField as error:
        return Rejection(gate.no_lungs(str(error), chances), tuple(gate.checks), chances, field)
    except UnreadableRadiograph as error:  # the film, or the part with the lungs, is all one grey
        return Rejection(gate.refuse(refusal.BLANK, str(error)), tuple(gate.checks), chances, field)
    if gate.refusal:
        return Rejection(gate.refusal, tuple(gate.checks), chances, field)
    scores, maps, distance = classifier.judge(pixels)
    gate.embedding(distance)
    gate.file(age)
    found = _inference(scores, maps, pixels, field, classifier.card, tuple(gate.checks), chances)
    return found.rejected(gate.refusal) if gate.refusal else found


def righted(grey: np.ndarray, rejection: Rejection) -> tuple[str, np.ndarray] | None:
    """Return (what was done, the film put right) of a film refused as turned or inverted; None of any other."""
    if rejection.refusal.kind not in (refusal.TURNED, refusal.INVERTED):
        return None
    words, put_right = RIGHTED[max(RIGHTED, key=lambda kind: rejection.view_classes.get(kind, 0))]
    return words, np.ascontiguousarray(put_right(grey))


def _corrected(
    grey: np.ndarray, rejection: Rejection, classifier: Classifier, limits: Limits, age: float | None
) -> Corrected | None:
    """Judge a film that is turned or inverted once more, put right."""
    put_right = righted(grey, rejection)
    if put_right is None:
        return None
    change, film = put_right
    again = infer(film, classifier, age)
    if isinstance(again, Rejection):
        return None
    return Corrected(change, finding.find(again.scores, *limits), again.scores)


def _inference(
    scores: np.ndarray,
    maps: np.ndarray,
    pixels: np.ndarray,
    field: LungField,
    card: Card,
    checks: tuple[Check, ...],
    chances: dict[str, float],
) -> Inference:
    """Name the classifier's answers, and make its heat maps."""
    if card.temperature != 1:
        scores, maps = softened(scores, card.temperature), maps / card.temperature
    named = {label: float(score) for label, score in zip(card.labels, scores, strict=True)}
    return Inference(named, field, pixels, heat.of(maps, field, card), maps, checks, chances)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
