"""What operating points gave on hospitals left out of training: detectors of what a run learnt from, and other sources.

A detector is left out by a training of its own (`train.training.crossfit`) and judged at that training's thresholds. A
source that the run never learns from is judged by the run itself. The films that count are those with the label and
those without pneumonia: what a clinic asks is how many of its sick are missed, and how many of its healthy cleared.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from edge_app.model.card import RULES
from edge_app.model.left_out import OF_ALL, OF_NEGATIVES, Hospital, LeftOut
from train.evaluation import evaluate, intervals
from train.evaluation.evaluate import Scope

# Children's lungs look different, and the gate refuses films of children whose age is known.
CHILDREN = "chest_xray"
# With fewer films of either kind an interval says nothing.
LEAST_FILMS = 20
HOW = (
    "each detector by a training without it, other collections by the released network, which never learnt from them; "
    "films with the finding against films without pneumonia"
)


@dataclass(frozen=True)
class Part:
    """A hospital's films, judged by a network that never saw it.

    Attributes:
        name: of the detector or the source.
        films: rows of a `scores.csv`.
        points: the operating points by rule and label, of that network.
    """

    name: str
    films: pd.DataFrame
    points: Mapping[str, Mapping[str, dict]]


def parts(run_dir: Path) -> list[Part]:
    """Return the hospitals that a finished run, and its trainings without a detector, left out."""
    record = _record(run_dir)
    scope, points = Scope.of(record["config"]), record["metrics"]["operating_points"]
    tested = _tested(run_dir)
    elsewhere = sorted(set(tested["source"]) - set(scope.sources) - {CHILDREN}) if scope.sources else []
    found = []
    for folder in sorted(run_dir.glob("crossfit/detector-*")):
        part = _record(folder)
        if "metrics" in part:
            found.append(Part(part["config"]["without"], _tested(folder), part["metrics"]["operating_points"]))
    others = [Part(name, tested.loc[tested["source"] == name], points) for name in elsewhere]
    return found + [part for part in others if np.count_nonzero(part.films["label"] == "normal") >= LEAST_FILMS]


def of_points(found: Sequence[Part], labels: Sequence[str]) -> dict[str, dict[str, dict]]:
    """Return what a card says of hospitals left out: by rule and label, as `LeftOut.raw`; nothing of no hospital.

    Args:
        found: of `parts`.
        labels: of the network.
    """
    ill = [label for label in labels if label != "normal"]
    measured = {rule: {label: _left_out(found, rule, label) for label in ill} for rule in RULES}
    return {rule: {label: one.raw() for label, one in by_label.items() if one} for rule, by_label in measured.items()}


def _record(run_dir: Path) -> dict:
    return json.loads((run_dir / "run.json").read_text())


def _tested(run_dir: Path) -> pd.DataFrame:
    table = pd.read_csv(run_dir / "scores.csv", keep_default_na=False)
    return table.loc[table["split"] == "test"]


def _left_out(found: Sequence[Part], rule: str, label: str) -> LeftOut | None:
    """Return what a rule gave for a label, or None where no hospital has such films."""
    hospitals, hits, names = [], [], []
    for part in found:
        films = part.films.loc[part.films["label"].isin((label, "normal"))]
        point = part.points[rule][label]
        measured = evaluate.at_point(films, label, point)
        names = [name for name in measured if isinstance(measured[name], dict | None)]
        figures = {name: measured[name] for name in names}
        positive = (films["label"] == label).to_numpy()
        hospitals.append(Hospital(part.name, len(films), int(positive.sum()), figures))
        hits.append(_hits(films, label, point, part.name))
    if not hospitals or not any(one.positives for one in hospitals):
        return None
    table = pd.concat(hits, ignore_index=True)
    return LeftOut(HOW, tuple(hospitals), {name: _mean(table, name) for name in names})


def _hits(films: pd.DataFrame, label: str, point: dict, hospital: str) -> pd.DataFrame:
    """Return of each film its patient, and for each figure whether it counts for it: 1, 0, or NaN if not asked."""
    scores, positive = films[f"score_{label}"].to_numpy(float), (films["label"] == label).to_numpy()
    suspected = scores >= point.get("high", point.get("threshold"))
    kept = scores >= point["low"] if "low" in point else suspected
    figures = {"sensitivity": kept, "specificity": ~kept}
    if "low" in point:
        figures |= {"suspected_sensitivity": suspected, "suspected_specificity": ~suspected}
        figures |= {"referred": kept & ~suspected}
    asked = {name: ~positive if name in OF_NEGATIVES else positive for name in figures}
    asked |= {name: np.ones(len(films), bool) for name in OF_ALL if name in figures}
    hits = {name: np.where(asked[name], hit.astype(float), np.nan) for name, hit in figures.items()}
    return pd.DataFrame({"hospital": hospital, "group": films["group"].to_numpy(), **hits})


def _mean(table: pd.DataFrame, name: str) -> dict[str, float]:
    """Return the mean of a figure in which every hospital counts the same, with its 95 % interval over patients."""
    asked = table.loc[table[name].notna()]
    hits, (_, hospital) = asked[name].to_numpy(), np.unique(asked["hospital"], return_inverse=True)

    def mean(weight: np.ndarray) -> float:
        counts, found = np.bincount(hospital, weight), np.bincount(hospital, weight * hits)
        return float((found[counts > 0] / counts[counts > 0]).mean())

    return intervals.estimate(mean, asked["group"].to_numpy())
