"""The hospitals that a run left out, and what its points gave there: detectors of its own films, and other sources.

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
from edge_app.model.left_out import LeftOut
from train.evaluation import left_out
from train.evaluation.evaluate import Scope
from train.index import detectors

# Children's lungs look different, and the gate refuses films of children whose age is known.
CHILDREN = "chest_xray"
# With fewer films of either kind an interval says nothing.
LEAST_FILMS = 20
BY_TRAININGS = "each detector by a training without it"
BY_ITSELF = "other collections by the released network, which never learnt from them"
FILMS = "films with the finding against films without pneumonia"


@dataclass(frozen=True)
class Part:
    """A hospital's films, judged by a network that never saw it.

    Attributes:
        name: of the detector or the source.
        films: rows of a `scores.csv`.
        points: the operating points by rule and label, of that network.
        how: it was left out, in words.
    """

    name: str
    films: pd.DataFrame
    points: Mapping[str, Mapping[str, dict]]
    how: str


def parts(run_dir: Path) -> list[Part]:
    """Return the hospitals that a finished run, and its trainings without a detector, left out."""
    record = _record(run_dir)
    scope, points = Scope.of(record["config"]), record["metrics"]["operating_points"]
    tested = _tested(run_dir)
    elsewhere = sorted(set(tested["source"]) - set(scope.sources) - {CHILDREN}) if scope.sources else []
    others = [Part(name, tested.loc[tested["source"] == name], points, BY_ITSELF) for name in elsewhere]
    enough = [part for part in others if np.count_nonzero(part.films["label"] == "normal") >= LEAST_FILMS]
    return of_detectors(run_dir) + enough


def of_detectors(run_dir: Path) -> list[Part]:
    """Return the detectors of which a training without them, of `train.training.crossfit`, is finished."""
    found = []
    for folder in sorted(run_dir.glob("crossfit/detector-*")):
        part = _record(folder)
        if "metrics" in part:
            name, films = part["config"]["without"], _tested(folder)
            # Films of sources that the recipe does not learn from are test films of that training too.
            own = np.array(detectors.names(films)) == name
            found.append(Part(name, films.loc[own], part["metrics"]["operating_points"], BY_TRAININGS))
    return found


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
    shown = [part.films.loc[part.films["label"].isin((label, "normal"))].assign(hospital=part.name) for part in found]
    films = pd.concat(shown) if shown else pd.DataFrame({"label": []})
    if label not in set(films["label"]):
        return None
    own = {part.name: part.points[rule][label] for part in found}
    how = f"{', '.join(dict.fromkeys(part.how for part in found))}; {FILMS}"
    return left_out.measure(films, label, next(iter(own.values())), how, "hospital", own)
