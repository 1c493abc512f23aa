"""Films at full depth on the disk: a file each, named by its reading, under a budget of bytes.

They live as long as their readings, and less where the budget is spent: the oldest go first, and the reading is then
shown with its smaller picture. What is deleted is overwritten before its name goes.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Container
from pathlib import Path

from edge_app.errors import StoreFault, remedy
from edge_app.web.readings.film_file import FilmFile

# Of a file that is being written.
UNDONE = ".part"
# Bytes that are overwritten at a time.
PART = 1 << 20


class FilmKeeper:
    """Keeps films at full depth in a folder that nobody but its owner can read; for many threads."""

    def __init__(self, folder: Path, most_bytes: int):
        """Make the folder.

        Args:
            folder: of the films alone.
            most_bytes: of all films together; 0 keeps none.

        Raises:
            StoreFault: it cannot be made.
        """
        self._folder, self._most, self._lock = folder, most_bytes, threading.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            what = remedy(error, "it must be a folder of this program; move what is there")
            raise StoreFault(f"{folder}: cannot be made ({error.strerror}); {what}.") from error

    @property
    def keeps(self) -> bool:
        """Whether it keeps films at all."""
        return self._most > 0

    def keep(self, id: str, content: bytes, wanted: Callable[[], bool]) -> bool:
        """Write a film; make room for it first.

        Args:
            id: of its reading.
            content: of `film_file.pack`.
            wanted: called last; whether the reading still exists.

        Returns:
            Whether it is kept: it fits into the budget and on the disk, and is wanted.
        """
        if len(content) > self._most:
            return False
        path, undone = self._folder / id, self._folder / (id + UNDONE)
        try:
            with self._lock:
                self._make_room(self._most - len(content))
                file = os.open(undone, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with open(file, "wb") as out:  # noqa: PTH123
                    out.write(content)
                if wanted():
                    undone.rename(path)
                    return True
        except OSError:  # the disk is full, as the doctor tells
            pass
        _remove(undone)
        return False

    def open(self, id: str) -> FilmFile | None:
        """Return the film of a reading; None if none is kept."""
        try:
            return FilmFile(self._folder / id)
        except (OSError, ValueError, LookupError):
            return None

    def remove_all_but(self, wanted: Callable[[], Container[str]]) -> None:
        """Delete every film whose reading is not among those that `wanted` returns, and what was left undone."""
        with self._lock:  # first: no film of a newer reading may come in between
            ids = wanted()
            for path in self._folder.iterdir():
                if path.name not in ids:
                    _remove(path)

    def _make_room(self, most: int) -> None:
        """Delete the oldest films until the others take this many bytes at most."""
        found = []
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):  # just deleted
                told = path.stat()
                found.append((told.st_mtime_ns, told.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= most:
                return
            _remove(path)
            total -= size


def _remove(path: Path) -> None:
    """Overwrite a file and delete it, if it is there; one that cannot be overwritten is deleted too."""
    with contextlib.suppress(OSError), path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(bytes(min(PART, left)))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
