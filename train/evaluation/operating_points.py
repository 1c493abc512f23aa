"""Operating points: thresholds chosen by rule from validation scores, and from nothing else. Pure: arrays in.

Every threshold lies halfway between two scores, so that no film sits on it: another processor's last bit, or one
quantum of an int8 file, does not turn a verdict.
"""

import numpy as np

# `sensitive`. The dangerous error is a missed patient, so a threshold is the highest one that still finds this share
# of the sick on the validation films. For other pneumonia it is less: at 0.95 a third of the normal ones would be
# called so.
LEAST_RECALL = {"covid": 0.95, "pneumonia": 0.90}
# `refer`. Below the band 1 patient in 50 may be missed, above it 1 other person in 50 suspected; what lies between goes
# to a radiologist. Stricter than `sensitive` on both sides, since being unsure costs a reading and not a patient.
BAND_RECALL = 0.98
BAND_SPECIFICITY = 0.98


def choose(label: str, scores: np.ndarray, positive: np.ndarray) -> dict[str, dict]:
    """Choose the operating points of one label.

    Args:
        label: `covid`, the only one with a band, or `pneumonia`.
        scores: float (N,) in 0 .. 1, of validation films.
        positive: bool (N,), which of them have the label; some must, and some must not.

    Returns:
        By rule: `threshold` and `rule` (in words), or for COVID-19 by rule `refer` `low`, `high` and `rule`.
    """
    recall = LEAST_RECALL[label]
    sensitive = {
        "threshold": for_recall(scores, positive, recall),
        "rule": f"highest threshold with recall >= {recall:g} on the validation films",
    }
    balanced = {
        "threshold": for_youden(scores, positive),
        "rule": "threshold with the greatest sensitivity + specificity - 1 (Youden) on the validation films",
    }
    refer = _band(scores, positive, balanced["threshold"]) if label == "covid" else sensitive
    return {"sensitive": sensitive, "balanced": balanced, "refer": refer}


def _band(scores, positive, balanced: float) -> dict:
    low, high = for_recall(scores, positive, BAND_RECALL), for_specificity(scores, positive, BAND_SPECIFICITY)
    wanted = f"recall >= {BAND_RECALL:g}", f"specificity >= {BAND_SPECIFICITY:g}"
    if low < high:
        rule = f"unsure from the highest threshold with {wanted[0]} up to the lowest with {wanted[1]}"
    else:
        low = high = balanced
        rule = f"nothing is unsure, since {wanted[0]} and {wanted[1]} are had at once: the balanced threshold"
    return {"low": low, "high": high, "rule": f"{rule}, on the validation films"}


def for_recall(scores: np.ndarray, positive: np.ndarray, recall: float) -> float:
    """Return the highest threshold t for which `scores >= t` finds at least `recall` of the positives."""
    scores = scores.astype(float)
    lowest = np.sort(scores[positive])[::-1][_count(recall, positive) - 1]
    below = scores[scores < lowest]
    return float((lowest + (below.max() if len(below) else 0)) / 2)


def for_specificity(scores: np.ndarray, positive: np.ndarray, specificity: float) -> float:
    """Return the lowest threshold t for which `scores >= t` spares at least `specificity` of the others.

    No threshold spares a film of score 1; the answer is then 1.
    """
    scores = scores.astype(float)
    highest = np.sort(scores[~positive])[_count(specificity, ~positive) - 1]
    above = scores[scores > highest]
    return float((highest + (above.min() if len(above) else 1)) / 2)


def for_youden(scores: np.ndarray, positive: np.ndarray) -> float:
    """Return the threshold with the greatest sensitivity + specificity - 1, the lowest of equals."""
    levels, level = np.unique(scores.astype(float), return_inverse=True)
    # Films at each level and above it, in whole numbers: then equals are equal.
    found, called = (
        np.cumsum(np.bincount(level[which], minlength=len(levels))[::-1])[::-1] for which in (positive, ~positive)
    )
    best = int(np.argmax(found * (~positive).sum() - called * positive.sum()))
    return float((levels[best] + (levels[best - 1] if best else 0)) / 2)


def _count(share: float, films: np.ndarray) -> int:
    """Return how many of the True films make at least that share (0.95 * 20 is a hair above 19 in binary)."""
    return int(np.ceil(share * films.sum() - 1e-9))
