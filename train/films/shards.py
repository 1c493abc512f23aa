"""Films as a network sees them, in shards that are read film by film: memory does not grow with the number of films.

A folder of shards holds

- `manifest.json`: what made them (index, contract, treatment, lung-field network, commit, versions), and each shard's
  films, bytes and sha256;
- `films.csv`: the rows of the index whose films are in the shards, sorted by path, as `train.index.index` writes them;
- `places.npy`: int64 (N,), for each row its record, counted through all shards;
- `films-00000-of-00016.array_record` and so on: ArrayRecord files, uncompressed and with a group size of 1, so that any
  record can be read by itself; a checksum guards each.

A record is the crop of the film, four little-endian float32 (top, left, bottom, right, 0 .. 1), then S * S uint8.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_app.errors import EdgeError
from edge_app.imaging import preprocess
from train.films import opacities, pixels
from train.films.film_dataset import FilmDataset
from train.films.treatments import Treatment
from train.index import index

FORMAT = 1
MANIFEST, FILMS, PLACES = "manifest.json", "films.csv", "places.npy"
CROP = np.dtype("<f4")
CROP_BYTES = 4 * CROP.itemsize
# Any record is its own chunk, and films do not compress by much that their reader would not have to pay for.
WRITING = "group_size:1,uncompressed"
# Nothing is read before it is asked for, nor in threads of the reader's own: batches are made in threads already.
READING = "readahead_buffer_size:0,max_parallelism:0"
# What a channel of `ShardedPixels` shows.
FILM, BOXES = "film", "boxes"


class ShardedFiles:
    """The records of a folder of shards, by number, in any number of threads."""

    def __init__(self, folder: Path, manifest: dict):
        """Open the shards.

        Raises:
            EdgeError: one is missing, or is not as long as it was written.
        """
        reader = module().ArrayRecordReader
        self.size = manifest["size"]
        self._readers, counts = [], []
        for shard in manifest["shards"]:
            path = folder / shard["name"]
            found = path.stat().st_size if path.is_file() else None
            if found != shard["bytes"]:
                what = "is missing" if found is None else f"has {found} bytes"
                raise EdgeError(
                    f"{path}: {what}; {shard['bytes']} bytes are in {MANIFEST}; "
                    "make the shards again with 'python -m train shards'."
                )
            # An empty shard, all films of which had no lungs, cannot be opened and is never asked.
            self._readers.append(reader(str(path), READING) if shard["films"] else None)
            counts.append(shard["films"])
        self._names = [str(folder / shard["name"]) for shard in manifest["shards"]]
        self._first = np.concatenate([[0], np.cumsum(counts)])

    def read(self, record: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a film's crop, float32 (4,), and its pixels, uint8 (S, S).

        Raises:
            EdgeError: the shard is damaged.
        """
        shard = int(np.searchsorted(self._first, record, side="right")) - 1
        try:
            raw = self._readers[shard].read([record - int(self._first[shard])])[0]
        except RuntimeError as error:
            raise EdgeError(
                f"{self._names[shard]}: is damaged ({' '.join(str(error).split())[:120]}); remove the file and make it "
                "again with 'python -m train shards'."
            ) from error
        shown = np.frombuffer(raw, np.uint8, offset=CROP_BYTES).reshape(self.size, self.size)
        return np.frombuffer(raw, CROP, 4), shown


@dataclass(frozen=True)
class ShardedPixels:
    """Films or masks, uint8 (N, S, S, C), of which nothing is in memory; they behave as an array where it matters.

    A position gives a film, uint8 (S, S, C); other indices of rows give `ShardedPixels` of these; `np.asarray` reads
    all of them.

    Attributes:
        files: where they are.
        places: int64 (N,), the record of each.
        texts: of each, the radiologists' boxes as in the index; only if a channel shows them.
        channels: of `FILM` and `BOXES`.
    """

    files: ShardedFiles
    places: np.ndarray
    texts: np.ndarray
    channels: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return (N, S, S, C)."""
        return len(self.places), self.files.size, self.files.size, len(self.channels)

    def __len__(self) -> int:
        """Return the number of films."""
        return len(self.places)

    def __getitem__(self, at: Any) -> Any:
        """Return a film, or some films."""
        if isinstance(at, int | np.integer):
            return self._film(int(at))
        return ShardedPixels(self.files, self.places[at], self.texts[at], self.channels)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of them: uint8 (N, S, S, C)."""
        if copy is False:
            raise ValueError("films in shards cannot become an array without a copy")
        films = np.empty(self.shape, np.uint8)
        for at in range(len(self)):
            films[at] = self._film(at)
        return films if dtype is None else films.astype(dtype)

    def joined(self, other: "ShardedPixels") -> "ShardedPixels":
        """Return the same films with the channels of another view of them behind their own."""
        return ShardedPixels(self.files, self.places, self.texts, self.channels + other.channels)

    def _film(self, at: int) -> np.ndarray:
        crop, film = self.files.read(int(self.places[at]))

        def boxes():
            return opacities.masks([self.texts[at]], crop[np.newaxis], self.files.size)[0, ..., 0]

        return np.stack([film if name == FILM else boxes() for name in self.channels], axis=-1)


def module() -> Any:
    """Return the module that writes and reads ArrayRecord files, which has no published types."""
    from array_record.python import array_record_module  # pyright: ignore[reportAttributeAccessIssue]

    return array_record_module


def read_manifest(folder: Path) -> dict:
    """Return what `manifest.json` of a folder of shards holds.

    Raises:
        EdgeError: there is none, or it is of another format.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise EdgeError(
            f"{folder}: holds no finished shards (no {MANIFEST}); make them with 'python -m train shards --out "
            f"{folder}'; stopped, it goes on with the same command."
        )
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise EdgeError(
            f"{path}: is of format {manifest.get('format')!r}; this version reads {FORMAT}; make the shards again."
        )
    return manifest


def load(folder: Path, size: int, treatment: Treatment, lungs: Path, *, boxes: bool = False) -> FilmDataset:
    """Return the films of a folder of shards, as `film_dataset.load` returns those of an index.

    Args:
        folder: the shards.
        size: side of the network's input in pixels.
        treatment: how its films are to be shown.
        lungs: the lung-field network that the record of a run names.
        boxes: give the masks of radiologists' boxes too.

    Raises:
        EdgeError: the shards were made in another way, or are damaged.
    """
    manifest = read_manifest(folder)
    wanted = expected(size, treatment)
    for name, value in wanted.items():
        if manifest[name] != value:
            raise EdgeError(
                f"{folder}: was made with {name} {manifest[name]!r}; the recipe asks for {value!r}; make other shards "
                "with 'python -m train shards', or change the recipe."
            )
    cropped = treatment.crop != "none"
    if cropped and manifest["lungs_sha256"] != pixels.lungs_hash(lungs):
        raise EdgeError(
            f"{lungs}: is not the lung-field network that cropped the films of {folder} (its sha256 begins "
            f"'{manifest['lungs_sha256'][:12]}'); name that one with '--lungs FILE', or make the shards again."
        )
    films = index.in_splits(index.read(folder / FILMS))
    texts = films["boxes"].to_numpy(object)
    shown = ShardedPixels(ShardedFiles(folder, manifest), np.load(folder / PLACES), texts, (FILM,))
    made: Any = {"pixels": shown, "opacities": replace(shown, channels=(BOXES,)) if boxes else None}
    sha256 = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    return FilmDataset(
        films, index_sha256=manifest["index_sha256"], lungs=lungs if cropped else None, shards_sha256=sha256, **made
    )


def expected(size: int, treatment: Treatment) -> dict:
    """Return what the manifest of shards for a network of some size and treatment says."""
    shown = {"crop": treatment.crop, "outside": treatment.outside, "levels": treatment.levels}
    contract = {"contract": preprocess.CONTRACT_VERSION, "fingerprint": preprocess.fingerprint(size)}
    return {"size": size, "treatment": shown} | contract


def names(count: int) -> Sequence[str]:
    """Return the names of `count` shards."""
    return [f"films-{at:05d}-of-{count:05d}.array_record" for at in range(count)]
