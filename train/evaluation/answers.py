"""What the edge answers to films by an operating point, unsure bands included, and the shares of its answers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from edge_app.screening import decision, finding
from edge_app.screening.finding import Finding
from train.evaluation import intervals

# Of the shares: `kept` is all but the cleared, so of the sick those who are not missed.
CLEARED, UNSURE, COVID, PNEUMONIA, KEPT = "cleared", "unsure", "covid", "pneumonia", "kept"
_VERDICTS = {CLEARED: decision.NORMAL, UNSURE: decision.UNSURE, COVID: decision.COVID, PNEUMONIA: decision.PNEUMONIA}


def findings(films: pd.DataFrame, labels: tuple[str, ...], points: Mapping[str, dict]) -> list[dict[str, Finding]]:
    """Return the edge's findings on each film.

    Args:
        films: rows with a `score_LABEL` a label.
        labels: of the network.
        points: the operating point of each disease: its `threshold`, or `low` and `high` of a band.
    """
    thresholds = {label: point["threshold"] for label, point in points.items() if "threshold" in point}
    bands = {label: (point["low"], point["high"]) for label, point in points.items() if "low" in point}
    scores = films[[f"score_{label}" for label in labels]].to_numpy(float)
    return [finding.find(dict(zip(labels, row, strict=True)), thresholds, bands) for row in scores]


def verdicts(films: pd.DataFrame, labels: tuple[str, ...], points: Mapping[str, dict]) -> np.ndarray:
    """Return the edge's verdict on each film: object (N,), of `edge_app.screening.decision`; arguments as above."""
    return np.array([decision.verdict(found) for found in findings(films, labels, points)], dtype=object)


def suspected(films: pd.DataFrame, labels: tuple[str, ...], points: Mapping[str, dict]) -> np.ndarray:
    """Return which films are suspected of either disease: bool (N,); arguments as above."""
    answers = [[one.answer for one in found.values()] for found in findings(films, labels, points)]
    return np.array([finding.SUSPECTED in of_film for of_film in answers], dtype=bool)


def shares(said: np.ndarray, groups: np.ndarray) -> dict | None:
    """Return the share of each answer among verdicts, with 95 % intervals over patients; None of no film.

    Args:
        said: object (N,), of `verdicts`.
        groups: (N,), the patient of each film.

    Returns:
        n, patients, `cleared`, `unsure`, `covid` and `pneumonia` (suspected), and `kept`, all but the cleared.
    """
    if not len(said):
        return None
    found = {name: intervals.share(said == verdict, groups) for name, verdict in _VERDICTS.items()}
    found[KEPT] = intervals.share(said != decision.NORMAL, groups)
    return {"n": len(said), "patients": len(np.unique(groups)), **found}
