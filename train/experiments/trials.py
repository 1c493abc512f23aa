"""Compare recipes by how well they resist shortcuts: each trial is judged on sources and patients that it never saw.

Two questions:

- `hospital`: trained without covid-chestxray-dataset, tested within it (COVID-19 against its other films).
- `rest`: trained without the Radiography set and without half of the patients, tested on the Radiography set and, over
  both halves, within covid-chestxray-dataset.

The test split is used neither to learn from nor to judge by: it is kept for the network that is released.
`python -m train experiments` runs what is not done yet, in hours, and prints its lines of the table in
models/EXPERIMENTS.md. That table has more: recipes whose code was removed, since they brought nothing.
"""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from train.evaluation import intervals
from train.films import film_arguments
from train.films.film_dataset import FilmDataset
from train.films.indexed_films import IndexedFilms
from train.index.findings import INDETERMINATE
from train.models import keras_calls
from train.reporting import provenance
from train.training import config, loop, selection, training_data

HOSPITAL, RADIOGRAPHY = "covid-chestxray-dataset", "COVID-19_Radiography_Dataset"
FOLDS = 2
# Smaller and shorter than a release, so that one trial takes minutes: what is compared is the recipe, not the score.
# Still smaller does not do: at 128 pixels and 400 films a cell every recipe stayed near 0.6.
BASE = config.preset("lite0", epochs=3, settle=0, heat=0.0, outside="keep", levels="crop", balance=0.75, freeze=8)
# The first round: nothing masked, every block trained. The second: lungs on one grey, five blocks frozen.
FIRST = {"balance": 0.5, "freeze": 0}
SECOND = {"balance": 0.5, "freeze": 5, "outside": "flat"}
TRIALS = {
    "crop": FIRST,
    "crop-black": FIRST | {"outside": "black"},
    "crop-flat": FIRST | {"outside": "flat"},
    "crop-strong": FIRST | {"augment": "strong"},
    "crop-freeze": FIRST | {"freeze": 5},
    "flat": SECOND,
    "flat-again": SECOND | {"seed": 1},  # how far the same recipe falls from itself
    "flat-balance-1": SECOND | {"balance": 1.0},
    "flat-freeze-9": SECOND | {"freeze": 9},
    # The third: the crop as it is, eight blocks frozen.
    "base": {},
    "again": {"seed": 1},
    "plain": {"crop": "none"},
    "equal-levels": {"levels": "equal"},
    "balance-1": {"balance": 1.0},
    "balance-0": {"balance": 0.0},
    "strong": {"augment": "strong"},
    "size-192": {"size": 192},
    # Architectures, each with the schedule it needs.
    "short": {"model": "short"},
    "tiny": {"model": "tiny", **config.PRESETS["tiny"], "epochs": 20},
    "seed-network": {"model": "seed", "size": 100, "epochs": 20, "learning_rate": 1e-3, "freeze": 0, "imagenet": False},
}


def add_parser(subparsers) -> None:
    """Declare `train experiments`."""
    parser = subparsers.add_parser("experiments", help="try training recipes on unseen sources")
    parser.add_argument("names", nargs="*", metavar="TRIAL", help=f"of {', '.join(TRIALS)} (default: all)")
    parser.add_argument("--questions", nargs="+", choices=QUESTIONS, default=list(QUESTIONS), help="(default: both)")
    film_arguments.add(parser)
    parser.add_argument("--out", type=Path, default=Path("build/experiments"), help="results (%(default)s)")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command: every trial that is not done yet, then the table of all that are."""
    if unknown := sorted(set(args.names) - set(TRIALS)):
        raise WrongUsage(f"there is no trial {unknown[0]!r}; known trials are {', '.join(TRIALS)}.")
    indexed = film_arguments.read(args)
    for name in args.names or TRIALS:
        for question in args.questions:
            _answer(name, question, indexed, args.out)
        print(table([name], args.out).splitlines()[-1], flush=True)
    print(table(list(TRIALS), args.out))
    return 0


def _answer(name: str, question: str, indexed: IndexedFilms, out: Path) -> None:
    """Run a trial for a question unless that is done; its figures go to OUT/NAME/QUESTION.json."""
    path = out / name / f"{question}.json"
    if path.exists():
        return
    started = time.time()
    settings = settings_of(name)
    dataset = training_data.load(settings, indexed)
    kept = dataset.at((dataset.films["split"] != "test").to_numpy())
    figures = QUESTIONS[question](settings, kept, path.parent)
    record = {"config": asdict(settings), "index_sha256": indexed.index_sha256, "commit": provenance.commit()}
    atomic_io.write_json(path, record | {"seconds": time.time() - started, "auc": figures})


def settings_of(name: str) -> config.TrainConfig:
    """Return the recipe of a trial."""
    return replace(BASE, **TRIALS[name])


def table(names: list[str], out: Path) -> str:
    """Return Markdown, one line a trial that has an answer: AUC of COVID-19 with its 95 % interval."""
    columns = {
        "hospital": "unseen hospital",
        "hospital_pneumonia": "there, against pneumonia",
        "within": "unseen patients of it",
        "radiography": "unseen Radiography set",
    }
    lines = ["| trial | changes | " + " | ".join(columns.values()) + " |", "| --- " * (2 + len(columns)) + "|"]
    for name in names:
        answers = [json.loads(path.read_text()) for path in sorted((out / name).glob("*.json"))]
        figures = {column: auc for answer in answers for column, auc in answer["auc"].items()}
        changes = ", ".join(f"{field} {value}" for field, value in TRIALS[name].items()) or "none: the base"
        cells = [
            "{value:.3f} ({low:.2f} to {high:.2f})".format(**figures[column]) if column in figures else ""
            for column in columns
        ]
        if figures:
            lines.append("| " + " | ".join([name, changes, *cells]) + " |")
    return "\n".join(lines)


def hospital(settings: config.TrainConfig, dataset: FilmDataset, run_dir: Path) -> dict:
    """Train without covid-chestxray-dataset and test within it; return AUCs by name.

    Args:
        settings: the recipe.
        dataset: the films that the recipe can use, without the test split.
        run_dir: where checkpoints and scores go.
    """
    films = dataset.films
    here = (films["source"] == HOSPITAL).to_numpy()
    scores = _scores(replace(settings, without=HOSPITAL), dataset, run_dir / "hospital")
    return {
        "hospital": _auc(films, scores, here),
        "hospital_pneumonia": _auc(films, scores, here & (films["label"] != "normal").to_numpy()),
    }


def rest(settings: config.TrainConfig, dataset: FilmDataset, run_dir: Path) -> dict:
    """Train without the Radiography set and half of the patients, and test on both, as `hospital`."""
    films = dataset.films
    here, there = ((films["source"] == source).to_numpy() for source in (HOSPITAL, RADIOGRAPHY))
    within, radiography = np.zeros(len(films)), []
    for k in range(FOLDS):
        # A fifth of the films is left to learn from: twice the passes.
        recipe = replace(settings, without=RADIOGRAPHY, fold=f"{k + 1}/{FOLDS}", epochs=2 * settings.epochs)
        scores = _scores(recipe, dataset, run_dir / f"fold{k + 1}")
        mine = here & (selection.folds(films, FOLDS) == k)
        within[mine] = scores[mine].argsort().argsort() / mine.sum()  # ranks: networks differ in their level
        radiography.append(_auc(films, scores, there))
    mean = {part: float(np.mean([auc[part] for auc in radiography])) for part in ("value", "low", "high")}
    return {"within": _auc(films, within, here), "radiography": mean}


QUESTIONS = {"hospital": hospital, "rest": rest}


def _auc(films, scores, rows):
    positive, groups = (films["label"] == "covid").to_numpy(), films["group"].to_numpy()
    rows = rows & (films["label"] != INDETERMINATE).to_numpy()
    return intervals.auc(positive[rows], scores[rows], groups[rows])


def _scores(settings: config.TrainConfig, dataset: FilmDataset, run_dir: Path) -> np.ndarray:
    """Train once; return float (N,), the score for COVID-19 of every film left out, and NaN of the others."""
    out = selection.left_out(dataset.films, settings)
    path = run_dir / "scores.npy"
    if not path.exists():
        run_dir.mkdir(parents=True, exist_ok=True)
        provenance.fix_seed(settings.seed)
        train, val = (rows[~out[rows]] for rows in selection.rows(dataset.films, settings))
        model = loop.train(settings, training_data.build(settings, dataset, train, val), run_dir)
        scores = np.full(len(out), np.nan)
        scores[out] = keras_calls.predict(model, dataset.pixels[out], 64)[:, settings.labels.index("covid")]
        np.save(path, scores)
        for checkpoint in run_dir.glob("*.keras"):
            checkpoint.unlink()
    return np.load(path)
