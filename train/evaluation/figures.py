"""COVID-19 against all other films of a table: the figures that every chapter gives, with intervals over patients."""

from collections.abc import Callable

import numpy as np

from train.evaluation import intervals


def covid(films, threshold: float) -> dict:
    """Return n, positives, patients, AUC, average precision, sensitivity and specificity.

    Args:
        films: rows with label, group and score_covid.
        threshold: `score_covid` at or above it is called COVID-19.

    Returns:
        Figures as {value, low, high}; None where the films hold one class only or none.
    """
    positive, scores = (films["label"] == "covid").to_numpy(), films["score_covid"].to_numpy()
    groups, called = films["group"].to_numpy(), scores >= threshold
    return {
        "n": len(films),
        "positives": int(positive.sum()),
        "patients": len(np.unique(groups)),
        "auc": intervals.auc(positive, scores, groups),
        "average_precision": None
        if positive.all()
        else intervals.interval(average_precision(positive, scores), groups),
        "sensitivity": intervals.share(called[positive], groups[positive]),
        "specificity": intervals.share(~called[~positive], groups[~positive]),
    }


def average_precision(positive: np.ndarray, scores: np.ndarray) -> Callable[[np.ndarray], float]:
    """Return the statistic of weights that is the average precision, as scikit-learn has it; NaN without positives."""
    _, level = np.unique(-scores, return_inverse=True)

    def statistic(weight: np.ndarray) -> float:
        found = np.bincount(level, weight * positive)
        called = np.cumsum(np.bincount(level, weight))
        return float(found @ (np.cumsum(found) / np.maximum(called, 1)) / found.sum()) if found.any() else np.nan

    return statistic
