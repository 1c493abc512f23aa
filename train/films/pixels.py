"""Films decoded and preprocessed once, kept as memory-mapped arrays: decoding costs more than training."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from tqdm import tqdm

from edge_app import atomic_io
from edge_app.errors import EdgeError, NoLungField, UnreadableRadiograph
from edge_app.imaging import lung_field, preprocess, radiograph
from edge_app.model import classifier
from train.films import treatments
from train.films.indexed_films import LUNGS, IndexedFilms

# Of each part of a film that is kept: its name, shape and dtype.
Parts = dict[str, tuple[tuple[int, ...], DTypeLike]]


@dataclass(frozen=True)
class Crops:
    """Films cropped to their lungs, one row a film.

    Attributes:
        pictures: uint8 (N, S, S), before grey levels are stretched.
        masks: uint8 (N, S, S), 255 = lung, in the frame of the crop; all 0 where no lungs were found.
        boxes: float32 (N, 4), top, left, bottom, right, 0 .. 1 of the whole film.
        found: bool (N,), whether lungs were found.
    """

    pictures: np.ndarray
    masks: np.ndarray
    boxes: np.ndarray
    found: np.ndarray

    def finish(self, outside: str = preprocess.OUTSIDE, levels: str = preprocess.LEVELS) -> np.ndarray:
        """Return what a classifier sees, uint8 (N, S, S, 1); arguments as of `treatments.finish`."""
        done = np.zeros((*self.pictures.shape, 1), np.uint8)
        for i in np.flatnonzero(self.found):
            done[i] = treatments.finish(self.pictures[i], self.masks[i], outside, levels)
        return done


def load(indexed: IndexedFilms, size: int) -> np.ndarray:
    """Return whole films, in the order of the index, decoding them if they are not in the cache yet.

    Returns:
        uint8 (N, size, size, 1), memory-mapped read-only.

    Raises:
        EdgeError: the data folder does not hold a film of the index.
    """
    folder = indexed.cache / f"whole-{size}-c{preprocess.CONTRACT_VERSION}-{indexed.index_sha256[:12]}"
    if not folder.exists():

        def make(grey, _):
            return {"pixels": preprocess.to_pixels(grey, size)}

        write(indexed, size, folder, {"pixels": ((size, size, 1), np.uint8)}, make)
    return np.load(folder / "pixels.npy", mmap_mode="r")


def load_crops(indexed: IndexedFilms, size: int) -> Crops:
    """Return films cropped to their lungs, as `load`.

    Raises:
        EdgeError: as of `load`, or there is no lung-field network.
    """
    finder = classifier.LungFinder(indexed.lungs)
    folder = indexed.cache / (
        f"lungs-{size}-c{preprocess.CONTRACT_VERSION}-{indexed.index_sha256[:12]}-{lungs_hash(indexed.lungs)[:8]}"
    )
    if not folder.exists():

        def make(grey, _):
            try:
                field = finder.find_lungs(grey)
            except NoLungField:
                return {}
            return cropped(grey, field, size)

        write(indexed, size, folder, crop_parts(size), make)
    return read_crops(folder, size)


def cropped(grey: np.ndarray, field: lung_field.LungField, size: int) -> dict:
    """Return a row of `Crops`, by name, of a film, uint8 (H, W), and its lungs."""
    parts = {"pictures": grey, "masks": field.mask}
    parts = {name: preprocess.shrink(part, size, field.box) for name, part in parts.items()}
    return parts | {"boxes": field.box, "found": True}


def crop_parts(size: int) -> Parts:
    """Return the parts of a row of `Crops`."""
    square = ((size, size), np.uint8)
    return {"pictures": square, "masks": square, "boxes": ((4,), np.float32), "found": ((), bool)}


def read_crops(folder: Path, size: int) -> Crops:
    """Return the crops of a cache, memory-mapped."""
    return Crops(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in crop_parts(size)))


def lungs_hash(lungs: Path = LUNGS) -> str:
    """Return the sha256 of the lung-field network's file."""
    return hashlib.sha256(lungs.read_bytes()).hexdigest()


def check_lungs(lungs: Path, record: dict, run_dir: Path) -> None:
    """Refuse another lung-field network than the one that cropped the films of a run; whole films need none.

    Raises:
        EdgeError: `lungs` has not the hash in `record`, the `run.json` of `run_dir`.
    """
    wanted, found = record["lungs_sha256"], lungs_hash(lungs) if lungs.is_file() else None
    if wanted and found != wanted:
        what = f"its sha256 begins '{found[:12]}'" if found else "there is no such file"
        raise EdgeError(
            f"{lungs}: is not the lung-field network that the films of {run_dir} were cropped with ({what}, that one's "
            f"begins '{wanted[:12]}'); name it with '--lungs FILE', or train again."
        )


def read_film(path: Path, size: int) -> np.ndarray:
    """Read one film as the edge does: uint8 (H, W)."""
    try:
        return radiograph.read(path, preprocess.least_side(size))
    except UnreadableRadiograph as error:
        raise EdgeError(f"{error} The index has this film in a split: run 'python -m train index' again.") from error


def write(
    indexed: IndexedFilms, size: int, folder: Path, kinds: Parts, make: Callable[[np.ndarray, str], dict[str, Any]]
) -> None:
    """Fill a folder with an array of each part of every film.

    Args:
        indexed: the films.
        size: side of the input of the network that will see them; it decides at which scale they are decoded.
        folder: made here; it appears when it is whole.
        kinds: the parts.
        make: given a film, uint8 (H, W), and its path as in the index, in several threads; returns parts by name.
    """
    data, films = indexed.data, indexed.table
    if not data.is_dir():
        raise EdgeError(f"{data}: no such folder; it must hold the films of the index; name it with '--data DIR'.")
    part = folder.with_name(folder.name + ".part")  # a half-written cache must never be taken for a whole one
    part.mkdir(parents=True, exist_ok=True)
    arrays = {
        name: np.lib.format.open_memmap(part / f"{name}.npy", mode="w+", dtype=dtype, shape=(len(films), *shape))
        for name, (shape, dtype) in kinds.items()
    }
    with ThreadPoolExecutor() as pool:
        made = pool.map(lambda name: make(read_film(data / name, size), name), films["path"])
        for i, parts in enumerate(tqdm(made, total=len(films), desc=folder.name, unit="film", disable=None)):
            for name, value in parts.items():
                arrays[name][i] = value
    for array in arrays.values():
        array.flush()
    atomic_io.rename(part, folder)
