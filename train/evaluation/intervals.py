"""Figures with 95 % intervals: exact ones of shares, and of everything else by resampling patients.

The films of one patient are not independent witnesses, so the bootstrap draws patients, with all their films. It is
the only one: every report resamples with `resamples`, from the same seed, so its figures can be made again.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy import stats

DRAWS = 1000
SEED = 0
BOUNDS = (2.5, 97.5)  # percentiles

# {value, low, high}; of a share also `n`, the number of films.
Figure = dict[str, float]
# Takes how often each film counts, int (N,); NaN where the films so weighted cannot say, such as films of one class.
Statistic = Callable[[np.ndarray], float]


def proportion(hits: np.ndarray) -> Figure | None:
    """Return the share of True with its exact (Clopper-Pearson) interval and n, or None of nothing."""
    return exact(hits) if len(hits) else None


def exact(hits: np.ndarray) -> Figure:
    """Return what `proportion` does, of at least one film."""
    interval = stats.binomtest(int(hits.sum()), len(hits)).proportion_ci(0.95, "exact")
    return {"value": float(hits.mean()), "low": float(interval.low), "high": float(interval.high), "n": len(hits)}


def resamples(groups: np.ndarray, draws: int | None = None) -> Iterator[np.ndarray]:
    """Yield, `draws` times, how often each film is in a sample of as many groups, drawn with replacement: int (N,).

    Args:
        groups: (N,), the patient of each film; `np.arange(N)` draws films instead.
        draws: number of samples; None: `DRAWS`.
    """
    rng = np.random.default_rng(SEED)
    names, member = np.unique(groups, return_inverse=True)
    for _ in range(DRAWS if draws is None else draws):
        yield np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[member]


def spread(
    statistic: Callable[[np.ndarray], np.typing.ArrayLike], groups: np.ndarray, draws: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95 % interval of a statistic, or of K at once: two float64, () or (K,).

    Samples of which it is NaN are left out.

    Args:
        statistic: as `Statistic`, or returns K numbers.
        groups: as for `resamples`.
        draws: as for `resamples`.
    """
    drawn = np.array([statistic(weight) for weight in resamples(groups, draws)])
    known = ~np.isnan(drawn.reshape(len(drawn), -1)).any(axis=1)
    low, high = np.percentile(drawn[known], BOUNDS, axis=0)
    return low, high


def interval(statistic: Statistic, groups: np.ndarray) -> Figure | None:
    """Return what `estimate` does, or None if the films themselves do not give the statistic."""
    return None if np.isnan(statistic(np.ones(len(groups), int))) else estimate(statistic, groups)


def estimate(statistic: Statistic, groups: np.ndarray, draws: int | None = None) -> Figure:
    """Return a statistic of the films, which they must give, with its interval.

    Args:
        statistic: what is measured.
        groups: as for `resamples`.
        draws: as for `resamples`.
    """
    low, high = spread(statistic, groups, draws)
    return {"value": float(statistic(np.ones(len(groups), int))), "low": float(low), "high": float(high)}


def mean(values: np.ndarray, groups: np.ndarray, draws: int | None = None) -> Figure:
    """Return the mean of one number a film, of at least one film, with its interval; see `estimate`."""
    return estimate(lambda weight: weight @ values / weight.sum(), groups, draws)


def share(hits: np.ndarray, groups: np.ndarray) -> Figure | None:
    """Return the share of True with its interval over groups and n, or None of nothing.

    Where all films or none are hits every sample says the same, and the interval is the exact one for as many films as
    there are groups.
    """
    hits = np.asarray(hits, bool)
    if len(hits) == 0:
        return None
    if hits.all() or not hits.any():
        return exact(np.full(len(np.unique(groups)), hits.all())) | {"n": len(hits)}
    return mean(hits, groups) | {"n": len(hits)}


def mean_of(parts: Sequence[tuple[Statistic, np.ndarray]]) -> Figure | None:
    """Return the mean of a statistic of several hospitals, each counting the same, with its interval; None of none.

    Each draw takes as many hospitals with replacement, since other hospitals would give another mean, and each one's
    statistic from a sample of its patients.

    Args:
        parts: of each hospital the statistic and the groups as for `resamples`; those whose films do not give it are
            left out.
    """
    values, drawn = [], []
    for statistic, groups in parts:
        value = statistic(np.ones(len(groups), int))
        if not np.isnan(value):
            values.append(value)
            samples = np.array([statistic(weight) for weight in resamples(groups)])
            drawn.append(samples[~np.isnan(samples)])
    if not values:
        return None
    rng = np.random.default_rng(SEED)
    taken = rng.integers(0, len(values), (DRAWS, len(values)))
    low, high = np.percentile([np.mean([rng.choice(drawn[at]) for at in hospitals]) for hospitals in taken], BOUNDS)
    return {"value": float(np.mean(values)), "low": float(low), "high": float(high)}


def auc(positive: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> Figure | None:
    """Return the area under the ROC curve with its interval over groups; None where the films hold one class only.

    Args:
        positive: bool (N,).
        scores: float (N,); higher says positive.
        groups: as for `resamples`.
    """
    return interval(auc_statistic(positive, scores), groups)


def gap(positive: np.ndarray, one: np.ndarray, other: np.ndarray, groups: np.ndarray) -> Figure | None:
    """Return how much higher the AUC of the scores `one` is than that of `other` on the same films (paired)."""
    first, second = auc_statistic(positive, one), auc_statistic(positive, other)
    return interval(lambda weight: first(weight) - second(weight), groups)


def auc_statistic(positive: np.ndarray, scores: np.ndarray) -> Statistic:
    """Return the statistic that is the area under the ROC curve."""
    _, level = np.unique(scores, return_inverse=True)

    def statistic(weight: np.ndarray) -> float:
        if not weight[positive].any() or not weight[~positive].any():
            return np.nan
        return weighted_auc(positive, level, weight)

    return statistic


def weighted_auc(positive: np.ndarray, level: np.ndarray, weights: np.ndarray) -> float:
    """Return the share of (positive, negative) pairs in the right order, ties half, as scikit-learn has it.

    Args:
        positive: bool (N,); some films must be positive and some not.
        level: int (N,), the rank of each film's score among the different scores.
        weights: (N,), how often each film counts.
    """
    ill = np.bincount(level, weights * positive)
    well = np.bincount(level, weights * ~positive)
    return float((ill * (np.cumsum(well) - well / 2)).sum() / (ill.sum() * well.sum()))
