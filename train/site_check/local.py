"""What the films of a site would choose for themselves: a threshold, and scores that mean there what they say.

The films that choose a threshold flatter it. So what it gives is measured across folds: every film is judged by a
threshold that the films of other patients chose (Hastie, Tibshirani & Friedman 2009, section 7.10).
"""

from collections.abc import Iterator

import numpy as np
from scipy import optimize, special
from sklearn.model_selection import StratifiedGroupKFold

from train.evaluation import intervals, operating_points
from train.site_check import few_patients
from train.training import calibrate

RECALL = operating_points.LEAST_RECALL["covid"]
FOLDS = 10
# The lowest of fewer patients than this lies, with more than 2.5 % chance, above the score that 95 % of all patients
# reach (0.95 ** 72 = 0.025): no interval from their films can then tell how low the threshold should be.
LEAST_PATIENTS = 72
# Half a quantum of an int8 file's scores, which are multiples of 1/256: a score of 0 only says that it is below this,
# and without a floor a single patient with score 0 would decide the whole recalibration.
SMALLEST = 1 / 512
# e**10 = 22,000: no site's share of COVID-19 is further off; it stops the search where scores part the classes wholly.
MOST_INTERCEPT = 10.0


def folds(positive: np.ndarray, groups: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (films that choose, films that are judged), int arrays, by patient; none if there are too few patients."""
    patients = (len(np.unique(groups[which])) for which in (positive, ~positive))
    count = min(FOLDS, *patients)
    if count < 2:
        return
    for fit, kept in StratifiedGroupKFold(count).split(positive, positive, groups):
        if positive[fit].any() and not positive[fit].all():
            yield fit, kept


def threshold(scores: np.ndarray, positive: np.ndarray, groups: np.ndarray) -> dict | None:
    """Return the highest threshold with recall >= 0.95 on these films, and what to expect of it; None without patients.

    Args:
        scores: float (N,) in 0 .. 1, of COVID-19.
        positive: bool (N,), which of the films are COVID-19.
        groups: object (N,), the patient of each.

    Returns:
        `value`, `low` and `high` over resampled patients; `apparent` and `crossfit`, each {sensitivity, specificity}:
        on the films that chose it, and on films that did not (None with fewer than two patients of a class).
    """
    if not positive.any():
        return None
    chosen = operating_points.for_recall(scores, positive, RECALL)

    def choose(weight):
        if not weight[positive].any():
            return np.nan
        return operating_points.for_recall(np.repeat(scores, weight), np.repeat(positive, weight), RECALL)

    low, high = intervals.spread(choose, groups)
    called, judged = np.zeros(len(scores), bool), np.zeros(len(scores), bool)
    for fit, kept in folds(positive, groups):
        called[kept] = scores[kept] >= operating_points.for_recall(scores[fit], positive[fit], RECALL)
        judged[kept] = True
    return {
        "value": chosen,
        "low": float(low),
        "high": float(high),
        "recall": RECALL,
        "apparent": _figures(scores >= chosen, positive, groups),
        "crossfit": _figures(called[judged], positive[judged], groups[judged]) if judged.any() else None,
    }


def _figures(called, positive, groups):
    return {
        "sensitivity": few_patients.share(called[positive], groups[positive]),
        "specificity": few_patients.share(~called[~positive], groups[~positive]),
    }


def recalibration(
    scores: np.ndarray, positive: np.ndarray, groups: np.ndarray
) -> tuple[dict, np.ndarray | None] | None:
    """Fit the temperature and intercept that make the scores mean what they say on these films.

    The new score is sigmoid(logit(score) / temperature + intercept), Platt 1999 on the logit.

    Args:
        scores: as for `threshold`, as are the others.

    Returns:
        {temperature, intercept}, each {value, low, high} over resampled patients, and float (N,), the new score of each
        film by what other patients' films chose (None where a fold cannot be had); None if the films hold one class.
    """
    if positive.all() or not positive.any():
        return None
    # An int8 file has 257 different scores at most: as many terms a fit, however many films.
    values, level = np.unique(logits(scores), return_inverse=True)

    def fit(weight):
        count = len(values)
        return _fit(values, np.bincount(level, weight * positive, count), np.bincount(level, weight, count))

    found = fit(np.ones(len(scores)))
    low, high = intervals.spread(
        lambda weight: fit(weight) if weight[positive].any() and weight[~positive].any() else (np.nan, np.nan), groups
    )
    fresh = np.full(len(scores), np.nan)
    for chosen, kept in folds(positive, groups):
        temperature, intercept = fit(np.bincount(chosen, minlength=len(scores)))
        fresh[kept] = special.expit(values[level[kept]] / temperature + intercept)
    names = ("temperature", "intercept")
    figures = {
        name: {"value": float(found[at]), "low": float(low[at]), "high": float(high[at])}
        for at, name in enumerate(names)
    }
    return figures, None if np.isnan(fresh).any() else fresh


def logits(scores: np.ndarray) -> np.ndarray:
    """Return the logits of scores, float (N,) in 0 .. 1; a score of 0 only says that it is below half a quantum."""
    return calibrate.logits(np.clip(scores, SMALLEST, 1 - SMALLEST))


def _fit(values: np.ndarray, ill: np.ndarray, films: np.ndarray) -> tuple[float, float]:
    """Return (temperature, intercept) of the least cross-entropy.

    Args:
        values: float (L,), different logits.
        ill: float (L,), how many COVID-19 films have each.
        films: float (L,), how many films have each.
    """
    total = films.sum()

    def loss(at):
        scaled = values * at[0] + at[1]
        miss = films * special.expit(scaled) - ill
        value = films @ np.logaddexp(0, scaled) - ill @ scaled
        return value / total, np.array([miss @ values, miss.sum()]) / total

    bounds = ((1 / calibrate.MOST, 1 / calibrate.LEAST), (-MOST_INTERCEPT, MOST_INTERCEPT))
    # L-BFGS-B finds the same and takes 30 ms of waiting BLAS threads where this takes 1, a thousand times over.
    slope, intercept = optimize.minimize(loss, (1.0, 0.0), jac=True, method="TNC", bounds=bounds).x
    return 1 / slope, intercept
