"""What an operating point gives on hospitals left out of training: `edge_app.model.left_out`, measured for a card."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from edge_app.model.card import BAND_FIGURES, FIGURES
from edge_app.model.left_out import OF_ALL, OF_NEGATIVES, Hospital, LeftOut
from train.evaluation import intervals

# Added to hits and misses where a share is drawn: Jeffreys' prior, under which one of 0 or 1 is uncertain too.
PRIOR = 0.5


def measure(
    films: pd.DataFrame,
    label: str,
    point: dict,
    how: str,
    hospital: str = "source",
    own: Mapping[str, dict] | None = None,
) -> LeftOut:
    """Return what an operating point gives on films of hospitals that the networks which scored them did not see.

    Args:
        films: `label`, `group` (the patient), `score_LABEL` of a network that was trained without the film's hospital,
            and the column that names the hospital.
        label: `covid` or `pneumonia`.
        point: its `threshold`, or `low` and `high` of a band.
        how: how hospitals were left out, in words.
        hospital: the column that names the hospital, such as `source` or `detector`.
        own: the points of hospitals that a network with one of its own judged, by name.

    Returns:
        The figures of each hospital with intervals over patients, and their mean. `LeftOut.raw` goes into the card, at
        `operating_points.RULE.LABEL.left_out`.

    Raises:
        ValueError: no hospital has a film with the label, or none has one without it: there is no mean.
    """
    names = BAND_FIGURES if "low" in point else FIGURES
    parted = {str(name): part for name, part in films.groupby(hospital, sort=True)}
    hits = {name: _hits(part, label, (own or {}).get(name, point)) for name, part in parted.items()}
    hospitals = tuple(
        Hospital(
            name=name,
            films=len(part),
            positives=int((part["label"].to_numpy() == label).sum()),
            figures={figure: intervals.share(*hits[name][figure]) for figure in names},
        )
        for name, part in parted.items()
    )
    pooled = {}
    for figure in names:
        known = [(found.mean(), len(set(who))) for found, who in (one[figure] for one in hits.values()) if len(found)]
        if not known:
            kind = "without" if figure in OF_NEGATIVES else "with"
            raise ValueError(f"no hospital left out has a film {kind} label '{label}'")
        pooled[figure] = mean(np.array([value for value, _ in known]), np.array([count for _, count in known]))
    return LeftOut(how, hospitals, pooled)


def _hits(films: pd.DataFrame, label: str, point: dict) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return by figure which of the films that it is of are hits, bool (n,), and their patients, (n,)."""
    scores, groups = films[f"score_{label}"].to_numpy(float), films["group"].to_numpy()
    positive = (films["label"] == label).to_numpy()
    suspected = scores >= point.get("high", point.get("threshold"))
    kept = scores >= point["low"] if "low" in point else suspected
    of = {
        "sensitivity": kept,
        "specificity": ~kept,
        "suspected_sensitivity": suspected,
        "suspected_specificity": ~suspected,
        "referred": kept & ~suspected,
    }
    which = {name: ~positive if name in OF_NEGATIVES else positive for name in of}
    which |= {name: np.ones(len(films), bool) for name in OF_ALL}
    return {name: (hits[which[name]], groups[which[name]]) for name, hits in of.items()}


def mean(values: np.ndarray, patients: np.ndarray) -> intervals.Figure:
    """Return the mean of hospitals' shares, each counting the same, with a 95 % interval.

    Each draw takes as many hospitals with replacement, since another set of hospitals would give another mean, and
    each hospital's share from what its number of patients leaves open.

    Args:
        values: float (K,), 0 .. 1.
        patients: int (K,).
    """
    rng, count = np.random.default_rng(intervals.SEED), len(values)
    chosen = rng.integers(0, count, (intervals.DRAWS, count))
    hits, misses = values * patients + PRIOR, (1 - values) * patients + PRIOR
    means = rng.beta(hits[chosen], misses[chosen]).mean(axis=1)
    low, high = np.percentile(means, intervals.BOUNDS)
    value = float(values.mean())
    return {"value": value, "low": min(float(low), value), "high": max(float(high), value)}
