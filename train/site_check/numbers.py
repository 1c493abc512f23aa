"""Every number of the report, from judged films and the card; plain values, ready for JSON."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from edge_app.model.card import RULES, Card
from edge_app.screening import decision, prevalence
from train.evaluation import calibration, curves
from train.site_check import few_patients, local, own_rule
from train.site_check.labels import REFUSED, ROW, SPELLINGS, UNLISTED, UNREADABLE, LabelledFilm

KINDS = (ROW, UNLISTED, UNREADABLE, REFUSED)
# Suspected outright and so asked of the threshold alone where a band of scores is unsure; see `edge_app.model.card`.
COMPARED = ("sensitivity", "specificity", "suspected_sensitivity", "suspected_specificity", "referred")


def table(films: list[LabelledFilm], card: Card, rule: str) -> pd.DataFrame:
    """Return a row a film: path, patient, group, label, `score_LABEL`, verdict, kind, error, all text but the scores.

    `group` tells patients apart: a film without one is a patient of its own. Scores are NaN where there are none.
    """
    limits = card.limits(rule)
    rows = []
    for film in films:
        scores = film.scores or {}
        row = {"path": film.path, "patient": film.patient, "label": film.label}
        row["group"] = f"patient {film.patient}" if film.patient else f"film {film.path}"
        row |= {f"score_{label}": scores.get(label, np.nan) for label in card.labels}
        row["verdict"] = decision.decide(scores, *limits) if scores else ""
        rows.append(row | {"kind": film.kind, "error": film.error})
    return pd.DataFrame(rows)


def measure(rows: pd.DataFrame, card: Card, rule: str, stated: float | None = None) -> dict:
    """Return every figure of the films.

    Args:
        rows: from `table`.
        card: of the model.
        rule: the operating point that verdicts and mistakes are of.
        stated: a prevalence to give predictive values at.
    """
    seen = rows.loc[rows["verdict"] != ""]
    scores, groups = seen["score_covid"].to_numpy(float), seen["group"].to_numpy()
    positive = (seen["label"] == "covid").to_numpy()
    # A site's calibration is for one rule; its temperature would shift the thresholds of the others.
    points = {name: _point(scores, positive, groups, card, name) for name in ([rule] if card.site else RULES)}
    found = {
        "films": _films(rows, seen, positive, groups),
        "operating_point": rule,
        "points": points,
        "auc": _auc(scores, positive, groups, card),
        "roc": curves.points(seen) if len(seen) else None,
        "few": _few(positive, groups, points[rule]),
        "refused": _refused(rows, scores, positive, points[rule]["limits"][0]),
        "verdicts": _verdicts(seen),
        "predictive": _predictive(scores, positive, groups, points[rule], stated),
        "calibration": calibration.figures(scores, positive, groups) if len(seen) else None,
        "recalibration": None,
        "threshold": local.threshold(scores, positive, groups),
        "own_rule": own_rule.measure(seen, card, rule),
        "mistakes": _mistakes(rows, seen, scores, positive, groups, points[rule]["limits"]),
        "problems": rows.loc[rows["kind"] != "", ["path", "kind", "error"]].to_dict("records"),
    }
    if (fitted := local.recalibration(scores, positive, groups)) is not None:
        figures, fresh = fitted
        after = None if fresh is None else calibration.figures(fresh, positive, groups)
        found["recalibration"] = figures | {"after": after}
    return found


def _point(scores, positive, groups, card: Card, rule: str) -> dict:
    """Return an operating point's limits, what it gives here and on the card, and how the two lie.

    Above a band of unsure scores, an unsure patient counts as not missed and another unsure person as not cleared.
    """
    thresholds, bands = card.limits(rule)
    band = bands.get("covid")
    low, high = band or (thresholds["covid"],) * 2
    kept, suspected = scores >= low, scores >= high
    here = few_patients.of_point(kept, suspected, positive, groups, bool(band))
    on_card = {name: dict(figure) for name, figure in card.operating_points[rule]["covid"].shown.items()}
    compared = {name: few_patients.compare(here[name], on_card.get(name)) for name in COMPARED if name in here}
    return {"limits": [float(low), float(high)], "local": here, "card": on_card, "compared": compared}


def _auc(scores, positive, groups, card: Card) -> dict:
    """Return the AUC here and on the films that the card tells of, if it does, and how the two lie."""
    here = few_patients.auc(positive, scores, groups) if len(scores) else None
    on_card = card.raw
    for name in ("metrics", "test", "covid", "all", "auc"):
        on_card = on_card.get(name) if isinstance(on_card, Mapping) else None
    return {"local": here, "card": on_card, "compared": few_patients.compare(here, on_card)}


def _films(rows, seen, positive, groups) -> dict:
    return {
        "rows": len(rows),
        "judged": len(seen),
        "patients": len(np.unique(groups)),
        "covid": int(positive.sum()),
        "covid_patients": len(np.unique(groups[positive])),
        "others": int((~positive).sum()),
        "other_patients": len(np.unique(groups[~positive])),
        "labels": {label: int((seen["label"] == label).sum()) for label in SPELLINGS},
        "kinds": {
            label: {"films": len(films), "patients": films["group"].nunique()}
            for label, films in ((label, seen[seen["label"] == label]) for label in SPELLINGS)
        },
        "without_verdict": {kind: int((rows["kind"] == kind).sum()) for kind in KINDS},
    }


def _few(positive, groups, point) -> dict:
    """Return by class whether there are too few patients to decide anything, and how many films would be enough."""
    found = {}
    for name, which, figure in (("covid", positive, "sensitivity"), ("others", ~positive, "specificity")):
        found[name] = {
            "patients": len(np.unique(groups[which])),
            "too_few": len(np.unique(groups[which])) < few_patients.FEW,
            "needed_as_on_card": few_patients.films_needed(point["card"][figure]["value"]),
            "needed_at_most": few_patients.films_needed(0.5),
        }
    return found


def _refused(rows, scores, positive, low) -> dict:
    """Return how many labelled films got no verdict, by class, and the sensitivity if such patients count as missed."""
    without = rows[rows["kind"].isin([UNREADABLE, REFUSED]) & rows["label"].isin(list(SPELLINGS))]
    ill = int((without["label"] == "covid").sum())
    total = int(positive.sum()) + ill
    found = int((scores[positive] >= low).sum())
    return {"covid": ill, "others": len(without) - ill, "sensitivity_if_missed": found / total if total else None}


def _verdicts(seen) -> dict:
    """Return how many films of each label got each verdict."""
    words = (decision.COVID, decision.UNSURE, decision.PNEUMONIA, decision.NORMAL)
    return {
        label: {word: int((films["verdict"] == word).sum()) for word in words}
        for label, films in ((label, seen[seen["label"] == label]) for label in SPELLINGS)
        if len(films)
    }


def _predictive(scores, positive, groups, point, stated) -> dict:
    """Return PPV and NPV on these films, whose share of COVID-19 is theirs, and at a stated prevalence."""
    low, high = point["limits"]
    suspected, cleared = scores >= high, scores < low
    found = {
        "local": {
            "prevalence": float(positive.mean()) if len(positive) else None,
            "ppv": few_patients.share(positive[suspected], groups[suspected]),
            "npv": few_patients.share(~positive[cleared], groups[cleared]),
        }
    }
    if stated:
        shares = {name: figure for name, figure in point["local"].items() if figure}
        known = {"sensitivity", "specificity"} <= set(shares)
        values = prevalence.of_point(shares, stated) if known else {"ppv": None, "npv": None}
        found["stated"] = {"prevalence": stated} | values
    return found


def _mistakes(rows, seen, scores, positive, groups, limits) -> dict:
    """Return the COVID-19 films below the unsure band, lowest score first, and the others above it, highest first.

    Patients are numbered by their first film in the table of labels; what they are called stays there.
    """
    low, high = limits
    number = {group: at for at, group in enumerate(dict.fromkeys(rows["group"]), 1)}

    def listed(which, order):
        films = seen.assign(score=scores)[which].sort_values("score", ascending=order == "lowest", kind="stable")
        return [
            {"path": row.path, "patient": number[row.group]}
            | {"label": row.label, "score": row.score, "verdict": row.verdict}
            for row in films.itertuples()
        ]

    caught = set(groups[positive & (scores >= low)])
    return {
        "missed": listed(positive & (scores < low), "lowest"),
        "false_alarms": listed(~positive & (scores >= high), "highest"),
        "patients_missed_on_all_films": len(set(groups[positive]) - caught),
    }
