"""Thumbnails of more films than memory holds: a file that is written once, and read by blocks and one by one."""

import copy
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np


class Thumbnails:
    """Films, uint8 (N, S, S), in a file. It reads like an array by a position or a slice, in any number of threads.

    The file is read, not mapped: what was read does not count as memory of the program.
    """

    def __init__(self, path: Path, side: int):
        """Make an empty file for films of `side` x `side` pixels."""
        self.side = side
        self._file = path.open("w+b", buffering=0)
        self._rows: np.ndarray | range = range(0)

    def __len__(self) -> int:
        """Return the number of films."""
        return len(self._rows)

    def append(self, films: np.ndarray) -> None:
        """Write more films, uint8 (M, S, S).

        Raises:
            ValueError: they are of another size or type.
        """
        if films.dtype != np.uint8 or films.shape[1:] != (self.side, self.side):
            raise ValueError(f"films are {films.dtype} {films.shape}; uint8 (M, {self.side}, {self.side}) is expected")
        whole = np.ascontiguousarray(films).data.cast("B")
        while len(whole):  # a call may write less than it was given (write(2))
            whole = whole[self._file.write(whole) :]
        self._rows = range(len(self._rows) + len(films))

    def chosen(self, rows: Sequence[int]) -> "Thumbnails":
        """Return some of the films, by position; the file is shared."""
        some = copy.copy(self)
        some._rows = np.asarray(self._rows)[np.asarray(rows, np.int64)]
        return some

    def __getitem__(self, at: int | slice) -> np.ndarray:
        """Return a film, uint8 (S, S), or films, uint8 (M, S, S)."""
        rows = self._rows[at] if isinstance(at, slice) else [self._rows[at]]
        films = np.empty((len(rows), self.side, self.side), np.uint8)
        for film, row in zip(films, rows, strict=True):
            if os.preadv(self._file.fileno(), [film.data], int(row) * film.size) != film.size:
                raise OSError(f"{self._file.name}: is shorter than when it was written")
        return films if isinstance(at, slice) else films[0]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
