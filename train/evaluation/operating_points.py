"""Operating points: thresholds chosen by rule from validation scores, and from nothing else. Pure: arrays in.

Every threshold lies halfway between two scores, so that no film sits on it: another processor's last bit, or one
quantum of an int8 file, does not turn a verdict.
"""

import numpy as np

# `sensitive`. The dangerous error is a missed patient, so a threshold is the highest one that still finds this share
# of the sick on the validation films. For other pneumonia it is less: at 0.95 a third of the normal ones would be
# called so.
LEAST_RECALL = {"covid": 0.95, "pneumonia": 0.90}
# `refer`. Below the band 3 patients in 100 may be missed, above it 1 healthy person in 20 suspected; what lies between
# goes to a radiologist. In no single hospital may it be more than 7 in 100 and 1 in 10: alarms for the healthy of one
# hospital make the program useless there, however well it does elsewhere. Of 40 films of one hospital chance alone
# moves these shares by 0.03 and 0.05 (standard errors), so the shares of all films leave that room.
BAND_RECALL, WORST_RECALL = 0.97, 0.93
BAND_SPECIFICITY, WORST_SPECIFICITY = 0.95, 0.90
# A hospital counts by itself from this many films on: with fewer, one film more or less moves its share by over 0.025.
LEAST_FILMS = 40


def choose(
    label: str, scores: np.ndarray, positive: np.ndarray, hospitals: np.ndarray | None = None
) -> dict[str, dict]:
    """Choose the operating points of one label.

    Args:
        label: `covid`, the only one with a band, or `pneumonia`.
        scores: float (N,) in 0 .. 1, of validation films.
        positive: bool (N,), which of them have the label; some must, and some must not. The others are to be healthy.
        hospitals: object (N,), what stands for the hospital of each film; None: all are of one.

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
    hospitals = np.zeros(len(scores)) if hospitals is None else hospitals
    high = in_each(for_specificity, scores, positive, hospitals, (BAND_SPECIFICITY, WORST_SPECIFICITY))
    if label == "covid":
        refer = _band(scores, positive, hospitals, high, balanced["threshold"])
    else:
        rule = f"lowest threshold with {_words('specificity', BAND_SPECIFICITY, WORST_SPECIFICITY)}"
        refer = {"threshold": high, "rule": f"{rule}, on the validation films"}
    return {"sensitive": sensitive, "balanced": balanced, "refer": refer}


def _band(scores, positive, hospitals, high: float, balanced: float) -> dict:
    low = in_each(for_recall, scores, positive, hospitals, (BAND_RECALL, WORST_RECALL))
    wanted = (
        _words("recall", BAND_RECALL, WORST_RECALL),
        _words("specificity", BAND_SPECIFICITY, WORST_SPECIFICITY),
    )
    if low < high:
        rule = f"unsure from the highest threshold with {wanted[0]} up to the lowest with {wanted[1]}"
    else:
        low = high = balanced
        rule = f"nothing is unsure, since {wanted[0]} and {wanted[1]} are had at once: the balanced threshold"
    return {"low": low, "high": high, "rule": f"{rule}, on the validation films"}


def _words(name: str, share: float, worst: float) -> str:
    return f"{name} >= {share:g} (in each hospital >= {worst:g})"


def in_each(
    pick, scores: np.ndarray, positive: np.ndarray, hospitals: np.ndarray, shares: tuple[float, float]
) -> float:
    """Return the threshold that keeps one share over all films and another in each hospital: the worst one counts.

    Args:
        pick: `for_recall` or `for_specificity`.
        scores: as of `choose`.
        positive: likewise.
        hospitals: object (N,); one with fewer than `LEAST_FILMS` of the films that the share is of counts in the pool
            alone.
        shares: of all films, and of each hospital's.
    """
    pooled, each = shares
    counted = positive if pick is for_recall else ~positive
    found = [pick(scores, positive, pooled)]
    for name in np.unique(hospitals):
        here = hospitals == name
        if counted[here].sum() >= LEAST_FILMS:
            found.append(pick(scores[here], positive[here], each))
    return min(found) if pick is for_recall else max(found)


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
