"""Several frames of one film become one reading: the median of their scores, and how far they differ. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from edge_app.screening import decision
from edge_app.screening.inference import Reading
from edge_app.screening.screening import Limits

# A film is refused if more than this share of its frames is: one frame that a hand crossed does not matter.
MOST_REFUSED = 0.5


def confirm(readings: Sequence[Reading], limits: Limits) -> tuple[str, Reading, dict[str, tuple[float, float]], int]:
    """Judge a film by its frames.

    A film is not cleared as long as one of its frames, by itself, makes COVID-19 suspected: the verdict is then
    `decision.UNSURE`.

    Args:
        readings: one a frame, the sharpest first.
        limits: thresholds by label and the band, of `Card.limits`.

    Returns:
        The verdict; a reading with the median scores, all else of it from the frame nearest to them; the lowest and the
        highest score by label, empty if it is refused; and at which place of `readings` that frame is.

    Raises:
        ValueError: there is no reading.
    """
    if not readings:
        raise ValueError("there is no frame to judge a film by")
    refused = [at for at, seen in enumerate(readings) if seen.refusal]
    if len(refused) > MOST_REFUSED * len(readings):
        kinds = Counter(readings[at].refusal.kind for at in refused)
        kind = kinds.most_common(1)[0][0]
        at = next(at for at in refused if readings[at].refusal.kind == kind)
        return decision.REFUSED, readings[at], {}, at
    answered = [at for at in range(len(readings)) if at not in refused]
    scores = [readings[at].scores for at in answered]
    middle = {label: float(median(one[label] for one in scores)) for label in scores[0]}
    spread = {label: (min(one[label] for one in scores), max(one[label] for one in scores)) for label in middle}
    nearest = min(answered, key=lambda at: _apart(readings[at].scores, middle))
    verdict = decision.decide(middle, *limits)
    alarmed = any(decision.decide(one, *limits) == decision.COVID for one in scores)
    if alarmed and verdict in (decision.NORMAL, decision.PNEUMONIA):
        verdict = decision.UNSURE
    return verdict, replace(readings[nearest], scores=middle), spread, nearest


def _apart(scores: Mapping[str, float], others: Mapping[str, float]) -> float:
    return sum(abs(scores[label] - others[label]) for label in others)
