"""An uploaded film while it waits and is read: in memory, without a name."""

import os
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from edge_app.errors import EdgeError


class UploadJob:
    """An uploaded film in a file in memory that has no name.

    The reader closes it. The sender must not, even if it stops waiting: the next film would get the same file number
    and be read in place of this one.

    Attributes:
        name: of the sender's file.
        label: of the patient.
        origin: what else `ReadingStore.keep` is told of it.
        path: under which the decoders read it.
        since: when it came, in seconds of `time.monotonic`.
        outcome: its `reading_store.Reading`, or the fault.
        abandoned: whether its sender no longer waits.
    """

    def __init__(self, content: bytes, name: str, label: str, origin: Mapping[str, Any]):
        self.name, self.label, self.origin = name, label, origin
        self.outcome: Future = Future()
        self.since = time.monotonic()
        self.abandoned = False
        file = os.memfd_create("film")
        self._file: int | None = file
        view = memoryview(content)
        while view:
            view = view[os.write(file, view) :]
        # The decoders were forked before the file existed; they open it through this process.
        self.path = Path(f"/proc/{os.getpid()}/fd/{file}")

    def fail(self, error: EdgeError) -> None:
        """Answer with a fault that names the file as the sender does."""
        self.close()
        shown = self.name or "the film"
        self.outcome.set_exception(type(error)(str(error).replace(str(self.path), shown)))

    def close(self) -> None:
        """Free the memory of what was sent; a second call does nothing."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
