"""Several frames of one film become one result: the median of their scores, and how far they differ. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from edge_app.screening import decision
from edge_app.screening.result import Judged, Refused, Screened
from edge_app.screening.screening import Limits

# A film is refused if more than this share of its frames is: one frame that a hand crossed does not matter.
MOST_REFUSED = 0.5


def confirm(frames: Sequence[Screened], limits: Limits) -> tuple[Screened, dict[str, tuple[float, float]], int]:
    """Judge a film by its frames.

    A film is not cleared as long as one of its frames, by itself, makes COVID-19 suspected: the verdict is then
    `decision.UNSURE`.

    Args:
        frames: the result of each, the sharpest first.
        limits: thresholds by label and the band, of `Card.limits`.

    Returns:
        The result with the median scores, all else of it from the frame nearest to them; the lowest and the highest
        score by label, empty if the film is refused; and the place of that frame in `frames`.

    Raises:
        ValueError: there is no frame.
    """
    if not frames:
        raise ValueError("there is no frame to judge a film by")
    refused = [(at, one) for at, one in enumerate(frames) if isinstance(one, Refused)]
    if len(refused) > MOST_REFUSED * len(frames):
        kind = Counter(one.refusal.kind for _, one in refused).most_common(1)[0][0]
        at, first = next((at, one) for at, one in refused if one.refusal.kind == kind)
        return first, {}, at
    judged = [(at, one) for at, one in enumerate(frames) if isinstance(one, Judged)]
    scores = [one.inference.scores for _, one in judged]
    middle = {label: float(median(one[label] for one in scores)) for label in scores[0]}
    spread = {label: (min(one[label] for one in scores), max(one[label] for one in scores)) for label in middle}
    at, nearest = min(judged, key=lambda item: _apart(item[1].inference.scores, middle))
    verdict = decision.decide(middle, *limits)
    alarmed = any(decision.decide(one, *limits) == decision.COVID for one in scores)
    if alarmed and verdict in (decision.NORMAL, decision.PNEUMONIA):
        verdict = decision.UNSURE
    return replace(nearest, verdict=verdict, inference=replace(nearest.inference, scores=middle)), spread, at


def _apart(scores: Mapping[str, float], others: Mapping[str, float]) -> float:
    return sum(abs(scores[label] - others[label]) for label in others)
