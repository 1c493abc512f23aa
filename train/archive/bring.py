"""A film comes to a worker: out of an object store into a file for its decoder, and out of the table if it is known."""

import hashlib
import os
import shutil
import tempfile
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from edge_app.imaging import file_type
from edge_app.workers import decode_pool
from train.archive import storage
from train.archive.done import Done
from train.archive.listing import Film
from train.archive.storage import Store

# Films that are fetched side by side, ahead of the one that is judged: one takes some 50 ms to come from an object
# store, and is judged in 10.
AHEAD = 8
# A file of this many bytes does not fit into what a decoder may hold.
MOST_BYTES = decode_pool.MEMORY_MB * 1_000_000
# Parts of which the rows are kept in memory: an archive that was moved is met in its old order.
PARTS = 2


# Before the number of the process that fetches films into such a folder.
FOLDER = "covid-xray-films-"


def sweep(patience: float = 0.0) -> None:
    """Remove what workers of this machine had fetched and, since they were ended, could not remove themselves.

    Args:
        patience: seconds in which workers that are just ending may do so; those of another run go on.
    """
    end = time.monotonic() + patience
    while True:
        lasting = False
        for path in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
            if Path("/proc", path.name.removeprefix(FOLDER).partition("-")[0]).exists():
                lasting = True
            else:
                shutil.rmtree(path, ignore_errors=True)
        if not lasting or time.monotonic() >= end:
            return
        time.sleep(0.1)


class Fault(NamedTuple):
    """Why a film could not be brought; the sentence is read after its name."""

    sentence: str


# What a film becomes: a file for the judge, a row that the table has of its content, a fault, or no film at all.
Brought = Path | dict | Fault | None


class Bringer:
    """Brings films, a few ahead of who takes them."""

    def __init__(self, store: Store, done: Done):
        """Take what the table has."""
        self._store, self._done = store, done
        sweep()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
        self._threads = ThreadPoolExecutor(AHEAD)
        self._systems: dict[str, Any] = {}
        self._parts: OrderedDict[str, list[dict]] = OrderedDict()

    def films(self, films: list[Film]) -> Iterator[tuple[Film, Brought]]:
        """Yield each film with what it became, in order."""
        if not len(self._done.hashes) and all(storage.is_local(film.name) for film in films):
            yield from ((film, storage.local(film.name)) for film in films)
            return
        ahead: deque[tuple[Film, Future[Brought]]] = deque()
        for film in films:
            ahead.append((film, self._threads.submit(self._bring, film)))
            if len(ahead) > AHEAD:
                first, future = ahead.popleft()
                yield first, self._known(first, future.result())
        for first, future in ahead:
            yield first, self._known(first, future.result())

    def dismiss(self, path: Path) -> None:
        """Remove a film that was fetched, once it is judged."""
        if path.parent == self._folder:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove what was fetched."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _bring(self, film: Film) -> Brought:
        if storage.is_local(film.name):
            return storage.local(film.name)
        if film.size > MOST_BYTES:
            return Fault(f"has {film.size:,} bytes; at most {MOST_BYTES:,} are read; export a smaller picture.")
        kind = film.name.partition("://")[0]
        try:
            if kind not in self._systems:
                self._systems[kind] = storage.opened(film.name)[0]
            fs, path = self._systems[kind], film.name.partition("://")[2]
            if not film.sure:
                with fs.open(path, "rb") as file:
                    head = file.read(file_type.HEAD_LENGTH)
                if file_type.name(head) not in file_type.FILMS:
                    return None
            # The name's ending stays: it is what a sentence may speak of.
            fetched = self._folder / (film.stamp.hex() + Path(path).suffix)
            fetched.write_bytes(fs.cat_file(path))
            return fetched
        except Exception as error:  # whatever a client of a store raises: the others are still judged
            why = " ".join(str(error).split()).rstrip(".")[:200]
            return Fault(f"cannot be fetched ({type(error).__name__}: {why}); it is tried again at the next run.")

    def _known(self, film: Film, brought: Brought) -> Brought:
        """Return the row that the table has of a film's content; else what was brought."""
        if not isinstance(brought, Path) or not len(self._done.hashes):
            return brought
        try:
            with brought.open("rb") as file:
                place = self._done.place(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError:  # the judge says why
            return brought
        if place is None:
            return brought
        self.dismiss(brought)
        row = self._row(*place)
        before = row["path"] if row["path"] not in ("", film.name) else None
        return {**row, "path": film.name, "stored": True, "copy_of": before}

    def _row(self, part: str, row: int) -> dict:
        if part not in self._parts:
            from pyarrow import parquet

            with self._store.fs.open(self._store.path(part), "rb") as file:
                self._parts[part] = parquet.read_table(file).to_pylist()
            if len(self._parts) > PARTS:
                self._parts.popitem(last=False)
        self._parts.move_to_end(part)
        return self._parts[part][row]
