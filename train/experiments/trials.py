"""Compare recipes by what they find in patients and hospitals that they never saw.

Each trial trains one network, on SIIM's films without a fifth of its patients, and is judged on that fifth and on the
films of the other collections, of which it learns nothing unless it says so. The test split is used neither to learn
from nor to judge by: it is kept for the network that is released.

`python -m train experiments` runs what is not done yet, some 15 minutes a trial on two cores, and prints its lines of
the table in models/EXPERIMENTS.md. That document has more: earlier rounds, whose code was removed when their question
was answered.
"""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from train.evaluation import intervals, localisation, operating_points
from train.films import film_arguments, film_dataset
from train.films.film_dataset import FilmDataset
from train.films.indexed_films import IndexedFilms
from train.index.findings import INDETERMINATE
from train.models import keras_calls
from train.reporting import provenance
from train.training import config, loop, selection, training_data

SIIM, HOSPITAL, RADIOGRAPHY, NIH = (
    config.SIIM,
    "covid-chestxray-dataset",
    "COVID-19_Radiography_Dataset",
    "nih-chest-xrays",
)
# Kernels are not rounded, which changes scores by less than a hundredth.
BASE = config.preset("lite0", settle=0, fold="1/5")
TRIALS = {
    "base": {},
    "again": {"seed": 1},  # how far the same recipe falls from itself
    "no-boxes": {"places": 0.0},
    "full": {"augment": "full"},
    "freeze-5": {"freeze": 5},
    "freeze-8": {"freeze": 8},
    "epochs-3": {"epochs": 3},
    "epochs-8": {"epochs": 8},
    "size-160": {"size": 160},
    "size-224": {"size": 224},
    "short": {"model": "short"},
    # All collections, as they are: what the earlier releases learnt, beside SIIM.
    "all-collections": {"sources": (), "balance": 0.75},
}
# The columns of the table. The figures are AUCs but for the last three.
COLUMNS = {
    "typical": "typical v negative",
    "opacity": "any opacity v negative",
    "hospital": "covid-chestxray-dataset, COVID-19 v others",
    "nih": "NIH, pneumonia v normal",
    "radiography": "Radiography, opacity v normal",
    "cleared": "Radiography normals cleared",
    "in_box": "hottest place in a box",
    "alike": "maps alike",
}


def add_parser(subparsers) -> None:
    """Declare `train experiments`."""
    parser = subparsers.add_parser("experiments", help="try training recipes on unseen patients and sources")
    parser.add_argument("names", nargs="*", metavar="TRIAL", help=f"of {', '.join(TRIALS)} (default: all)")
    film_arguments.add(parser, lungs=True)
    parser.add_argument("--out", type=Path, default=Path("build/experiments"), help="results (%(default)s)")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command: every trial that is not done yet, then the table of all that are."""
    if unknown := sorted(set(args.names) - set(TRIALS)):
        raise WrongUsage(f"there is no trial {unknown[0]!r}; known trials are {', '.join(TRIALS)}.")
    indexed = film_arguments.read(args)
    for name in args.names or TRIALS:
        _answer(name, indexed, args.out)
        print(table([name], args.out).splitlines()[-1], flush=True)
    print(table(list(TRIALS), args.out))
    return 0


def _answer(name: str, indexed: IndexedFilms, out: Path) -> None:
    """Run a trial unless that is done; its figures go to OUT/NAME/figures.json."""
    path = out / name / "figures.json"
    if path.exists():
        return
    started = time.time()
    settings = settings_of(name)
    dataset = film_dataset.load(indexed, settings.size, settings.treatment, boxes=True)
    found = figures(settings, dataset, path.parent)
    record = {"config": asdict(settings), "index_sha256": indexed.index_sha256, "commit": provenance.commit()}
    atomic_io.write_json(path, record | {"seconds": time.time() - started, "figures": found})


def settings_of(name: str) -> config.TrainConfig:
    """Return the recipe of a trial."""
    return replace(BASE, **TRIALS[name])


def table(names: list[str], out: Path) -> str:
    """Return Markdown, one line a trial that has an answer, with 95 % intervals over patients."""
    lines = ["| trial | changes | " + " | ".join(COLUMNS.values()) + " |", "| --- " * (2 + len(COLUMNS)) + "|"]
    for name in names:
        path = out / name / "figures.json"
        if path.exists():
            found = json.loads(path.read_text())["figures"]
            changes = ", ".join(f"{field} {value}" for field, value in TRIALS[name].items()) or "none: the base"
            lines.append("| " + " | ".join([name, changes, *(_cell(found[column]) for column in COLUMNS)]) + " |")
    return "\n".join(lines)


def _cell(figure: dict | float | None) -> str:
    if not isinstance(figure, dict):
        return "" if figure is None else f"{figure:.2f}"
    return f"{figure['value']:.3f} ({figure['low']:.2f} to {figure['high']:.2f})"


def figures(settings: config.TrainConfig, dataset: FilmDataset, run_dir: Path) -> dict:
    """Train a recipe, and judge it on the films that it leaves out and that are not of the test split.

    Args:
        settings: the recipe.
        dataset: the films that it can use.
        run_dir: where its checkpoints go; an unfinished trial in it is resumed.

    Returns:
        By the keys of `COLUMNS`, an AUC or share with its interval, or a number; None where the films cannot say.
    """
    kept = dataset.at((dataset.films["split"] != "test").to_numpy())
    films = kept.films
    train, val = selection.rows(films, settings)
    run_dir.mkdir(parents=True, exist_ok=True)
    provenance.fix_seed(settings.seed)
    model = loop.train(settings, training_data.build(settings, kept, train, val), run_dir)
    scores, maps = _answers(model, kept.pixels)
    out = selection.left_out(films, settings)
    learnt = films.iloc[train]
    elsewhere = ~films["source"].isin(learnt["source"]) & ~films["group"].isin(learnt["group"])
    shown = {label: scores[:, settings.labels.index(label)] for label in settings.labels}
    opacity = 1 - shown["normal"]
    labels, source = films["label"].to_numpy(), films["source"].to_numpy()
    siim, typical, negative = out & (source == SIIM), _is(films, "typical"), _is(films, "negative")
    apart = {name: (elsewhere & (source == name)).to_numpy() for name in (HOSPITAL, NIH, RADIOGRAPHY)}
    for checkpoint in run_dir.glob("*.keras"):
        checkpoint.unlink()
    return {
        "typical": _auc(films, shown["covid"], siim & typical, siim & negative),
        "opacity": _auc(films, opacity, siim & ~negative, siim & negative),
        "hospital": _auc(
            films,
            shown["covid"],
            apart[HOSPITAL] & (labels == "covid"),
            apart[HOSPITAL] & ~np.isin(labels, ("covid", INDETERMINATE)),
        ),
        "nih": _auc(films, opacity, apart[NIH] & (labels == "pneumonia"), apart[NIH] & (labels == "normal")),
        "radiography": _auc(
            films, opacity, apart[RADIOGRAPHY] & (labels == "pneumonia"), apart[RADIOGRAPHY] & (labels == "normal")
        ),
        "cleared": _cleared(films, shown["covid"], typical[val], val, apart[RADIOGRAPHY] & (labels == "normal")),
        **_places(settings, kept, scores, maps, siim),
    }


def _answers(model, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores and the class maps of films."""
    from train.models import networks

    answer = keras_calls.predict(networks.with_class_maps(model), pixels, 64)
    return answer["scores"], answer["cam"]


def _is(films: pd.DataFrame, appearance: str) -> np.ndarray:
    return (films["appearance"] == appearance).to_numpy()


def _auc(films: pd.DataFrame, scores: np.ndarray, sick: np.ndarray, well: np.ndarray) -> dict | None:
    """Return the AUC of some films against others, both bool (N,)."""
    both = sick | well
    return intervals.auc(sick[both], scores[both], films["group"].to_numpy()[both])


def _cleared(films, scores, typical: np.ndarray, val: np.ndarray, healthy: np.ndarray) -> dict | None:
    """Return the share of healthy films below the threshold that finds 0.95 of the typical validation films."""
    if not typical.any() or not healthy.any():
        return None
    threshold = operating_points.for_recall(scores[val], typical, operating_points.LEAST_RECALL["covid"])
    return intervals.share(scores[healthy] < threshold, films["group"].to_numpy()[healthy])


def _places(settings, kept: FilmDataset, scores: np.ndarray, maps: np.ndarray, out: np.ndarray) -> dict:
    """Return how often the hottest place of left-out films that show an opacity lies in a box."""
    boxed = out & (kept.films["boxes"] != "").to_numpy()
    if kept.opacities is None or not boxed.any():
        return {"in_box": None, "alike": None}
    sick = tuple(i for i, label in enumerate(settings.labels) if label != "normal")
    shown = localisation.suspected_map(scores[boxed], maps[boxed], sick)
    inside = localisation.shrunk(kept.opacities[boxed], shown.shape[1])
    found = localisation.measure(shown, inside, kept.films["group"].to_numpy()[boxed])
    return {"in_box": found["hottest_in_box"], "alike": found["median_correlation"]}
