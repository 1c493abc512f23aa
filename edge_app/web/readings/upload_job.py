"""An uploaded film while it waits and is read: in memory, without a name."""

import os
import time
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.errors import EdgeError

if TYPE_CHECKING:  # heavy: the queue forks before it is imported
    from edge_app.web.readings.trial import Trials


class UploadJob:
    """An uploaded film in a file in memory that has no name.

    The reader closes it. The sender must not, even if it stops waiting: the next film would get the same file number
    and be read in place of this one.

    Attributes:
        name: of the sender's file, for messages to the sender only.
        label: of the patient.
        keeper: keeps its reading in place of the store, if not None.
        path: under which the decoders read it.
        since: when it came, in seconds of `time.monotonic`.
        outcome: its `reading_store.Reading`, or the fault.
        abandoned: whether its sender no longer waits.
    """

    def __init__(self, content: bytes, name: str, label: str, keeper: "Trials | None" = None):
        self.name, self.label, self.keeper = name, label, keeper
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
