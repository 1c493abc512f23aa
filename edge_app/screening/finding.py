"""What is said of each finding on a film: suspected, unsure or cleared. Pure: knows thresholds, not verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

SUSPECTED, UNSURE, CLEARED = "suspected", "unsure", "cleared"
ANSWERS = (SUSPECTED, UNSURE, CLEARED)
# What a film is judged for, in the order in which the verdict asks: a missed COVID-19 is the dangerous error.
LABELS = ("covid", "pneumonia")


@dataclass(frozen=True)
class Finding:
    """The answer to one of `LABELS` on one film.

    Attributes:
        answer: one of `ANSWERS`.
        score: of its label, 0 .. 1.
        suspected_from: the score from which it is suspected.
        unsure_from: the score from which the answer is unsure; None where the rule has no such band for the label.
    """

    answer: str
    score: float
    suspected_from: float
    unsure_from: float | None = None

    def not_cleared(self) -> "Finding":
        """Return it unsure if it is cleared, else as it is."""
        return replace(self, answer=UNSURE) if self.answer == CLEARED else self

    def row(self) -> dict:
        """Return its part of a row of docs/results.md."""
        return {
            "answer": self.answer,
            "score": round(self.score, 6),
            "unsure_from": self.unsure_from,
            "suspected_from": self.suspected_from,
        }


def find(
    scores: Mapping[str, float],
    thresholds: Mapping[str, float],
    bands: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Finding]:
    """Return the finding of each of `LABELS` that has a threshold or a band, in their order.

    Args:
        scores: score by label, 0 .. 1.
        thresholds: threshold by label; a score that equals it is suspected.
        bands: (low, high) by label: unsure from low up to high, suspected from high. It replaces the threshold.

    Raises:
        KeyError: a label with a threshold has no score.
        ValueError: a score is not in 0 .. 1; not-a-number, say, would compare as "cleared".
    """
    if wrong := {label: score for label, score in scores.items() if not 0 <= score <= 1}:
        raise ValueError(f"scores are {wrong}; a score is 0 .. 1")
    found = {}
    for label in LABELS:
        low, high = (bands or {}).get(label) or (None, thresholds.get(label))
        if high is None:
            continue
        score = float(scores[label])
        unsure = low is not None and low <= score
        answer = SUSPECTED if score >= high else UNSURE if unsure else CLEARED
        found[label] = Finding(answer, score, high, low)
    return found


def in_rows(findings: Mapping[str, Finding]) -> dict[str, dict]:
    """Return findings by label as a row holds them."""
    return {label: one.row() for label, one in findings.items()}


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores as they are written: millionths are finer than any network's steps."""
    return {label: round(float(score), 6) for label, score in scores.items()}
