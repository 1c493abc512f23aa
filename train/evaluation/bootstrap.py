"""95 % intervals by drawing patients anew: the films of one patient are not independent witnesses."""

from collections.abc import Callable, Iterator

import numpy as np

from train.evaluation import evaluate


def weights(groups: np.ndarray) -> Iterator[np.ndarray]:
    """Yield `evaluate.BOOTSTRAPS` times int (N,): how often each film is in a sample of groups drawn anew."""
    rng = np.random.default_rng(0)
    names, member = np.unique(groups, return_inverse=True)
    for _ in range(evaluate.BOOTSTRAPS):
        yield np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[member]


def interval(statistic: Callable[[np.ndarray], float], groups: np.ndarray) -> dict | None:
    """Return value, low and high of a statistic of weighted films, or None if the films themselves do not give it.

    Args:
        statistic: takes weights int (N,), returns a number, or NaN where the weighted films cannot say (of one class);
            such samples are left out.
        groups: object (N,), the patient of each film.
    """
    value = statistic(np.ones(len(groups), int))
    if np.isnan(value):
        return None
    drawn = np.array([statistic(weight) for weight in weights(groups)])
    low, high = np.percentile(drawn[~np.isnan(drawn)], [2.5, 97.5])
    return {"value": float(value), "low": float(low), "high": float(high)}


def share(hits: np.ndarray, groups: np.ndarray) -> dict | None:
    """Return the share of True with its interval and n, or None of nothing.

    Where all films or none are hits every sample says the same, and the interval is the exact one for as many films as
    there are groups.
    """
    hits = np.asarray(hits, bool)
    if len(hits) == 0:
        return None
    if hits.all() or not hits.any():
        exact = evaluate.proportion(np.full(len(np.unique(groups)), hits.all()))
        return exact | {"n": len(hits)}
    return interval(lambda weight: weight @ hits / weight.sum(), groups) | {"n": len(hits)}


def auc(positive: np.ndarray, scores: np.ndarray) -> Callable[[np.ndarray], float]:
    """Return the statistic of weights that is the area under the ROC curve; NaN where a class has no weight."""
    _, level = np.unique(scores, return_inverse=True)

    def statistic(weight: np.ndarray) -> float:
        if not weight[positive].any() or not weight[~positive].any():
            return np.nan
        return evaluate.weighted_auc(positive, level, weight)

    return statistic


def gap(positive: np.ndarray, one: np.ndarray, other: np.ndarray, groups: np.ndarray) -> dict | None:
    """Return how much higher the AUC of the scores `one` is than that of `other` on the same films (paired)."""
    first, second = auc(positive, one), auc(positive, other)
    return interval(lambda weight: first(weight) - second(weight), groups)
