"""How good a run is: thresholds from validation, figures from test with intervals, source by source."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import metrics as sk

from edge_app import atomic_io
from edge_app.errors import EdgeError
from edge_app.model.card import RULES
from edge_app.screening import decision, prevalence
from edge_app.screening.phrasing import share
from train.evaluation import intervals, operating_points
from train.index.findings import INDETERMINATE
from train.models import keras_calls

# Columns of the index that `scores.csv` repeats: what is counted by.
KEPT = ("path", "source", "machine", "view", "label", "appearance", "group")


@dataclass(frozen=True)
class Scope:
    """What a run learnt from.

    Attributes:
        labels: its outputs.
        cells: the source/label cells it was trained on; empty: all.
        sources: the sources; empty: all.
    """

    labels: tuple[str, ...]
    cells: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: dict) -> "Scope":
        """Return what the `config` of a run's record says; runs of before 0.3.0 know no sources."""
        return cls(tuple(config["labels"]), tuple(config["cells"]), tuple(config.get("sources", ())))

    def learnt(self, sources: Iterable[str]) -> list[str]:
        """Return those of some sources that it learnt from, sorted."""
        of_cells = {cell.rpartition("/")[0] for cell in self.cells}
        wanted = [set(names) for names in (self.sources, of_cells) if names]
        return sorted(name for name in set(sources) if all(name in names for names in wanted))

    def own(self, films):
        """Keep the films, rows of a table, of the kind that the run was trained on."""
        cell = films["source"] + "/" + films["label"]
        kept = films["label"].isin(self.labels)
        kept &= cell.isin(self.cells) | (not self.cells)
        return films[kept & (films["source"].isin(self.sources) | (not self.sources))]


def add_parser(subparsers) -> None:
    """Declare `train evaluate`."""
    parser = subparsers.add_parser("evaluate", help="measure a finished run again from its scores")
    parser.add_argument("runs", type=Path, nargs="+", help="run folders")
    parser.add_argument(
        "--prevalence",
        metavar="SHARE",
        help="share of COVID-19 among the people filmed, such as 0.05: print the predictive values there too",
    )
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command: make thresholds, figures and plots again from `scores.csv`, and put them into `run.json`."""
    stated = None if args.prevalence is None else prevalence.read(args.prevalence)
    for run_dir in args.runs:
        if not (run_dir / "scores.csv").is_file():
            raise EdgeError(f"{run_dir}: holds no 'scores.csv'; name folders of finished runs, made by 'make train'.")
        record = json.loads((run_dir / "run.json").read_text())
        table = pd.read_csv(run_dir / "scores.csv", keep_default_na=False)
        record["metrics"] = summarise(table, Scope.of(record["config"]), run_dir)
        atomic_io.write_json(run_dir / "run.json", record)
        if stated:
            print(f"{run_dir}: COVID-19 in its own test films; predictive values at prevalence {stated:g}")
            print(predictive_table(record["metrics"]["operating_points"], stated))
    return 0


def write(
    model, films, film_pixels: np.ndarray, settings, run_dir: Path, learnt, left_out: np.ndarray | None = None
) -> dict:
    """Score the validation and test films, and write `scores.csv` and what `summarise` makes of it.

    Args:
        model: answers float (N, labels).
        films: rows of the index that belong to a split.
        film_pixels: uint8 (N, S, S, 1), one row a film; an array, or films in shards.
        settings: the recipe.
        run_dir: where to write.
        learnt: int (M,), the rows of the films that the run learnt from.
        left_out: bool (N,), films that the run did not train on because it tests on them; they, and not the test split,
            are then the test films of what it learnt from. None: the test split is.
    """
    side = sides(films, learnt, left_out)
    held_out = np.flatnonzero(np.isin(side, ["val", "test"]))
    scores = keras_calls.predict(model, film_pixels[held_out], batch_size=64)
    table = films.iloc[held_out][list(KEPT)].reset_index(drop=True)
    table["split"] = side[held_out]
    table[[f"score_{label}" for label in settings.labels]] = scores
    table.to_csv(run_dir / "scores.csv", index=False, float_format="%.6f")
    return summarise(table, Scope(settings.labels, settings.cells, settings.sources), run_dir)


def sides(films, learnt: np.ndarray, left_out: np.ndarray | None = None) -> np.ndarray:
    """Return what each film is to a run: object (N,), `val`, `test`, or anything else for neither.

    All films of a source that the run did not learn from are left out, so they are test films but for those of the
    validation split; not so the copies of films that it did learn from. Arguments as of `write`.
    """
    side = films["split"].to_numpy().astype(object)
    seen = np.zeros(len(films), bool)
    seen[learnt] = True
    if left_out is not None:
        side[side == "test"] = "train"
        side[films["group"].isin(films["group"][left_out])] = ""  # neither learnt from nor to choose thresholds by
    elsewhere = ~films["source"].isin(films["source"][seen])
    side[elsewhere & (side == "train")] = "test"
    side[elsewhere & films["group"].isin(films["group"][seen])] = ""
    if left_out is not None:
        side[left_out] = "test"
    return side


def summarise(table, scope: Scope, run_dir: Path) -> dict:
    """Measure a table of scores, and write `metrics.json`, `roc.png` and `confusion.png` to the run folder."""
    from train.reporting import plots

    result = measure(table, scope)
    atomic_io.write_json(run_dir / "metrics.json", result)
    own_test = scope.own(table[table["split"] == "test"])
    plots.roc(own_test, scope.labels, result["thresholds"], run_dir / "roc.png")
    shown = verdicts(own_test, scope.labels, result["thresholds"])
    plots.confusion(own_test, scope.labels, shown, run_dir / "confusion.png")
    return result


def measure(table, scope: Scope, points: dict | None = None) -> dict:
    """Return operating points from the validation rows of `table` and every figure on its test rows.

    `thresholds` are those of rule `sensitive`; AUC, accuracy and the figures by source are at these. A film of
    indeterminate appearance is neither a case nor a control.

    Args:
        table: path, source, label, group, split and one column `score_LABEL` a label.
        scope: what the run learnt from; its `own` figures keep to that.
        points: measure at these `operating_points` of an earlier result, and choose none.
    """
    labels = scope.labels
    val = scope.own(table[table["split"] == "val"])
    test = table[(table["split"] == "test") & (table["label"] != INDETERMINATE)]
    own = scope.own(test)
    ill = [label for label in labels if label != "normal"]
    if points is None:
        chosen = {label: _choose(val, label) for label in ill}
        points = {rule: {label: chosen[label][rule] for label in ill} for rule in RULES}
    points = {rule: {label: at_point(own, label, points[rule][label]) for label in ill} for rule in RULES}
    thresholds = {label: point["threshold"] for label, point in points["sensitive"].items()}
    result = {"operating_points": points, "thresholds": thresholds, "validation": {}, "own": {}, "test": {}}
    for label in ill:
        result["validation"][label] = figures(val, label, thresholds[label])
        result["own"][label] = figures(own, label, thresholds[label])
        result["test"][label] = {"all": figures(test, label, thresholds[label])} | {
            source: figures(films, label, thresholds[label]) for source, films in test.groupby("source")
        }
    return result


def _choose(val, label: str) -> dict[str, dict]:
    """Return the operating points of a label: its films against the healthy, if there are any, in each hospital."""
    healthy = val["label"] == "normal"
    films = val[(val["label"] == label) | (healthy if healthy.any() else True)]
    return operating_points.choose(label, *_scores(films, label), hospitals(films))


def hospitals(films) -> np.ndarray:
    """Return what stands for the hospital of each film: its source, and its detector where that is known."""
    machine = films["machine"] if "machine" in films else pd.Series("", index=films.index)
    return (films["source"] + "@" + machine).to_numpy(object)


def at_point(films, label: str, point: dict) -> dict:
    """Return an operating point of `operating_points.choose` with what it gives on films, with 95 % intervals.

    Above a band of unsure scores, an unsure patient counts as not missed and another unsure person as not cleared; the
    figures of being suspected outright, and the share of all films that are unsure, stand beside.
    """
    scores, positive = _scores(films, label)
    suspected = scores >= point.get("high", point.get("threshold"))
    kept = scores >= point["low"] if "low" in point else suspected
    measured = point | {
        "sensitivity": intervals.proportion(kept[positive]),
        "specificity": intervals.proportion(~kept[~positive]),
    }
    if "low" not in point:
        return measured
    return measured | {
        "suspected_sensitivity": intervals.proportion(suspected[positive]),
        "suspected_specificity": intervals.proportion(~suspected[~positive]),
        "referred": intervals.proportion(kept & ~suspected),
    }


def predictive_table(points: dict[str, dict], stated: float) -> str:
    """Return text: a row a rule, what it gave on COVID-19, and its predictive values at a prevalence.

    Args:
        points: by rule and label, as `measure` returns them.
        stated: the prevalence, between 0 and 1.
    """
    rows: list[tuple[str, ...]] = [("rule", "sensitivity", "specificity", "PPV", "NPV")]
    for rule in RULES:
        point = points[rule]["covid"]
        shown = point | prevalence.of_point(point, stated)
        rows.append((rule, *(share(shown[name], 3) for name in ("sensitivity", "specificity", "ppv", "npv"))))
    lines = [(f"{row[0]:11}" + "".join(f"{cell:24}" for cell in row[1:])).rstrip() for row in rows]
    note = "of refer, a patient who is unsure is not missed and another person who is unsure is not cleared"
    return "\n".join([*lines, f"({note}; PPV is of the suspected, NPV of the cleared)"])


def figures(films, label: str, threshold: float) -> dict:
    """Return n, AUC, sensitivity, specificity, accuracy of `label` against the rest, with 95 % intervals."""
    scores, positive = _scores(films, label)
    called = scores >= threshold
    return {
        "n": len(films),
        "positives": int(positive.sum()),
        "auc": intervals.auc(positive, scores, films["group"].to_numpy()),
        "sensitivity": intervals.proportion(called[positive]),
        "specificity": intervals.proportion(~called[~positive]),
        "accuracy": intervals.proportion(called == positive),
        "accuracy_at_half": intervals.proportion((scores >= 0.5) == positive),
    }


def verdicts(table, labels: tuple[str, ...], thresholds: dict[str, float]) -> np.ndarray:
    """Return the edge's verdict on each row: object (N,), in the words of `edge_app.screening.decision`."""
    return decided(table[[f"score_{label}" for label in labels]].to_numpy(), labels, thresholds)


def decided(scores: np.ndarray, labels: tuple[str, ...], thresholds: dict[str, float]) -> np.ndarray:
    """Return the edge's verdict on each row of scores, float (N, labels): object (N,)."""
    return np.array([decision.decide(dict(zip(labels, row, strict=True)), thresholds) for row in scores], dtype=object)


def progress(scores: np.ndarray, truth: np.ndarray, weight: np.ndarray, labels: tuple[str, ...]) -> dict[str, float]:
    """Return the validation figures shown after an epoch: loss, mean AUC, and recall of COVID-19 at 0.5.

    Args:
        scores: float (N, labels) in 0 .. 1.
        truth: float (N, labels), 0 .. 1; films with another value than 0 and 1 count in the loss alone.
        weight: float (N, labels), of each in the loss.
        labels: names of the columns.
    """
    clipped = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    entropy = -(truth * np.log(clipped) + (1 - truth) * np.log(1 - clipped))
    sure = np.isin(truth, (0, 1)).all(axis=1)
    truth, scores, covid = truth[sure], scores[sure], labels.index("covid")
    return {
        "val_loss": float((weight * entropy).mean()),
        "val_auc": float(sk.roc_auc_score(truth, scores, average="macro")),
        "val_recall": float((scores[truth[:, covid] == 1, covid] >= 0.5).mean()),
    }


def _scores(films, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (scores, which films have the label): float64 (N,) in 0 .. 1, bool (N,)."""
    return films[f"score_{label}"].to_numpy(float), (films["label"] == label).to_numpy()
