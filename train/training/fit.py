"""Train one network: `python -m train fit --model lite0`. It writes everything to one run folder."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from edge_app.imaging import preprocess
from train.evaluation import evaluate
from train.films import film_arguments, pixels
from train.films.film_dataset import FilmDataset
from train.films.indexed_films import IndexedFilms
from train.reporting import provenance
from train.training import augment_sheet, calibrate, checkpoints, config, loop, places, selection, training_data
from train.training.config import TrainConfig

RUNS = Path("models/runs")


def add_parser(subparsers) -> None:
    """Declare `train fit`."""
    parser = subparsers.add_parser("fit", help="train a network on the indexed films")
    film_arguments.add(parser, lungs=True)
    parser.add_argument("--run", type=Path, help=f"run folder (default {RUNS}/MODEL)")
    parser.add_argument("--resume", action="store_true", help="resume a run that was stopped")
    config.add_flags(parser)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command; see `fit`."""
    run_dir = args.run or RUNS / (args.model or "lite0")
    indexed = film_arguments.read(args)
    settings = _resumed(run_dir, indexed, args.index) if args.resume else _begun(run_dir, args)
    if settings is None:
        print(f"{run_dir}: is finished; remove the folder, or choose another '--run FOLDER', to train anew.")
        return 0
    fit(settings, training_data.load(settings, indexed), run_dir)
    return 0


def fit(settings: TrainConfig, dataset: FilmDataset, run_dir: Path) -> dict:
    """Train, keep the epoch with the lowest validation loss, evaluate it, and write it all to `run_dir`.

    Args:
        settings: the recipe.
        dataset: of `training_data.load`.
        run_dir: made if missing; an unfinished run in it is resumed.

    Returns:
        What `run.json` holds.

    Raises:
        WrongUsage: as of `selection.rows`.
    """
    from train.reporting import plots

    provenance.fix_seed(settings.seed)
    run_dir.mkdir(parents=True, exist_ok=True)
    train, val = selection.rows(dataset.films, settings)
    record = _new_record(settings, dataset, {"train": len(train), "val": len(val)}, run_dir)
    atomic_io.write_json(run_dir / "run.json", record)
    augment_sheet.augmentation_sheet(dataset, train, settings, run_dir / "augmentation.png")
    data = training_data.build(settings, dataset, train, val)
    model = loop.train(settings, data, run_dir)
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


def _begun(run_dir: Path, args) -> TrainConfig:
    """Return the recipe of a new run, from the flags."""
    if read_record(run_dir) is not None:
        raise WrongUsage(f"{run_dir}: holds a run already; go on with '--resume', or choose another '--run FOLDER'.")
    return config.from_flags(args)


def _resumed(run_dir: Path, indexed: IndexedFilms, index_path: Path) -> TrainConfig | None:
    """Return the recipe of a run that was stopped; None if it is finished."""
    record = read_record(run_dir)
    if record is None:
        raise WrongUsage(f"{run_dir}: holds no run to go on with; leave out '--resume' to start one.")
    if "metrics" in record:
        return None
    if record["index_sha256"] != indexed.index_sha256:
        raise WrongUsage(f"{index_path}: is not the index that {run_dir} began with; start another '--run FOLDER'.")
    pixels.check_lungs(indexed.lungs, record, run_dir)
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
