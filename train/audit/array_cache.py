"""Arrays that took minutes, kept beside the run under a name that says what they were made of."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge_app import atomic_io


def key(*parts: str | bytes | np.ndarray | Path) -> str:
    """Return a hash of texts, arrays and files: what decides an array's content."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            part = part.read_bytes()
        elif isinstance(part, str):
            part = part.encode()
        digest.update(np.ascontiguousarray(part).data if isinstance(part, np.ndarray) else part)
        digest.update(b"\0")
    return digest.hexdigest()


class ArrayCache:
    """A folder of `.npy` files, one a name; what was made of other things is made again and replaced."""

    def __init__(self, folder: Path):
        """Keep the arrays in `folder`, which is made when the first one comes."""
        self.folder = folder

    def get(self, name: str, made_of: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the array called `name`, from the folder if it was made of the same things, else from `make`."""
        name = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")
        path = self.folder / f"{name}-{made_of[:12]}.npy"
        if not path.exists():
            array = make()
            self.folder.mkdir(parents=True, exist_ok=True)
            for old in self.folder.glob(f"{name}-{'[0-9a-f]' * 12}.npy"):
                old.unlink()
            with atomic_io.writing(path) as file:  # a half-written array must never be taken for a whole one
                np.save(file, array)
        return np.load(path)
