"""Several frames of one film become one result: the median of their scores, and how far they differ. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from edge_app.screening import finding
from edge_app.screening.result import Judged, Refused, Screened
from edge_app.screening.screening import Limits

# A film is refused if more than this share of its frames is: one frame that a hand crossed must not decide.
MOST_REFUSED = 0.5


def combine(frames: Sequence[Screened], limits: Limits) -> tuple[Screened, dict[str, tuple[float, float]], int]:
    """Judge a film by the results of several frames.

    A film is not cleared of COVID-19 if one of its frames, by itself, makes it suspected: the answer is then unsure.

    Args:
        frames: the result of each, the sharpest first.
        limits: thresholds and bands by label, of `Card.limits`.

    Returns:
        The result of the frame whose scores are nearest to the median, with the median scores; the lowest and the
        highest score by label, empty if the film is refused; and the place of that frame in `frames`.

    Raises:
        ValueError: there is no frame.
    """
    if not frames:
        raise ValueError("there is no frame to judge a film by")
    refused = [(at, result) for at, result in enumerate(frames) if isinstance(result, Refused)]
    if len(refused) > MOST_REFUSED * len(frames):
        at, first = _of_commonest_kind(refused)
        return first, {}, at
    judged = [(at, result) for at, result in enumerate(frames) if isinstance(result, Judged)]
    scores = [result.inference.scores for _, result in judged]
    by_label = {label: [of_frame[label] for of_frame in scores] for label in scores[0]}
    middle = {label: float(median(values)) for label, values in by_label.items()}
    spread = {label: (min(values), max(values)) for label, values in by_label.items()}
    at, nearest = min(judged, key=lambda item: _apart(item[1].inference.scores, middle))
    findings = finding.find(middle, *limits)
    covid = findings["covid"]
    if any(high >= covid.suspected_from for high in by_label["covid"]):
        findings["covid"] = covid.not_cleared()
    return replace(nearest, findings=findings, inference=replace(nearest.inference, scores=middle)), spread, at


def _of_commonest_kind(refused: Sequence[tuple[int, Refused]]) -> tuple[int, Refused]:
    """Return the first of those frames that were refused for the most frequent reason, with its place."""
    kind = Counter(result.refusal.kind for _, result in refused).most_common(1)[0][0]
    return next((at, result) for at, result in refused if result.refusal.kind == kind)


def _apart(scores: Mapping[str, float], others: Mapping[str, float]) -> float:
    return sum(abs(scores[label] - others[label]) for label in others)
