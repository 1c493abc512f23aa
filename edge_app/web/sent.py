"""What was sent, as long as it waits and is read."""

import os
import time
from concurrent.futures import Future
from pathlib import Path

from edge_app.errors import EdgeError


class Film:
    """What was sent, in a file in memory that has no name.

    Who reads it closes it: a sender who stopped waiting must not, since the next film would get the same number, and
    would be read in its place.

    Attributes:
        name, label: as of `reader.Reader.submit`.
        outcome: the reading that becomes of it, or the fault.
        since: seconds, monotonic, of its arrival.
        abandoned: whether nobody waits for it any more.
        path: by which a decoder finds it.
    """

    def __init__(self, content: bytes, name: str, label: str):
        """Write it into memory.

        Raises:
            OSError: there is no memory, or no number for a file.
        """
        self.name, self.label = name, label
        self.outcome: Future = Future()
        self.since = time.monotonic()
        self.abandoned = False
        self._file = os.memfd_create("film")
        view = memoryview(content)
        while view:
            view = view[os.write(self._file, view) :]
        # The decoders were forked before the file was there; they reach it through its owner.
        self.path = Path(f"/proc/{os.getpid()}/fd/{self._file}")

    def fail(self, error: EdgeError) -> None:
        """Answer with a fault that names the file as its sender does."""
        self.close()
        shown = self.name or "the film"
        self.outcome.set_exception(type(error)(str(error).replace(str(self.path), shown)))

    def close(self) -> None:
        """Let go of what was sent; a second time does nothing."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def fault(film: Film, error: Exception) -> EdgeError:
    """Return what is told of a film that met a fault of ours."""
    return EdgeError(f"{film.path}: failed inside this program ({type(error).__name__}: {error}); report it.")
