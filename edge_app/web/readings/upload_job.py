"""A film that was sent, while it waits and is read: in memory, without a name."""

import os
import time
from concurrent.futures import Future
from pathlib import Path

from edge_app.errors import EdgeError


class Film:
    """What was sent, in a file in memory that has no name.

    Who reads it closes it: a sender who stopped waiting must not, since the next film would get the same number, and
    would be read in its place.
    """

    def __init__(self, content: bytes, name: str, label: str):
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
