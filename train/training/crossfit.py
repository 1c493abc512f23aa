"""Train a recipe again on part of the films and judge it on the rest: `python -m train crossfit RUN`.

Each detector that has enough films with and without pneumonia is judged by a network that never saw it
(`RUN/detectors.csv`), each source that the recipe learns from by one that never saw it, if there are several
(`RUN/without.csv`), and every film by one that never saw its patient (`RUN/crossfit.csv`, five folds over patients).

For a recipe that learns from SIIM alone it takes nine times as long as the run itself, detectors first. It can be
stopped at any time: every network resumes from its last epoch.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from edge_app.errors import EdgeError
from train.films import film_arguments, pixels
from train.films.film_dataset import FilmDataset
from train.index import detectors, index
from train.training import config, fit, training_data
from train.training.config import TrainConfig

FOLDS = 5


def add_parser(subparsers) -> None:
    """Declare `train crossfit`."""
    parser = subparsers.add_parser("crossfit", help="train a run's recipe again without each detector, source and fold")
    parser.add_argument("run", type=Path, help="folder of a finished run")
    film_arguments.add(parser, lungs=True)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command; see `crossfit`."""
    record = fit.read_record(args.run) or {}
    if "metrics" not in record:
        raise EdgeError(f"{args.run}: holds no finished run; make one with 'make train' first.")
    if record["index_sha256"] != index.sha256(args.index):
        raise EdgeError(f"{args.index}: is not the index of {args.run}; the same films and groups are needed.")
    pixels.check_lungs(args.lungs, record, args.run)
    settings = config.from_record(record["config"], args.run)
    crossfit(settings, training_data.load(settings, film_arguments.read(args)), args.run)
    return 0


def crossfit(settings: TrainConfig, dataset: FilmDataset, run_dir: Path) -> None:
    """Train what is not trained yet; write `detectors.csv`, `without.csv` and `crossfit.csv` to `run_dir`.

    Args:
        settings: the recipe of the run; kernels are not rounded, which changes scores by less than a hundredth.
        dataset: the films that the recipe can use.
        run_dir: of the run.
    """
    settings = replace(settings, settle=0)
    films = dataset.films
    learnt = films.loc[films["source"].isin(settings.sources or tuple(films["source"]))]
    sources = _covid_first(learnt)
    parts = (
        ("detector", "detectors.csv", {name: replace(settings, without=name) for name in detectors.with_both(learnt)}),
        # Nothing is left to learn from without the only source.
        ("source", "without.csv", {name: replace(settings, without=name) for name in sources} if sources[1:] else {}),
        ("fold", "crossfit.csv", {str(k + 1): replace(settings, fold=f"{k + 1}/{FOLDS}") for k in range(FOLDS)}),
    )
    for column, file, recipes in parts:
        tables = []
        for name, recipe in recipes.items():
            part_dir = run_dir / "crossfit" / f"{column}-{name.replace('/', '-')}"
            tables.append(_scores(recipe, dataset, part_dir).assign(**{column: name}))
        if tables:
            table = pd.concat(tables).sort_values("path")
            table.to_csv(run_dir / file, index=False, float_format="%.6f")


def _covid_first(films: pd.DataFrame) -> list[str]:
    """Return the sources of films, those with COVID-19 films first: theirs are the figures one waits for."""
    ill = set(films.loc[films["label"] == "covid", "source"])
    return sorted(set(films["source"]), key=lambda name: (name not in ill, name))


def _scores(recipe: TrainConfig, dataset: FilmDataset, run_dir: Path) -> pd.DataFrame:
    """Return the scores of the films that `recipe` leaves out, with the thresholds of its own validation films."""
    record = fit.read_record(run_dir) or {}
    if "metrics" not in record:
        print(f"{run_dir}: training without {recipe.without or 'fold ' + recipe.fold}", flush=True)
        record = fit.fit(recipe, dataset, run_dir)
        for checkpoint in (run_dir / "last.keras", run_dir / "best.keras", run_dir / "model.h5"):
            checkpoint.unlink(missing_ok=True)
    table = pd.read_csv(run_dir / "scores.csv", keep_default_na=False)
    # Films of other sources are left out by every recipe, and so by the run itself.
    learnt = recipe.sources or tuple(table["source"])
    asked = (table["split"] == "test") & table["source"].isin(learnt)
    table = table.loc[asked].drop(columns="split")
    thresholds = record["metrics"]["thresholds"]
    return table.assign(**{f"threshold_{label}": value for label, value in thresholds.items()})
