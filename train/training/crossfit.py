"""Networks trained anew on part of the films, to be judged on the rest: `python -m train crossfit RUN`.

Every film gets a score from a network that never saw its patient (`RUN/crossfit.csv`, five folds over patient groups)
and one from a network that never saw its source (`RUN/without.csv`). One test split holds too few of the films of
covid-chestxray-dataset that are not COVID-19; all of them together are enough to say something within that source.

It takes nine times as long as the run itself. Stop it when you like: every network goes on from its last epoch.
"""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from edge_app.errors import EdgeError
from train.films import film_arguments, pixels
from train.index import index
from train.training import config, fit

FOLDS = 5


def add_parser(subparsers) -> None:
    """Declare `train crossfit`."""
    parser = subparsers.add_parser("crossfit", help="train a run's recipe anew without each fold and each source")
    parser.add_argument("run", type=Path, help="folder of a finished run")
    film_arguments.add(parser, lungs=True)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command; see `crossfit`."""
    path = args.run / "run.json"
    record = json.loads(path.read_text()) if path.is_file() else {}
    if "metrics" not in record:
        raise EdgeError(f"{args.run}: holds no finished run; make one with 'make train' first.")
    index_hash = index.sha256(args.index)
    if record["index_sha256"] != index_hash:
        raise EdgeError(f"{args.index}: is not the index of {args.run}; the same films and groups are needed.")
    pixels.check_lungs(args.lungs, record, args.run)
    films = index.read(args.index)
    films = films[films["split"] != ""].reset_index(drop=True)
    settings = config.from_record(record["config"], args.run)
    where = (settings, films, args.data, args.cache, index_hash, args.lungs)
    crossfit(settings, *fit.seen(*where), args.run, index_hash, args.lungs, fit.lung_masks(*where))
    return 0


def crossfit(
    settings: config.TrainConfig,
    films,
    film_pixels,
    run_dir: Path,
    index_hash: str,
    lungs: Path = pixels.LUNGS,
    masks=None,
) -> None:
    """Train what is not trained yet; write `crossfit.csv` and `leave_one_source_out.csv` to `run_dir`.

    Args:
        settings: the recipe of the run; kernels are not rounded, which changes scores by less than a hundredth.
        films: rows of the index that the recipe can use.
        film_pixels: uint8 (N, size, size, 1), one row a film.
        run_dir: of the run.
        index_hash: sha256 of the index, recorded.
        lungs: the lung-field network that cropped the films.
        masks: of `fit.lung_masks`.
    """
    settings = replace(settings, settle=0)
    folds = {str(k + 1): replace(settings, fold=f"{k + 1}/{FOLDS}") for k in range(FOLDS)}
    # Sources that hold COVID-19 first: theirs are the figures one waits for.
    ill = films["label"] == "covid"
    sources = sorted(set(films["source"]), key=lambda name: (not (ill & (films["source"] == name)).any(), name))
    sources = {name: replace(settings, without=name) for name in sources}
    for column, file, recipes in (("fold", "crossfit.csv", folds), ("source", "without.csv", sources)):
        tables = []
        for name, recipe in recipes.items():
            part_dir = run_dir / "crossfit" / f"{column}-{name}"
            table = _scores(recipe, films, film_pixels, part_dir, index_hash, lungs, masks)
            tables.append(table.assign(**{column: name}))
        pd.concat(tables).sort_values("path").to_csv(run_dir / file, index=False, float_format="%.6f")


def _scores(recipe, films, film_pixels, run_dir: Path, index_hash: str, lungs: Path, masks):
    """Return the scores of the films that `recipe` leaves out, with the thresholds of its own validation films."""
    path = run_dir / "run.json"
    if not path.exists() or "metrics" not in json.loads(path.read_text()):
        print(f"{run_dir}: training without {recipe.without or 'fold ' + recipe.fold}", flush=True)
        fit.fit(recipe, films, film_pixels, run_dir, index_hash, lungs, masks)
        for checkpoint in (run_dir / "last.keras", run_dir / "best.keras", run_dir / "model.h5"):
            checkpoint.unlink(missing_ok=True)
    thresholds = json.loads(path.read_text())["metrics"]["thresholds"]
    table = pd.read_csv(run_dir / "scores.csv", keep_default_na=False)
    table = table[table["split"] == "test"].drop(columns="split")
    return table.assign(**{f"threshold_{label}": value for label, value in thresholds.items()})
