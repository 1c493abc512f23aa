"""The index of films: one row a film, with its label, its split, and why it is not used.

`python -m train index` writes it; training, calibration and evaluation read nothing else. The same films give the same
bytes, so its sha256 (`sha256`) says on which films a model was trained.
"""

import hashlib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from edge_app import atomic_io
from edge_app.errors import EdgeError
from train.index import agreement, duplicates, film_facts, index_report, sources, split
from train.index.duplicates import Pair
from train.index.film_facts import Facts
from train.index.listed_film import ListedFilm, Listing
from train.index.thumbnails import Thumbnails

# The columns, in the order of the file. All are text but these.
NUMBERS = {"age": "float64", "width": "int64", "height": "int64"}
COLUMNS = (
    "path",  # posix, relative to the data folder
    "source",  # the collection's folder
    "patient",  # unique across sources
    "label",  # findings.ALL_LABELS or ""
    "view",  # as published, or ""
    "sex",  # M, F or ""
    "age",  # years or NaN
    "width",  # pixels, 0 if unreadable
    "height",
    "sha256",  # of the file
    "phash",  # film_facts.perceptual_hash
    "group",  # smallest patient of the component of patients and near-duplicates
    "split",  # split.SPLITS, or "" if rejected
    "rejected",  # "" or the reason
    "appearance",  # findings.APPEARANCES, of this film or of a copy of it; or ""
    "boxes",  # radiologists', round opacities: boxes.from_text
    "machine",  # what stands for the detector, such as the native size "WxH", or ""
    "finding",  # what the collection wrote, or ""
)
# Those that indexes of before 0.3.0 lack; "" there.
ADDED = ("appearance", "boxes", "machine", "finding")
UNREADABLE = "unreadable"


def build(
    data: Path, before: pd.DataFrame | None = None, listings: Mapping[str, Listing] | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Index every film under the folder `data`.

    Args:
        data: the folder that holds the collections.
        before: the index made earlier, whose films keep their split, or None.
        listings: of `sources.list_films`, if it was asked already.

    Returns:
        The index (`COLUMNS`, sorted by path), and by source how many films its table lists that are not here.

    Raises:
        EdgeError: as of `sources.list_films`.
    """
    listings = sources.list_films(data) if listings is None else listings
    films = sorted((film for listing in listings.values() for film in listing.films), key=lambda film: film.path)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Thumbnails(Path(folder) / "thumbnails", film_facts.THUMBNAIL_SIDE)) as thumbnails,
    ):
        table = _table(films, film_facts.measure_all([data / film.path for film in films], thumbnails))
        alike = near_duplicates(table, thumbnails)
    alike += _published_twice(table, [pair for of in listings.values() for pair in of.same])
    return settled(table, alike, before), {source: listing.not_here for source, listing in listings.items()}


def settled(table: pd.DataFrame, alike: Sequence[Pair], before: pd.DataFrame | None) -> pd.DataFrame:
    """Return the index of films of which near-duplicates are known: labels settled, grouped and split.

    Args:
        table: `COLUMNS` but `group` and `split`, sorted by path.
        alike: pairs of its rows.
        before: as of `build`.
    """
    agreed = agreement.settle(table, alike)
    table[agreed.columns] = agreed
    table["group"] = split.groups(table["patient"].tolist(), [(pair.one, pair.other) for pair in alike])
    sides = split.assign(table["group"].tolist(), _remembered(table, before))
    table["split"] = ["" if why else side for side, why in zip(sides, table["rejected"], strict=True)]
    return table.loc[:, list(COLUMNS)]


def read(index_path: Path) -> pd.DataFrame:
    """Read an index: text columns as str with "" for nothing, `NUMBERS` as numbers, one row a film, sorted by path.

    Raises:
        EdgeError: no such file, or not an index.
    """
    try:
        table = pd.read_csv(index_path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError as error:
        raise EdgeError(
            f"{index_path}: there is no index of films; make one with "
            f"`python -m train index --data DIR --out {index_path}`."
        ) from error
    except (OSError, ValueError) as error:
        raise EdgeError(f"{index_path}: is not an index of films: {error}; move it away and make a new one.") from error
    table = table.assign(**{column: "" for column in ADDED if column not in table.columns})
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise EdgeError(
            f"{index_path}: is not an index of films: it has no column '{missing[0]}'; "
            "move it away and make a new one with `python -m train index`."
        )
    try:
        return table.loc[:, list(COLUMNS)].replace({"age": {"": "nan"}}).astype(NUMBERS)
    except ValueError as error:
        raise EdgeError(f"{index_path}: is not an index of films: {error}; move it away and make a new one.") from error


def in_splits(films: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of an index that are in a split: those that were not rejected; numbered from 0."""
    return films.loc[films["split"] != ""].reset_index(drop=True)


def write(table: pd.DataFrame, index_path: Path) -> None:
    """Write an index, whole or not at all: it is the memory of which films were trained on."""
    index_path.parent.mkdir(parents=True, exist_ok=True)
    atomic_io.write(index_path, table.to_csv(index=False, lineterminator="\n").encode())


def sha256(index_path: Path) -> str:
    """Return the hash of the index file, for a model's record of what it was trained on."""
    return hashlib.sha256(index_path.read_bytes()).hexdigest()


def _table(films: Sequence[ListedFilm], facts: Sequence[Facts]) -> pd.DataFrame:
    """Put what the collections say and what the pixels say side by side, in the order of `films`."""
    listed = pd.DataFrame([vars(film) for film in films])
    seen = pd.DataFrame([{"width": f.width, "height": f.height, "sha256": f.sha256, "phash": f.phash} for f in facts])
    table = listed.join(seen)
    faults = [f"{UNREADABLE}: {fact.fault}" if fact.fault else "" for fact in facts]
    table["rejected"] = [fault or why for fault, why in zip(faults, table["rejected"], strict=True)]
    return table.astype({"age": "float64"})


def near_duplicates(table: pd.DataFrame, thumbnails: Thumbnails) -> list[Pair]:
    """Return pairs of rows of `table` whose films are alike: equal bytes (similarity 1), or by `duplicates.find`.

    Args:
        table: rows with `sha256` and `rejected`.
        thumbnails: one a row; of a film that cannot be read it is not looked at.
    """
    first: dict[str, int] = {}
    usable = np.flatnonzero(table["rejected"] == "")
    hashes = table["sha256"].tolist()
    copies = [Pair(first.setdefault(hashes[at], int(at)), int(at), 1.0) for at in usable]
    # Copies need no second look, and a picture that came a hundred times would cost its square.
    distinct = sorted(first.values())
    if not distinct:
        return []
    pairs = duplicates.find(thumbnails.chosen(distinct))
    return [pair for pair in copies if pair.one != pair.other] + [
        Pair(distinct[pair.one], distinct[pair.other], pair.similarity) for pair in pairs
    ]


def _published_twice(table: pd.DataFrame, same: Sequence[tuple[str, str]]) -> list[Pair]:
    """Return pairs of rows whose collection says that they show one picture, where both can be used."""
    usable = {path: at for at, path in enumerate(table["path"]) if not table["rejected"].iloc[at]}
    found = {(usable[one], usable[other]) for one, other in same if one in usable and other in usable}
    return [Pair(min(pair), max(pair), 1.0) for pair in sorted(found)]


def _remembered(table: pd.DataFrame, before: pd.DataFrame | None) -> list[str]:
    """Return the split each film had, known by its bytes: a film that was moved or renamed is still that film."""
    if before is None:
        return [""] * len(table)
    sides = dict(zip(before["sha256"], before["split"], strict=True))
    return [sides.get(sha, "") for sha in table["sha256"]]


def add_parser(subparsers) -> None:
    """Add the command `index`."""
    parser = subparsers.add_parser("index", help="list the films, find duplicates, split by patient")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the collections")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/index.csv"),
        help="the index; films of an index that is already there keep their split (default: %(default)s)",
    )
    parser.set_defaults(func=run)


def run(args) -> int:
    """Write the index and print what is in it; 1 if something in people's own films has to be mended."""
    before = read(args.out) if args.out.exists() else None
    listings = sources.list_films(args.data)
    faults = [fault for listing in listings.values() for fault in listing.faults]
    remarks = [remark for listing in listings.values() for remark in listing.remarks]
    _complain([*sources.passed_over(args.data), *remarks, *faults])
    table, not_here = build(args.data, before, listings)
    # Of the public collections it is known which films are damaged, and nobody here can mend them.
    own = ~table["source"].isin(list(sources.ADAPTERS)) & table["rejected"].str.startswith(f"{UNREADABLE}: ")
    unreadable = [f"{args.data / row.path}: {row.rejected}" for row in table.loc[own].itertuples()]
    _complain(unreadable)
    faults += unreadable
    write(table, args.out)
    print(index_report.describe(table, not_here))
    print(f"\n{args.out}: {len(table)} films, sha256 {sha256(args.out)}")
    return int(bool(faults))


def _complain(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
