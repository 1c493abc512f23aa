"""From a decoded film to its verdict: the reading, the reason to refuse or the decision, and the film put right."""

from collections.abc import Mapping

import numpy as np

from edge_app.gate import gate
from edge_app.model.classifier import Classifier
from edge_app.screening import decision, inference
from edge_app.screening.inference import Reading
from edge_app.screening.result import Corrected

Limits = tuple[Mapping[str, float], tuple[float, float] | None]


def judge(
    grey: np.ndarray, classifier: Classifier, limits: Limits, age: float | None = None
) -> tuple[str, Reading, Corrected | None]:
    """Judge one film.

    Args:
        grey: uint8 (H, W) from `radiograph.read`.
        classifier: both networks.
        limits: thresholds by label and the band, of `Card.limits`.
        age: of the patient in years, if the file states it.

    Returns:
        One of `decision.VERDICTS`, the reading, and, of a film refused as turned or inverted, what it says put right.
    """
    seen = inference.read(grey, classifier)
    why = gate.of_age(age)
    if why:
        seen = seen.refused(why)
    if seen.refusal is None:
        return decision.decide(seen.scores, *limits), seen, None
    return decision.REFUSED, seen, None if why else _corrected(grey, seen, classifier, limits)


def _corrected(grey, seen, classifier, limits) -> Corrected | None:
    righted = inference.righted(grey, seen)
    if righted is None:
        return None
    change, film = righted
    again = inference.read(film, classifier)
    if again.refusal:
        return None
    return Corrected(change, decision.decide(again.scores, *limits), again.scores)
