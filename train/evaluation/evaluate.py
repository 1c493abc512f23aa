"""How good a run is: thresholds from validation, figures from test with intervals, source by source."""

import json
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
        labels, cells = tuple(record["config"]["labels"]), tuple(record["config"]["cells"])
        table = pd.read_csv(run_dir / "scores.csv", keep_default_na=False)
        record["metrics"] = summarise(table, labels, cells, run_dir)
        atomic_io.write_json(run_dir / "run.json", record)
        if stated:
            print(f"{run_dir}: COVID-19 in its own test films; predictive values at prevalence {stated:g}")
            print(predictive_table(record["metrics"]["operating_points"], stated))
    return 0


def write(model, films, film_pixels: np.ndarray, settings, run_dir: Path, left_out: np.ndarray | None = None) -> dict:
    """Score the validation and test films, and write `scores.csv` and what `summarise` makes of it.

    Args:
        model: answers float (N, labels).
        films: rows of the index that belong to a split.
        film_pixels: uint8 (N, S, S, 1), one row a film.
        settings: the recipe.
        run_dir: where to write.
        left_out: bool (N,), films that the run did not train on because it tests on them; they, and not the test split,
            are then the test films. None: the test split is.
    """
    side = films["split"].to_numpy().astype(object)
    if left_out is not None:
        side[side == "test"] = "train"
        side[films["group"].isin(films["group"][left_out])] = ""  # neither learnt from nor to choose thresholds by
        side[left_out] = "test"
    # A film of indeterminate appearance is neither a case nor a control.
    held_out = np.flatnonzero(np.isin(side, ["val", "test"]) & (films["label"] != INDETERMINATE).to_numpy())
    scores = model.predict(film_pixels[held_out], batch_size=64, verbose=0)
    table = films.iloc[held_out][["path", "source", "label", "group"]].reset_index(drop=True)
    table["split"] = side[held_out]
    table[[f"score_{label}" for label in settings.labels]] = scores
    table.to_csv(run_dir / "scores.csv", index=False, float_format="%.6f")
    return summarise(table, settings.labels, settings.cells, run_dir)


def summarise(table, labels: tuple[str, ...], cells: tuple[str, ...], run_dir: Path) -> dict:
    """Measure a table of scores, and write `metrics.json`, `roc.png` and `confusion.png` to the run folder."""
    from train.reporting import plots

    result = measure(table, labels, cells)
    atomic_io.write_json(run_dir / "metrics.json", result)
    own_test = _own(table[table["split"] == "test"], labels, cells)
    plots.roc(own_test, labels, result["thresholds"], run_dir / "roc.png")
    plots.confusion(own_test, labels, verdicts(own_test, labels, result["thresholds"]), run_dir / "confusion.png")
    return result


def measure(table, labels: tuple[str, ...], cells: tuple[str, ...] = (), points: dict | None = None) -> dict:
    """Return operating points from the validation rows of `table` and every figure on its test rows.

    `thresholds` are those of rule `sensitive`; AUC, accuracy and the figures by source are at these.

    Args:
        table: path, source, label, group, split and one column `score_LABEL` a label.
        labels: the labels of the model.
        cells: the source/label cells the run was trained on; empty: all. Its `own` figures keep to them.
        points: measure at these `operating_points` of an earlier result, and choose none.
    """
    val = _own(table[table["split"] == "val"], labels, cells)
    test = table[table["split"] == "test"]
    own = _own(test, labels, cells)
    ill = [label for label in labels if label != "normal"]
    if points is None:
        chosen = {label: operating_points.choose(label, *_scores(val, label)) for label in ill}
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


def progress(scores: np.ndarray, truth: np.ndarray, labels: tuple[str, ...]) -> dict[str, float]:
    """Return the validation figures shown after an epoch: loss, mean AUC, and recall of COVID-19 at 0.5.

    Args:
        scores: float (N, labels) in 0 .. 1.
        truth: float (N, labels), 0 or 1.
        labels: names of the columns.
    """
    clipped = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    loss = -(truth * np.log(clipped) + (1 - truth) * np.log(1 - clipped)).mean()
    covid = labels.index("covid")
    return {
        "val_loss": float(loss),
        "val_auc": float(sk.roc_auc_score(truth, scores, average="macro")),
        "val_recall": float((scores[truth[:, covid] == 1, covid] >= 0.5).mean()),
    }


def _scores(films, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (scores, which films have the label): float64 (N,) in 0 .. 1, bool (N,)."""
    return films[f"score_{label}"].to_numpy(float), (films["label"] == label).to_numpy()


def _own(films, labels, cells):
    """Keep the films of the cells the run was trained on."""
    cell = films["source"] + "/" + films["label"]
    return films[films["label"].isin(labels) & (cell.isin(cells) if cells else True)]
