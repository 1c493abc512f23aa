"""Train one network: `python -m train fit --model lite0`. It writes everything to one run folder."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from edge_app.imaging import preprocess
from train.evaluation import evaluate
from train.films import film_arguments, pixels, shards
from train.films.film_dataset import FilmDataset
from train.films.indexed_films import IndexedFilms
from train.reporting import provenance
from train.training import (
    augment_sheet,
    calibrate,
    checkpoints,
    config,
    distribution,
    launcher,
    loop,
    places,
    selection,
    training_data,
)
from train.training.config import TrainConfig
from train.training.distribution import ALONE, Distribution
from train.training.training_data import TrainingData

RUNS = Path("models/runs")


def add_parser(subparsers) -> None:
    """Declare `train fit`."""
    parser = subparsers.add_parser("fit", help="train a network on the indexed films")
    film_arguments.add(parser, lungs=True)
    parser.add_argument("--shards", type=Path, help="read the films from shards of 'train shards', not from --data")
    parser.add_argument("--run", type=Path, help=f"run folder (default {RUNS}/MODEL)")
    parser.add_argument("--resume", action="store_true", help="resume a run that was stopped")
    parser.add_argument(
        "--distribute",
        choices=distribution.HOW,
        default="auto",
        help="off (one device), mirrored (the GPUs here), multiworker (machines), or auto: what is there (%(default)s)",
    )
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="with multiworker: start N workers on this machine"
    )
    parser.add_argument(
        "--restarts",
        type=int,
        default=3,
        metavar="N",
        help="how often workers that died are started again (%(default)s)",
    )
    config.add_flags(parser)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command; see `fit`."""
    if args.workers:
        return _launched(args)
    run_dir = args.run or RUNS / (args.model or "lite0")
    team = distribution.begin(args.distribute)
    films = shards.read_manifest(args.shards) if args.shards else film_arguments.read(args)
    settings = _resumed(run_dir, films, args) if args.resume else _begun(run_dir, args, team)
    if settings is None:
        print(f"{run_dir}: is finished; remove the folder, or choose another '--run FOLDER', to train anew.")
        return 0
    if isinstance(films, IndexedFilms):
        dataset = training_data.load(settings, films)
    else:
        dataset = shards.load(args.shards, settings.size, settings.treatment, args.lungs, boxes=bool(settings.places))
    fit(settings, dataset, run_dir, team)
    return 0


def _launched(args) -> int:
    """Start the workers of a run on this machine, and again if one dies."""
    if args.distribute != "multiworker":
        raise WrongUsage("--workers: is for '--distribute multiworker' alone; leave it out, or give both.")
    run_dir = args.run or RUNS / (args.model or "lite0")
    if read_record(run_dir) is not None and not args.resume:
        raise _holds_a_run(run_dir)
    return launcher.run(
        launcher.without(sys.argv[1:], ("--workers", "--restarts", "--resume")),
        args.workers,
        args.restarts,
        lambda: read_record(run_dir) is not None,
    )


def fit(settings: TrainConfig, dataset: FilmDataset, run_dir: Path, team: Distribution = ALONE) -> dict:
    """Train, keep the epoch with the lowest validation loss, evaluate it, and write it all to `run_dir`.

    Of several workers the first writes, and after the last epoch goes on alone.

    Args:
        settings: the recipe.
        dataset: of `training_data.load`.
        run_dir: made if missing; an unfinished run in it is resumed.
        team: who trains.

    Returns:
        What `run.json` holds; of another worker than the first, what it held at the start.

    Raises:
        WrongUsage: as of `selection.rows`.
    """
    provenance.fix_seed(settings.seed)
    policy = distribution.set_precision(settings.precision)
    run_dir.mkdir(parents=True, exist_ok=True)
    train, val = selection.rows(dataset.films, settings)
    record = _new_record(settings, dataset, {"train": len(train), "val": len(val)}, run_dir)
    record |= {"distributed": team.record(), "precision": policy}
    if team.chief:
        atomic_io.write_json(run_dir / "run.json", record)
        augment_sheet.augmentation_sheet(dataset, train, settings, run_dir / "augmentation.png")
    data = training_data.build(settings, dataset, train, val)
    model = loop.train(settings, data, run_dir, team)
    return record if model is None else _finished(model, settings, dataset, data, record, run_dir)


def _finished(model, settings: TrainConfig, dataset: FilmDataset, data: TrainingData, record: dict, run_dir: Path):
    """Settle, calibrate, save and measure a trained network; write and return its record."""
    from train.reporting import plots

    train, val = selection.rows(dataset.films, settings)
    if settings.settle:
        record["settled"] = loop.settle_in(model, settings, data)
    sure = data.val.at(np.flatnonzero(np.isin(data.val.truth, (0, 1)).all(axis=1)))
    record["temperature"] = calibrate.into(model, sure.pixels, sure.truth)
    record["places"] = places.scales(model, settings, dataset, val)
    _save(model, run_dir)
    out = selection.left_out(dataset.films, settings)
    tested = out if out.any() else None
    record["metrics"] = evaluate.write(model, dataset.films, dataset.pixels, settings, run_dir, train, tested)
    points = record["metrics"]["operating_points"]["refer"]
    record["localisation"] = places.measured(model, settings, dataset, points)
    plots.curves(checkpoints.history(run_dir), run_dir / "curves.png")
    atomic_io.write_json(run_dir / "run.json", record)
    return record


def read_record(run_dir: Path) -> dict | None:
    """Return the `run.json` of a run folder, or None if it holds none."""
    path = run_dir / "run.json"
    return json.loads(path.read_text()) if path.is_file() else None


def _begun(run_dir: Path, args, team: Distribution) -> TrainConfig:
    """Return the recipe of a new run, from the flags."""
    if team.chief and read_record(run_dir) is not None:  # to another worker it may be this run, begun by the first
        raise _holds_a_run(run_dir)
    return config.from_flags(args)


def _holds_a_run(run_dir: Path) -> WrongUsage:
    return WrongUsage(f"{run_dir}: holds a run already; go on with '--resume', or choose another '--run FOLDER'.")


def _resumed(run_dir: Path, films: IndexedFilms | dict, args) -> TrainConfig | None:
    """Return the recipe of a run that was stopped; None if it is finished. `films` may be a manifest of shards."""
    record = read_record(run_dir)
    if record is None:
        raise WrongUsage(f"{run_dir}: holds no run to go on with; leave out '--resume' to start one.")
    if "metrics" in record:
        return None
    found = films.index_sha256 if isinstance(films, IndexedFilms) else films["index_sha256"]
    if record["index_sha256"] != found:
        where = args.shards or args.index
        raise WrongUsage(f"{where}: is not the index that {run_dir} began with; start another '--run FOLDER'.")
    pixels.check_lungs(args.lungs, record, run_dir)
    return config.from_record(record["config"], run_dir)


def _new_record(settings: TrainConfig, dataset: FilmDataset, counts: dict[str, int], run_dir: Path) -> dict:
    """Return what is known of a run before it begins; `counts` is of films by split."""
    import keras

    earlier = read_record(run_dir) or {}
    return {
        "config": asdict(settings),
        "index_sha256": dataset.index_sha256,
        "preprocess": {
            "contract": preprocess.CONTRACT_VERSION,
            "size": settings.size,
            "fingerprint": preprocess.fingerprint(settings.size),
            **asdict(settings.treatment),
        },
        "lungs_sha256": dataset.lungs_sha256,
        "shards_sha256": dataset.shards_sha256,
        "films": counts,
        "backend": keras.backend.backend(),
        # More than one if it was resumed on newer code.
        "commits": list(dict.fromkeys([*earlier.get("commits", []), provenance.commit()])),
        "versions": provenance.versions(),
    }


def _save(model, run_dir: Path) -> None:
    """Save the network without its optimizer, which triples the file."""
    import keras

    bare = keras.Model(model.input, model.output, name=model.name)
    bare.save(run_dir / "model.keras")
    bare.save(run_dir / "model.h5")
