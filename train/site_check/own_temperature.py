"""The temperature of a site: one number that makes its scores neither too sure nor too unsure of themselves there.

Sick and others weigh the same, however many of each were filmed: else a table with few sick would look like scores that
are too high, and a temperature, which cannot lower all scores, would only blur them.
"""

import numpy as np
from scipy import optimize

from train.evaluation import intervals
from train.site_check import local
from train.training import calibrate

NONE = {"value": 1.0, "low": 1.0, "high": 1.0}
# So near to an end of what is searched the films do not decide.
AT_AN_END = 1.01


def fit(scores: np.ndarray, positive: np.ndarray, groups: np.ndarray, least_patients: int) -> dict:
    """Return the temperature, {value, low, high, why}; 1 unless the films prove another one.

    Args:
        scores: float (N,) in 0 .. 1, of COVID-19.
        positive: bool (N,), which of the films are COVID-19.
        groups: object (N,), the patient of each.
        least_patients: of each kind that are needed.
    """
    patients = [len(np.unique(groups[which])) for which in (positive, ~positive)]
    if min(patients) < least_patients:
        return NONE | {"why": f"{least_patients} patients with COVID-19 and as many others are needed to set it."}
    found = intervals.estimate(lambda weight: _best(scores, positive, weight), groups)
    if found["low"] <= 1 <= found["high"]:
        return NONE | {"why": f"its interval, {found['low']:.3f} to {found['high']:.3f}, holds 1: it stays."}
    if not calibrate.LEAST * AT_AN_END < found["value"] < calibrate.MOST / AT_AN_END:
        return NONE | {"why": "these films do not determine it."}
    before, after = _on_others(scores, positive, groups)
    if after >= before:
        return NONE | {"why": "on films that did not choose it, the scores get no better by it."}
    why = f"on films that did not choose it the cross-entropy falls from {before:.4f} to {after:.4f}; the device shows "
    why += "scores and thresholds as they are with it."
    return found | {"why": why}


def _best(scores: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> float:
    """Return the temperature of the least cross-entropy; NaN where a kind has no film."""
    if not weight[positive].any() or not weight[~positive].any():
        return np.nan
    ends = np.log([calibrate.LEAST, calibrate.MOST])
    values, level = np.unique(local.logits(scores), return_inverse=True)  # few: an int8 file has 257 scores
    each = _balanced(positive, weight)
    ill, all_ = (np.bincount(level, part, len(values)) for part in (each * positive, each))

    def loss(log_temperature: float) -> float:
        scaled = values / np.exp(log_temperature)
        return float(all_ @ np.logaddexp(0, scaled) - ill @ scaled)

    found = optimize.minimize_scalar(loss, bounds=ends, method="bounded")
    return float(np.exp(found.x))


def _on_others(scores: np.ndarray, positive: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Return the cross-entropy of the scores as they are, and by temperatures that other patients' films chose."""
    values = local.logits(scores)
    scaled = values.copy()
    for chosen, kept in local.folds(positive, groups):
        scaled[kept] /= _best(scores, positive, np.bincount(chosen, minlength=len(scores)))
    each = _balanced(positive, np.ones(len(scores)))
    before, after = (float(each @ (np.logaddexp(0, part) - positive * part)) for part in (values, scaled))
    return before, after


def _balanced(positive: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weight of each film by which both kinds weigh one half."""
    return np.where(positive, weight / weight[positive].sum(), weight / weight[~positive].sum()) / 2
