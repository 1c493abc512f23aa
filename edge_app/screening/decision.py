"""Scores become a verdict. Pure: knows thresholds and words, not where the scores came from."""

from collections.abc import Mapping

COVID = "covid suspected"
PNEUMONIA = "other pneumonia suspected"
NORMAL = "no finding suspected"
UNSURE = "unsure: refer to a radiologist"
REFUSED = "refused"  # by the gate, before any score counts; the reason stands beside it
VERDICTS = (COVID, UNSURE, PNEUMONIA, NORMAL, REFUSED)
SUSPECTED = {"covid": COVID, "pneumonia": PNEUMONIA}


def decide(
    scores: Mapping[str, float], thresholds: Mapping[str, float], band: tuple[float, float] | None = None
) -> str:
    """Return the verdict: COVID-19 is asked first, since a missed patient is the dangerous error, then pneumonia.

    Args:
        scores: score by label, 0 .. 1.
        thresholds: threshold by label; a label without one gives no verdict of its own.
        band: (low, high) of the COVID-19 score: unsure from low up to high, suspected from high. It replaces the
            threshold of 'covid'.

    Raises:
        ValueError: a score is not in 0 .. 1; not-a-number, say, would compare as "no finding".
    """
    if wrong := {label: score for label, score in scores.items() if not 0 <= score <= 1}:
        raise ValueError(f"scores are {wrong}; a score is 0 .. 1")
    if band:
        low, high = band
        if low <= scores["covid"] < high:
            return UNSURE
        thresholds = {**thresholds, "covid": high}
    for label, verdict in SUSPECTED.items():
        if label in thresholds and scores[label] >= thresholds[label]:
            return verdict
    return NORMAL
