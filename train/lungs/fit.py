"""Train the lung-field network: `python -m train lungs`. It learns twice.

First from the drawn masks, which are all of one collection; then anew from these and from what it drew itself on
training films of the other collections, where it was sure and found two lungs. So it has seen children, other hospitals
and other scanners before it is asked to crop them.
"""

import csv
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from edge_app import atomic_io
from edge_app.errors import NoLungField, WrongUsage
from edge_app.gate import view_classes
from edge_app.imaging import lung_field, preprocess
from train.films import film_arguments, pixels
from train.index import index
from train.lungs import examples, masks, view_examples
from train.reporting import provenance
from train.training import batches, loop

RUN = Path("models/runs/lungs")


@dataclass(frozen=True)
class LungConfig:
    """What decides the network, beside masks and films."""

    first_epochs: int = 36  # from drawn masks only
    epochs: int = 84  # from drawn and own masks
    steps: int = 32  # batches of an epoch
    batch: int = 32
    learning_rate: float = 4e-3
    own_share: float = 0.35  # of a batch: films whose mask the first network drew
    own_films: int = 1200  # drawn alike from every source and label
    least_certainty: float = 0.93  # mean chance of lung inside a mask of its own
    kind_weight: float = 0.3  # of the kind's loss beside the mask's
    seed: int = 20200316


def add_parser(subparsers) -> None:
    """Declare `train lungs`."""
    parser = subparsers.add_parser("lungs", help="train the network that finds the lung field")
    film_arguments.add(parser)
    parser.add_argument(
        "--pictures",
        type=Path,
        required=True,
        help="folder of ordinary pictures, made by 'python -m train gate-pictures'",
    )
    parser.add_argument("--run", type=Path, default=RUN, help="run folder (%(default)s); an unfinished run goes on")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command; see `fit`."""
    everything = index.read(args.index)
    listing = masks.listing(args.data, everything)
    films = everything[everything["split"] != ""].reset_index(drop=True)
    index_hash = index.sha256(args.index)
    if (args.run / "run.json").exists():
        record = json.loads((args.run / "run.json").read_text())
        if "metrics" in record:
            print(f"{args.run}: is finished; remove the folder, or choose another '--run FOLDER', to train anew.")
            return 0
        if record["index_sha256"] != index_hash:
            raise WrongUsage(f"{args.index}: is not the index that {args.run} began with; use another '--run FOLDER'.")
    size = examples.KEPT_SIZE
    whole = pixels.load(films, args.data, size, args.cache, index_hash)
    taught = {split: drawn(listing, args.data, split) for split in ("train", "val", "test")}
    args.run.mkdir(parents=True, exist_ok=True)
    listing.to_csv(args.run / "masks.csv", index=False, float_format="%.3f")
    upright = films[films["split"] == "train"]
    kept_out = view_examples.rejected(args.data, everything).get("train", {})
    found = view_examples.pictures(args.pictures, "train")
    other = {kind: np.concatenate([of[kind] for of in (kept_out, found) if kind in of]) for kind in (*kept_out, *found)}
    fit(LungConfig(), taught, (upright, whole[upright.index.to_numpy()][..., 0]), other, args.run, index_hash)
    return 0


def fit(settings: LungConfig, drawn: dict, films: tuple, other: dict, run_dir: Path, index_hash: str) -> dict:
    """Train both rounds, measure on the drawn masks of the test patients, and write it all to `run_dir`.

    Args:
        settings: the recipe.
        drawn: `examples.Examples` by split.
        films: rows of the index and their pixels, uint8 (N, K, K): training films.
        other: by kind, uint8 (N, K, K), pictures that show no upright frontal chest.
        run_dir: exists; an unfinished run in it is gone on with.
        index_hash: sha256 of the index, recorded.

    Returns:
        What `run.json` holds.
    """
    from train.lungs import report

    provenance.fix_seed(settings.seed)
    record = {
        "config": asdict(settings),
        "index_sha256": index_hash,
        "films": {split: int(part.has_lungs.sum()) for split, part in drawn.items()},
        "empty": {split: int((~part.has_lungs).sum()) for split, part in drawn.items()},
        "commit": provenance.commit(),
        "versions": provenance.versions(),
    }
    atomic_io.write_json(run_dir / "run.json", record)
    learnt = examples.Examples(
        *(part[drawn["train"].has_lungs] for part in (drawn["train"].pictures, drawn["train"].masks))
    )
    other = {
        **other,
        view_classes.PICTURE: np.concatenate([other[view_classes.PICTURE], examples.photographs(settings.seed)]),
    }
    record["films"] |= {"kinds": {kind: len(of) for kind, of in other.items()} | {view_classes.FRONTAL: len(films[0])}}
    cell = batches.chances(films[0]["source"] + "/" + films[0]["label"], 1.0)
    pools = examples.Pools(
        learnt,
        np.full(len(learnt.pictures), 1 / len(learnt.pictures)),
        films[1],
        cell,
        other,
        view_examples.FIRST_SHARES,
    )
    first = _round(settings, pools, drawn["val"], settings.first_epochs, run_dir / "first")
    unmasked = (films[0]["source"] != masks.SOURCE).to_numpy()
    own = own_masks(first, films[0][unmasked], films[1][unmasked], settings)
    record["films"]["own"] = len(own.pictures)
    chance = np.concatenate(
        [
            (1 - settings.own_share) * pools.chance,
            np.full(len(own.pictures), settings.own_share / max(1, len(own.pictures))),
        ]
    )
    drawn_and_own = examples.join(learnt, own)
    pools = replace(pools, drawn=drawn_and_own, chance=chance / chance.sum(), shares=view_examples.SHARES)
    model = _round(settings, pools, drawn["val"], settings.epochs, run_dir / "second")
    model.save(run_dir / "model.keras")
    record["metrics"] = {
        split: report.measure(chances(model, examples.plain(drawn[split])[0]), drawn[split])
        for split in ("val", "test")
    }
    report.sheet(model, drawn["test"], run_dir / "test.png")
    report.sheet(model, own, run_dir / "own.png")
    atomic_io.write_json(run_dir / "run.json", record)
    return record


def own_masks(model, films, pictures: np.ndarray, settings: LungConfig) -> examples.Examples:
    """Let a network draw masks on films without any, and keep those it is sure of.

    Args:
        model: of `network.build`.
        films: rows of the index.
        pictures: uint8 (N, K, K), one a row.
        settings: own_films, least_certainty and seed are used.
    """
    shuffled = np.random.default_rng(settings.seed).permutation(len(films))
    cell = (films["source"] + "/" + films["label"]).iloc[shuffled]
    rank = cell.groupby(cell.to_numpy()).cumcount().to_numpy()
    rows = shuffled[np.argsort(rank, kind="stable")][: settings.own_films]
    small = np.array([preprocess.shrink(pictures[row], preprocess.LUNG_SIZE) for row in rows])
    drawn_by_it = chances(model, small[..., np.newaxis]) if len(small) else small
    kept, drawn = [], []
    for row, chance in zip(rows, drawn_by_it, strict=True):
        try:
            field = lung_field.find(chance)
        except NoLungField:
            continue
        if field.certainty >= settings.least_certainty and field.parts == 2:
            kept.append(row)
            drawn.append(cv2.resize(field.mask, (examples.KEPT_SIZE,) * 2, interpolation=cv2.INTER_AREA))
    side = (0, examples.KEPT_SIZE, examples.KEPT_SIZE)
    return examples.Examples(np.asarray(pictures[kept]), np.stack(drawn) if drawn else np.zeros(side, np.uint8))


def chances(model, pictures: np.ndarray) -> np.ndarray:
    """Return each place's chance of lung, float (N, 64, 64), on pictures uint8 (N, 128, 128, 1)."""
    return model.predict(pictures, verbose=0)["mask"][..., 0]


def drawn(listing, data: Path, split: str) -> examples.Examples:
    """Read the films and masks of one split, the films without a lung field among them."""
    size = examples.KEPT_SIZE
    rows = listing[(listing["split"] == split) & listing["state"].isin([masks.USED, masks.EMPTY])]
    return examples.Examples(
        np.stack([preprocess.to_pixels(pixels.read_film(data / film, size), size)[..., 0] for film in rows["film"]]),
        np.stack([masks.read(data / mask, size) for mask in rows["mask"]]),
    )


def _round(settings, pools, val, epochs: int, folder: Path):
    """Train one network from scratch, or from where it was stopped; return it."""
    import keras

    from train.lungs import network, report
    from train.models import fused_norm

    folder.mkdir(exist_ok=True)
    history = folder / "history.csv"
    past = list(csv.DictReader(history.read_text().splitlines())) if history.exists() else []
    if past:
        model = keras.models.load_model(folder / "last.keras", custom_objects={"overlap_loss": overlap_loss})
    else:
        model = network.build()
        fused_norm.fuse(model)
        rate = keras.optimizers.schedules.CosineDecay(
            settings.learning_rate / 40,
            settings.steps * epochs,
            alpha=0.01,
            warmup_target=settings.learning_rate,
            warmup_steps=settings.steps * 6,
        )
        model.compile(
            keras.optimizers.Adam(rate),
            {"mask": overlap_loss, "kind": "categorical_crossentropy"},
            loss_weights={"mask": 1.0, "kind": settings.kind_weight},
            metrics={"kind": "accuracy"},
            jit_compile=False,
        )
    pictures, _ = examples.plain(val)
    for epoch in range(len(past), epochs):
        seed = (settings.seed, len(pools.chance), epoch)
        fitted = model.fit(
            examples.batches(pools, settings.steps, settings.batch, seed),
            steps_per_epoch=settings.steps,
            shuffle=False,
            verbose=0,
        )
        figures = report.measure(chances(model, pictures), val)
        told = {"loss": fitted.history["loss"][0], "kind_accuracy": fitted.history["kind_accuracy"][0]}
        past.append({"epoch": epoch + 1} | told | {"val_iou": figures["median_iou"]})
        print("  ".join(f"{name} {value:.4g}" for name, value in past[-1].items()), flush=True)
        part = folder / "part.keras"
        model.save(part)
        atomic_io.rename(part, folder / "last.keras")
        loop.write_history(past, folder)
    fused_norm.unfuse(model)
    return model


def overlap_loss(truth, chance):
    """Cross-entropy of every place and half of one minus the Dice coefficient of the whole; 0 without a known mask."""
    import keras
    from keras import ops

    known = ops.cast(truth[:, 0, 0, 0] >= 0, "float32")
    truth = ops.maximum(truth, 0.0)
    each = ops.mean(keras.losses.binary_crossentropy(truth, chance), axis=(1, 2))
    both = ops.sum(truth * chance, axis=(1, 2, 3))
    # 20 places of 4096: an empty mask and an empty answer then agree, and a stray place costs little.
    dice = (2 * both + 20) / (ops.sum(truth, axis=(1, 2, 3)) + ops.sum(chance, axis=(1, 2, 3)) + 20)
    return known * (each + 0.5 * (1 - dice))
