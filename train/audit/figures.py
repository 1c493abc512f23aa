"""COVID-19 against all other films of a table: the figures that every chapter gives, with intervals over patients."""

import numpy as np
from sklearn import metrics as sk

from train import evaluate
from train.audit import bootstrap


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
        "auc": evaluate.auc(positive, scores, groups),
        "average_precision": _average_precision(positive, scores, groups),
        "sensitivity": bootstrap.share(called[positive], groups[positive]),
        "specificity": bootstrap.share(~called[~positive], groups[~positive]),
    }


def _average_precision(positive, scores, groups):
    if positive.all() or not positive.any():
        return None

    def statistic(weight):
        return sk.average_precision_score(positive, scores, sample_weight=weight) if weight[positive].any() else np.nan

    return bootstrap.interval(statistic, groups)
