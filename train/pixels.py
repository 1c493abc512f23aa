"""Every film once through the contract, kept as one memory-mapped array: decoding costs more than training on it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from edge_app import preprocess, radiograph
from edge_app.errors import EdgeError, UnreadableRadiograph


def cache_path(folder: Path, index_hash: str, size: int) -> Path:
    """Name the cache after all that decides its content: the index, the contract and the size."""
    return folder / f"pixels-{size}-c{preprocess.CONTRACT_VERSION}-{index_hash[:12]}.npy"


def load(films, data: Path, size: int, path: Path) -> np.ndarray:
    """Return the pixels of `films` (rows of the index, in order), reading them from `data` if `path` is not there yet.

    Returns:
        uint8 (N, size, size, 1), memory-mapped read-only.

    Raises:
        EdgeError: `data` does not hold a film of the index.
    """
    if not path.exists():
        _write(films, data, size, path)
    return np.load(path, mmap_mode="r")


def read_film(path: Path, size: int) -> np.ndarray:
    """Read one film as the edge does: uint8 (size, size, 1)."""
    try:
        return preprocess.to_pixels(radiograph.read(path, preprocess.least_side(size)), size)
    except UnreadableRadiograph as error:
        raise EdgeError(f"{error} The index has this film in a split: run 'python -m train index' again.") from error


def _write(films, data: Path, size: int, path: Path) -> None:
    if not data.is_dir():
        raise EdgeError(f"{data}: no such folder; it must hold the films of the index; name it with '--data DIR'.")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")  # a half-written cache must never be taken for a whole one
    shape = (len(films), size, size, 1)
    pixels = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
    with ThreadPoolExecutor() as pool:
        read = pool.map(lambda name: read_film(data / name, size), films["path"])
        for i, film in enumerate(tqdm(read, total=len(films), desc=f"pixels at {size}", unit="film", disable=None)):
            pixels[i] = film
    pixels.flush()
    part.rename(path)
