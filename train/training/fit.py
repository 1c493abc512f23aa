"""Train one network: `python -m train fit --model lite0`. Everything it makes lies in one run folder."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from edge_app.imaging import preprocess
from train.evaluation import evaluate
from train.films import film_arguments, pixels
from train.index import index
from train.reporting import provenance
from train.training import augment_sheet, batches, calibrate, config, loop

RUNS = Path("models/runs")


def add_parser(subparsers) -> None:
    """Declare `train fit`."""
    parser = subparsers.add_parser("fit", help="train a network on the indexed films")
    film_arguments.add(parser, lungs=True)
    parser.add_argument("--run", type=Path, help=f"run folder (default {RUNS}/MODEL)")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    config.add_flags(parser)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command; see `fit`."""
    films = index.read(args.index)
    films = films[films["split"] != ""].reset_index(drop=True)
    run_dir = args.run or RUNS / (args.model or "lite0")
    index_hash = index.sha256(args.index)
    if args.resume:
        record = _record(run_dir)
        if "metrics" in record:
            print(f"{run_dir}: is finished; remove the folder, or choose another '--run FOLDER', to train anew.")
            return 0
        if record["index_sha256"] != index_hash:
            raise WrongUsage(f"{args.index}: is not the index that {run_dir} began with; start another '--run FOLDER'.")
        pixels.check_lungs(args.lungs, record, run_dir)
        settings = config.from_record(record["config"], run_dir)
    elif (run_dir / "run.json").exists():
        raise WrongUsage(f"{run_dir}: holds a run already; go on with '--resume', or choose another '--run FOLDER'.")
    else:
        settings = config.from_flags(args)
    where = (settings, films, args.data, args.cache, index_hash, args.lungs)
    fit(settings, *seen(*where), run_dir, index_hash, args.lungs, lung_masks(*where))
    return 0


def seen(settings, films, data: Path, cache: Path, index_hash: str, lungs: Path = pixels.LUNGS):
    """Return the films that a recipe can use and what its network sees of them.

    Args:
        settings: crop, outside, levels and size are used.
        films: rows of the index that belong to a split.
        data: the folder of the collections.
        cache: where decoded pixels are kept.
        index_hash: sha256 of the index.
        lungs: the lung-field network that crops them.

    Returns:
        The rows, without films on which no lungs are found if it sees lungs only, and uint8 (N, size, size, 1).
    """
    if settings.crop == "none":
        return films, pixels.load(films, data, settings.size, cache, index_hash)
    crops = pixels.load_crops(films, data, settings.size, cache, index_hash, lungs)
    shown = crops.finish(outside=settings.outside, levels=settings.levels)
    return films.loc[crops.found].reset_index(drop=True), shown[crops.found]


def lung_masks(settings, films, data: Path, cache: Path, index_hash: str, lungs: Path = pixels.LUNGS):
    """Return the masks of the films that `seen` returns, uint8 (N, size, size, 1), 255 = lung; None without `heat`."""
    if not settings.heat:
        return None
    crops = pixels.load_crops(films, data, settings.size, cache, index_hash, lungs)
    return crops.masks[crops.found][..., np.newaxis]


def fit(
    settings: config.TrainConfig,
    films,
    film_pixels: np.ndarray,
    run_dir: Path,
    index_hash: str,
    lungs: Path = pixels.LUNGS,
    masks: np.ndarray | None = None,
) -> dict:
    """Train, keep the epoch with the lowest validation loss, evaluate it, and write it all to `run_dir`.

    Args:
        settings: the recipe.
        films: rows of the index that belong to a split.
        film_pixels: uint8 (N, size, size, 1), one row a film.
        run_dir: made if missing; an unfinished run in it is gone on with.
        index_hash: sha256 of the index file, recorded.
        lungs: the lung-field network that cropped the films, if they are cropped; its hash is recorded.
        masks: of `lung_masks`.

    Returns:
        What `run.json` holds.
    """
    import keras

    from train.reporting import plots

    provenance.fix_seed(settings.seed)
    run_dir.mkdir(parents=True, exist_ok=True)
    train, val = rows(films, settings)
    earlier = (
        json.loads((run_dir / "run.json").read_text()).get("commits", []) if (run_dir / "run.json").exists() else []
    )
    record = {
        "config": asdict(settings),
        "index_sha256": index_hash,
        "preprocess": {
            "contract": preprocess.CONTRACT_VERSION,
            "size": settings.size,
            "fingerprint": preprocess.fingerprint(settings.size),
            "crop": settings.crop,
            "outside": settings.outside,
            "levels": settings.levels,
        },
        "lungs_sha256": pixels.lungs_hash(lungs) if settings.crop == "lungs" else None,
        "films": {"train": len(train), "val": len(val)},
        "backend": keras.backend.backend(),
        "commits": list(
            dict.fromkeys([*earlier, provenance.commit()])
        ),  # more than one if it was resumed on newer code
        "versions": provenance.versions(),
    }
    atomic_io.write_json(run_dir / "run.json", record)
    augment_sheet.augmentation_sheet(film_pixels, films, train, settings, run_dir / "augmentation.png")

    learnt = material(films, film_pixels, train, val, settings, masks)
    model = loop.train(settings, learnt, run_dir)
    if settings.settle:
        record["settled"] = loop.settle_in(model, settings, learnt)
    record["temperature"] = calibrate.temperature(model.predict(film_pixels[val], verbose=0), learnt.val.truth)
    calibrate.fold(model, record["temperature"])
    bare = keras.Model(model.input, model.output, name=model.name)  # without the optimizer, which triples the file
    bare.save(run_dir / "model.keras")
    bare.save(run_dir / "model.h5")
    out = left_out(films, settings)
    record["metrics"] = evaluate.write(model, films, film_pixels, settings, run_dir, out if out.any() else None)
    plots.curves(loop.history(run_dir), run_dir / "curves.png")
    atomic_io.write_json(run_dir / "run.json", record)
    return record


def rows(films, settings):
    """Return (training rows, validation rows) of the recipe: int arrays of positions in `films`."""
    cell = films["source"] + "/" + films["label"]
    wanted = films["label"].isin(settings.labels) & (cell.isin(settings.cells) if settings.cells else True)
    # Nor films of other sources that are joined to one left out: the same patient, or the same picture.
    wanted &= ~films["group"].isin(films["group"][left_out(films, settings)])
    unknown = sorted(set(settings.cells) - set(cell))
    if unknown:
        raise WrongUsage(f"--cells: {unknown[0]!r} is not in the index; it holds {', '.join(sorted(set(cell)))}.")
    # A run that tests on films it leaves out has no other use for the test split than to learn from it.
    learnt = ["train", "test"] if settings.without or settings.fold else ["train"]
    train, val = (np.flatnonzero(wanted & films["split"].isin(splits)) for splits in (learnt, ["val"]))
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


def material(films, film_pixels, train, val, settings, masks=None) -> loop.Material:
    """Put together what a network learns from (rows `train`) and is watched on (rows `val`).

    Raises:
        ValueError: the recipe weighs heat outside the lungs, and there are no `masks`.
    """
    if settings.heat and masks is None:
        raise ValueError(f"heat is {settings.heat}; it needs the masks of the lungs")
    everything = batches.Films(film_pixels, batches.targets(films["label"], settings.labels))
    cell = films["source"] + "/" + films["label"]
    taught = everything.at(train)
    if masks is not None and settings.heat:
        taught = batches.Films(np.concatenate([taught.pixels, masks[train]], axis=-1), taught.truth)
    return loop.Material(taught, batches.chances(cell.iloc[train], settings.balance), everything.at(val))


def left_out(films, settings) -> np.ndarray:
    """Return bool (N,): the films that a leave-one-source-out run or a fold keeps for its test."""
    out = np.zeros(len(films), bool)
    if settings.without:
        if settings.without not in set(films["source"]):
            known = ", ".join(sorted(set(films["source"])))
            raise WrongUsage(f"--without: {settings.without!r} is not in the index; it holds {known}.")
        out |= (films["source"] == settings.without).to_numpy()
    if settings.fold:
        k, n = (int(part) for part in settings.fold.split("/"))
        out |= folds(films, n) == k - 1
    return out


def folds(films, count: int) -> np.ndarray:
    """Return int (N,), each film's fold, 0 .. count - 1: whole patient groups, by the hash of the group's name."""
    share = [int(hashlib.sha256(f"fold {group}".encode()).hexdigest()[:12], 16) for group in films["group"]]
    return np.array(share) % count


def _record(run_dir) -> dict:
    path = run_dir / "run.json"
    if not path.exists():
        raise WrongUsage(f"{run_dir}: holds no run to go on with; leave out '--resume' to start one.")
    return json.loads(path.read_text())
