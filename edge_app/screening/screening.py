"""From a decoded film to its result: what the networks say, the reason to refuse or the verdict, the film put right."""

import time
from collections.abc import Mapping

import numpy as np

from edge_app.gate import gate
from edge_app.model.classifier import Classifier
from edge_app.screening import decision, inference
from edge_app.screening.inference import Inference, Rejection
from edge_app.screening.result import Corrected, FilmPath, Judged, Refused

Limits = tuple[Mapping[str, float], tuple[float, float] | None]


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
        limits: thresholds by label and the band, of `Card.limits`.
        age: of the patient in years, if the file states it.
        path, sha256: of the file, for the result.

    Returns:
        Its verdict or the reason why there is none, with `grey`; `ms` is the time that this took.
    """
    started = time.perf_counter()
    found, corrected = inference.run(grey, classifier), None
    too_young = gate.of_age(age)
    if isinstance(found, Inference):
        if too_young:
            found = found.rejected(too_young)
    elif not too_young:
        corrected = _corrected(grey, found, classifier, limits)
    if isinstance(found, Inference):
        verdict = decision.decide(found.scores, *limits)
        return Judged(path, sha256, verdict, found, ms=_ms_since(started), grey=grey)
    return Refused(path, sha256, found, corrected, ms=_ms_since(started), grey=grey)


def _corrected(grey: np.ndarray, rejection: Rejection, classifier: Classifier, limits: Limits) -> Corrected | None:
    """Judge a film that is turned or inverted once more, put right."""
    righted = inference.righted(grey, rejection)
    if righted is None:
        return None
    change, film = righted
    again = inference.run(film, classifier)
    if isinstance(again, Rejection):
        return None
    return Corrected(change, decision.decide(again.scores, *limits), again.scores)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
