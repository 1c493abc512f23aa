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
    """
    for label, verdict in VERDICTS.items():
        if label in thresholds and scores[label] >= thresholds[label]:
            return verdict
    return NORMAL
