"""Scores become a verdict. Pure: knows thresholds and words, not where the scores came from."""

from collections.abc import Mapping

COVID = "covid suspected"
PNEUMONIA = "other pneumonia suspected"
NORMAL = "no finding suspected"
VERDICTS = {"covid": COVID, "pneumonia": PNEUMONIA}


def decide(scores: Mapping[str, float], thresholds: Mapping[str, float]) -> str:
    """Return the verdict: COVID-19 is asked first, since a missed patient is the dangerous error, then pneumonia.

    Args:
        scores: score by label, 0 .. 1.
        thresholds: threshold by label; a label without one gives no verdict of its own.

    Raises:
        ValueError: a score is not in 0 .. 1; not-a-number, say, would compare as "no finding".
    """
    if wrong := {label: score for label, score in scores.items() if not 0 <= score <= 1}:
        raise ValueError(f"scores are {wrong}; a score is 0 .. 1")
    for label, verdict in VERDICTS.items():
        if label in thresholds and scores[label] >= thresholds[label]:
            return verdict
    return NORMAL
