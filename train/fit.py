"""Train one network: `python -m train fit --model lite0`. Everything it makes lies in one run folder."""

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edge_app import preprocess
from edge_app.errors import WrongUsage
from train import batches, config, evaluate, index, pixels, provenance

RUNS = Path("models/runs")


def add_parser(subparsers) -> None:
    """Declare `train fit`."""
    parser = subparsers.add_parser("fit", help="train a network on the indexed films")
    parser.add_argument("--index", type=Path, default=Path("build/index.csv"), help="from 'train index' (%(default)s)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the collections (%(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("build"), help="where decoded pixels are kept (%(default)s)")
    parser.add_argument("--run", type=Path, help=f"run folder (default {RUNS}/MODEL)")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    config.add_flags(parser)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command; see `fit`."""
    films = index.read(args.index)
    films = films[films["split"] != ""].reset_index(drop=True)
    run_dir = args.run or RUNS / (args.model or "lite0")
    settings = _resumed(run_dir) if args.resume else config.from_flags(args)
    if not args.resume and (run_dir / "run.json").exists():
        raise WrongUsage(f"{run_dir}: holds a run already; go on with '--resume', or choose another '--run FOLDER'.")
    index_hash = index.sha256(args.index)
    cache = pixels.cache_path(args.cache, index_hash, settings.size)
    fit(settings, films, pixels.load(films, args.data, settings.size, cache), run_dir, index_hash)
    return 0


def fit(settings: config.TrainConfig, films, film_pixels: np.ndarray, run_dir: Path, index_hash: str) -> dict:
    """Train, keep the epoch with the lowest validation loss, evaluate it, and write it all to `run_dir`.

    Args:
        settings: the recipe.
        films: rows of the index that belong to a split.
        film_pixels: uint8 (N, size, size, 1), one row a film.
        run_dir: made if missing; an unfinished run in it is gone on with.
        index_hash: sha256 of the index file, recorded.

    Returns:
        What `run.json` holds.
    """
    import keras

    from train import plots

    provenance.fix_seed(settings.seed)
    run_dir.mkdir(parents=True, exist_ok=True)
    train, val = _rows(films, settings)
    record = {
        "config": asdict(settings),
        "index_sha256": index_hash,
        "preprocess": {
            "contract": preprocess.CONTRACT_VERSION,
            "size": settings.size,
            "fingerprint": preprocess.fingerprint(settings.size),
        },
        "films": {"train": len(train), "val": len(val)},
        "backend": keras.backend.backend(),
        "commit": provenance.commit(),
        "versions": provenance.versions(),
    }
    _write_json(run_dir / "run.json", record)
    truth = batches.targets(films["label"], settings.labels)
    plots.augmentation_sheet(film_pixels, films, train, settings, run_dir / "augmentation.png")

    model = _train(settings, film_pixels, truth, films, train, val, run_dir)
    bare = keras.Model(model.input, model.output, name=model.name)  # without the optimizer, which triples the file
    bare.save(run_dir / "model.keras")
    bare.save(run_dir / "model.h5")
    record["metrics"] = evaluate.write(model, films, film_pixels, settings, run_dir)
    plots.curves(_history(run_dir), run_dir / "curves.png")
    _write_json(run_dir / "run.json", record)
    return record


def _train(settings, film_pixels, truth, films, train, val, run_dir):
    """The loop over epochs; returns the best model."""
    import keras

    model, history = _start(settings, run_dir, len(train))
    chance = batches.chances((films["source"] + "/" + films["label"]).iloc[train], settings.balance)
    steps = batches.steps_per_epoch(len(train), settings)
    verbose = 1 if sys.stdout.isatty() else 2
    train_pixels, val_pixels = film_pixels[train], film_pixels[val]
    while len(history) < settings.epochs and not _stalled(history, settings.patience):
        epoch = len(history)
        # A checkpoint does not hold the state of a layer's random generator: make it a function of the epoch.
        model.get_layer("dropout").seed_generator.state.assign([settings.seed, epoch])
        made = batches.epoch_batches(train_pixels, truth[train], chance, settings, epoch)
        fitted = model.fit(
            made, steps_per_epoch=steps, initial_epoch=epoch, epochs=epoch + 1, shuffle=False, verbose=verbose
        )
        scores = model.predict(val_pixels, batch_size=64, verbose=0)
        row = {"epoch": epoch + 1, "loss": fitted.history["loss"][0]} | evaluate.progress(
            scores, truth[val], settings.labels
        )
        print("  " + "  ".join(f"{name} {value:.4f}" for name, value in row.items() if name != "epoch"), flush=True)
        history.append(row)
        if row["val_loss"] == min(past["val_loss"] for past in history):
            _save(model, run_dir / "best.keras")
        _save(model, run_dir / "last.keras")
        _write_history(history, run_dir)
    return keras.models.load_model(run_dir / "best.keras")


def _start(settings, run_dir, film_count):
    """Return the model and the history of its epochs so far: of the unfinished run in the folder, else of none."""
    import keras

    from train import model as networks

    history = _history(run_dir)
    if history:
        return keras.models.load_model(run_dir / "last.keras"), history
    model = networks.build(
        settings.model, settings.size, settings.labels, dropout=settings.dropout, imagenet=settings.imagenet
    )
    steps = batches.steps_per_epoch(film_count, settings)
    rate = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 20,
        decay_steps=max(1, steps * settings.epochs - steps // 2),
        alpha=0.01,
        warmup_target=settings.learning_rate,
        warmup_steps=steps // 2,
    )
    model.compile(
        keras.optimizers.Adam(rate, weight_decay=settings.weight_decay or None),
        keras.losses.BinaryCrossentropy(label_smoothing=settings.label_smoothing),
        jit_compile=keras.backend.backend() == "jax",  # XLA on a CPU is several times slower with depthwise layers
    )
    return model, []


def _rows(films, settings):
    """Return (training rows, validation rows) of the recipe: int arrays of positions in `films`."""
    cell = films["source"] + "/" + films["label"]
    wanted = films["label"].isin(settings.labels) & (cell.isin(settings.cells) if settings.cells else True)
    unknown = sorted(set(settings.cells) - set(cell))
    if unknown:
        raise WrongUsage(f"--cells: {unknown[0]!r} is not in the index; it holds {', '.join(sorted(set(cell)))}.")
    train, val = (np.flatnonzero(wanted & (films["split"] == split)) for split in ("train", "val"))
    if settings.most:
        shuffled = np.random.default_rng(settings.seed).permutation(train)
        seen = cell.iloc[shuffled].groupby(cell.iloc[shuffled].to_numpy()).cumcount().to_numpy()
        train = np.sort(shuffled[seen < settings.most])
    for split, rows in (("train", train), ("val", val)):
        missing = set(settings.labels) - set(films["label"].iloc[rows])
        if missing:
            raise WrongUsage(
                f"the index has no film labelled {sorted(missing)[0]!r} in split {split!r}; each label needs some: "
                "add a collection that has it, or leave the label out with '--labels'."
            )
    return train, val


def _stalled(history, patience) -> bool:
    losses = [row["val_loss"] for row in history]
    return len(losses) > patience and min(losses[-patience:]) > min(losses)


def _save(model, path: Path) -> None:
    """Save by renaming, so that a run killed in the middle leaves the last whole checkpoint."""
    part = path.with_name("part.keras")
    model.save(part)
    part.replace(path)


def _history(run_dir) -> list[dict]:
    path = run_dir / "history.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [
            {name: int(value) if name == "epoch" else float(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def _write_history(history, run_dir) -> None:
    part = run_dir / "history.part"
    with part.open("w", newline="") as file:
        writer = csv.DictWriter(file, history[0])
        writer.writeheader()
        writer.writerows(history)
    part.replace(run_dir / "history.csv")


def _resumed(run_dir) -> config.TrainConfig:
    path = run_dir / "run.json"
    if not path.exists():
        raise WrongUsage(f"{run_dir}: holds no run to go on with; leave out '--resume' to start one.")
    saved = json.loads(path.read_text())["config"]
    return config.TrainConfig(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in saved.items()}
    )


def _write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")
