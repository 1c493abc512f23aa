"""95 % intervals for few films: exact where each patient has one film, over patients where one has several.

A bootstrap of a handful of patients, or of a share that is 0 or 1, gives intervals that are far too narrow; there the
exact (Clopper-Pearson) interval stands in, for as many trials as there are patients, which is as wide as if the films
of a patient were copies of each other.
"""

import numpy as np
from scipy import stats

from train.evaluation import intervals

# With fewer patients of a class than this the exact 95 % interval of a share is at least 31 points wide whatever is
# found (0.692 to 1.000 when all 10 are), so that it decides nothing.
FEW = 10
# The half-width in points that a check should have to be of use: sensitivity 0.90 to 1.00, say.
WANTED_HALF_WIDTH = 0.05
# Shares nearer to one half need more films; 0.5 itself needs 402.
MOST_NEEDED = 1000


def exact(value: float, patients: int) -> dict:
    """Return {value, low, high} of a share 0 .. 1 as if measured in `patients` independent trials."""
    hits = value * patients
    low = stats.beta.ppf(0.025, hits, patients - hits + 1) if hits > 0 else 0.0
    high = stats.beta.ppf(0.975, hits + 1, patients - hits) if hits < patients else 1.0
    return {"value": float(value), "low": float(low), "high": float(high)}


def share(hits: np.ndarray, groups: np.ndarray) -> dict | None:
    """Return the share of True as {value, low, high, n}, or None of nothing.

    Args:
        hits: bool (N,).
        groups: object (N,), the patient of each film.
    """
    patients = len(np.unique(groups))
    if patients == len(hits):
        return intervals.proportion(hits)
    if patients < FEW:
        return exact(float(hits.mean()), patients) | {"n": len(hits)}
    return intervals.share(hits, groups)


def of_point(
    kept: np.ndarray, suspected: np.ndarray, positive: np.ndarray, groups: np.ndarray, banded: bool
) -> dict[str, dict | None]:
    """Return the figures of an operating point, each as of `share`, by the names of `edge_app.model.card`.

    Args:
        kept: bool (N,), suspected or unsure; an unsure patient is not missed, another unsure person is not cleared.
        suspected: bool (N,), suspected outright.
        positive: bool (N,).
        groups: object (N,), the patient of each film.
        banded: whether some scores are unsure.
    """
    here = {
        "sensitivity": share(kept[positive], groups[positive]),
        "specificity": share(~kept[~positive], groups[~positive]),
    }
    if banded:
        here["suspected_sensitivity"] = share(suspected[positive], groups[positive])
        here["suspected_specificity"] = share(~suspected[~positive], groups[~positive])
        here["referred"] = share(kept & ~suspected, groups)
    return here


def auc(positive: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> dict | None:
    """Return the area under the ROC curve as {value, low, high}; None where the films hold one class only.

    Of few patients of a class, or where all or no pairs are in order, the interval is the exact one of as many
    independent pairs as the smaller class has patients.
    """
    found = intervals.auc(positive, scores, groups)
    if found is None:
        return None
    pairs = min(len(np.unique(groups[positive])), len(np.unique(groups[~positive])))
    return exact(found["value"], pairs) if pairs < FEW or found["value"] in (0, 1) else found


def films_needed(value: float) -> int:
    """Return how many films, each of another patient, give a share near `value` an interval of +- 5 points."""
    trials = np.arange(1, MOST_NEEDED)
    hits = np.round(value * trials)
    low = np.where(hits > 0, stats.beta.ppf(0.025, np.maximum(hits, 1), trials - hits + 1), 0)
    high = np.where(hits < trials, stats.beta.ppf(0.975, hits + 1, np.maximum(trials - hits, 1)), 1)
    wide = np.flatnonzero((high - low) / 2 > WANTED_HALF_WIDTH)
    return int(trials[wide[-1]] + 1)


def compare(local: dict | None, card: dict | None) -> str:
    """Say how a local figure lies to the card's: `lower` or `higher` if their intervals do not meet, else `overlap`.

    `unknown` where one is missing. Intervals that do not meet are stronger evidence than a test at 5 % asks for.
    """
    if local is None or card is None:
        return "unknown"
    if local["high"] < card["low"]:
        return "lower"
    return "higher" if local["low"] > card["high"] else "overlap"
