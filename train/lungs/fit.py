"""Train the lung-field network in two rounds: `python -m train lungs`.

The first round learns from the drawn masks, which are all of one collection. The second starts again, from these and
from the masks that the first network drew on training films of the other collections, where it was certain and found
two lungs. So the network has seen children, other hospitals and other scanners before it has to crop them.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from edge_app.gate import view_classes
from train.films import film_arguments, pixels
from train.index import index
from train.lungs import examples, film_photographs, masks, own_masks, training_round, view_examples
from train.lungs.config import LungConfig
from train.reporting import provenance
from train.training import batches

RUN = Path("models/runs/lungs")
# What stands as the source of films that were photographed and straightened.
PHOTOGRAPHED = "photographs"


@dataclass(frozen=True)
class LungData:
    """What the network learns from and is measured on; K is `examples.KEPT_SIZE`.

    Attributes:
        drawn: films with drawn masks, by split.
        films: rows of the index, training films without masks.
        pictures: uint8 (N, K, K), one a row of `films`.
        others: by kind, uint8 (N, K, K), pictures that show no upright frontal chest.
        index_sha256: hash of the index, recorded.
    """

    drawn: dict[str, examples.Examples]
    films: pd.DataFrame
    pictures: np.ndarray
    others: dict[str, np.ndarray]
    index_sha256: str


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
    parser.add_argument("--run", type=Path, default=RUN, help="run folder (%(default)s); an unfinished run is resumed")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command; see `fit`."""
    everything = index.read(args.index)
    listing = masks.listing(args.data, everything)
    if (args.run / "run.json").exists():
        record = json.loads((args.run / "run.json").read_text())
        if "metrics" in record:
            print(f"{args.run}: is finished; remove the folder, or choose another '--run FOLDER', to train anew.")
            return 0
        if record["index_sha256"] != index.sha256(args.index):
            raise WrongUsage(f"{args.index}: is not the index that {args.run} began with; use another '--run FOLDER'.")
    data = _load(args, everything, listing)
    args.run.mkdir(parents=True, exist_ok=True)
    listing.to_csv(args.run / "masks.csv", index=False, float_format="%.3f")
    fit(LungConfig(), data, args.run)
    return 0


def fit(settings: LungConfig, data: LungData, run_dir: Path) -> dict:
    """Train both rounds, measure on the drawn masks of the test patients, and write it all to `run_dir`.

    Args:
        settings: the recipe.
        data: the films, masks and pictures.
        run_dir: exists; an unfinished run in it is resumed.

    Returns:
        What `run.json` holds.
    """
    from train.lungs import report

    provenance.fix_seed(settings.seed)
    record = _new_record(settings, data)
    atomic_io.write_json(run_dir / "run.json", record)
    pools = _first_pools(settings, data)
    kinds = {kind: len(pictures) for kind, pictures in pools.others.items()}
    record["films"] |= {"kinds": kinds | {view_classes.FRONTAL: len(data.films)}}
    val = data.drawn["val"]
    first = training_round.train(settings, pools, val, settings.first_epochs, run_dir / "first")
    own = _own_masks(first, data, settings)
    record["films"]["own"] = len(own.pictures)
    pools = _second_pools(settings, pools, own)
    model = training_round.train(settings, pools, val, settings.epochs, run_dir / "second")
    model.save(run_dir / "model.keras")
    record["metrics"] = {split: _measure(model, data.drawn[split]) for split in ("val", "test")}
    report.sheet(model, data.drawn["test"], run_dir / "test.png")
    report.sheet(model, own, run_dir / "own.png")
    atomic_io.write_json(run_dir / "run.json", record)
    return record


def _load(args, everything: pd.DataFrame, listing: pd.DataFrame) -> LungData:
    """Read what the network learns from; `listing` is of `masks.listing`."""
    indexed = film_arguments.read(args)
    whole = pixels.load(indexed, examples.KEPT_SIZE)
    drawn = {split: examples.read(listing, args.data, split) for split in ("train", "val", "test")}
    films = indexed.table.loc[indexed.table["split"] == "train"]
    unlabelled, more = view_examples.frontal(args.data, everything)
    pictures = np.concatenate([whole[films.index.to_numpy()][..., 0], more])
    films = pd.concat([films, unlabelled], ignore_index=True)
    chosen = own_masks.alike_of_each_cell(films, LungConfig.photographs, LungConfig.seed)
    shown, straightened = film_photographs.take(pictures[chosen], LungConfig.seed)
    pictures = np.concatenate([pictures, straightened])
    of_photographs = pd.DataFrame({"source": PHOTOGRAPHED, "label": ""}, index=range(len(straightened)))
    films = pd.concat([films, of_photographs], ignore_index=True)
    kept_out = view_examples.rejected(args.data, everything).get("train", {})
    found = view_examples.pictures(args.pictures, "train")
    kinds = (*kept_out, *found)
    others = {kind: np.concatenate([of[kind] for of in (kept_out, found) if kind in of]) for kind in kinds}
    others |= {view_classes.PHOTOGRAPH: shown}
    return LungData(drawn, films, pictures, others, indexed.index_sha256)


def _new_record(settings: LungConfig, data: LungData) -> dict:
    """Return what is known of a run before it begins."""
    return {
        "config": asdict(settings),
        "index_sha256": data.index_sha256,
        "films": {split: int(part.has_lungs.sum()) for split, part in data.drawn.items()},
        "empty": {split: int((~part.has_lungs).sum()) for split, part in data.drawn.items()},
        "commit": provenance.commit(),
        "versions": provenance.versions(),
    }


def _first_pools(settings: LungConfig, data: LungData) -> examples.Pools:
    """Return what the first round learns from: drawn masks, each as often as any other."""
    drawn = data.drawn["train"]
    masked = examples.Examples(drawn.pictures[drawn.has_lungs], drawn.masks[drawn.has_lungs])
    pictures = [data.others[view_classes.PICTURE], examples.photographs(settings.seed)]
    return examples.Pools(
        drawn=masked,
        chance=np.full(len(masked.pictures), 1 / len(masked.pictures)),
        films=data.pictures,
        film_chance=batches.chances(data.films["source"] + "/" + data.films["label"], 1.0),
        others=data.others | {view_classes.PICTURE: np.concatenate(pictures)},
        shares=view_examples.FIRST_SHARES,
    )


def _second_pools(settings: LungConfig, first: examples.Pools, own: examples.Examples) -> examples.Pools:
    """Return what the second round learns from: the network's own masks beside the drawn ones."""
    own_chance = np.full(len(own.pictures), settings.own_share / max(1, len(own.pictures)))
    chance = np.concatenate([(1 - settings.own_share) * first.chance, own_chance])
    drawn = examples.join(first.drawn, own)
    return replace(first, drawn=drawn, chance=chance / chance.sum(), shares=view_examples.SHARES)


def _own_masks(model, data: LungData, settings: LungConfig) -> examples.Examples:
    """Return the masks that the network of the first round draws on films of other collections than the drawn ones."""
    unmasked = (data.films["source"] != masks.SOURCE).to_numpy()
    return own_masks.draw(model, data.films.loc[unmasked], data.pictures[unmasked], settings)


def _measure(model, drawn: examples.Examples) -> dict:
    from train.lungs import report

    return report.measure(training_round.chances(model, examples.plain(drawn)[0]), drawn)
