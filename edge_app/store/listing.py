"""A small SQLite file, its owner's alone: what is noted in it outlives a power cut, and what was deleted is gone."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from edge_app.errors import StoreFault, WrongUsage, remedy
from edge_app.store import store_file
from edge_app.store.migrations import transaction

# In WAL with synchronous=FULL a power cut loses nothing (`store_file`).
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON")


class Listing:
    """One connection, for many threads, one at a time."""

    def __init__(self, path: Path, version: int, tables: str):
        """Open it, or make it.

        Args:
            path: in a folder that must be there.
            version: of the tables.
            tables: statements that make them.

        Raises:
            WrongUsage: the folder cannot be used.
            StoreFault: the file is damaged, or of a newer program.
        """
        self._path, self._lock = path, threading.RLock()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            what = remedy(error, "name a folder of yours")
            raise WrongUsage(f"{path}: cannot be used ({error.strerror}); {what}.") from error
        with self._told():
            self._base = sqlite3.connect(
                path, timeout=store_file.PATIENCE, isolation_level=None, check_same_thread=False
            )
            for pragma in PRAGMAS:
                self._base.execute(f"PRAGMA {pragma}")
            (found,) = self._base.execute("PRAGMA user_version").fetchone()
        if found > version:
            self._base.close()
            raise StoreFault(
                f"{path}: is of a newer program (version {found}, this one reads {version}); use that program."
            )
        if found < version:
            with self.changing() as base:
                for statement in tables.split(";"):
                    base.execute(statement)
                base.execute(f"PRAGMA user_version={version}")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Let one thread in; `StoreFault` where SQLite fails."""
        with self._lock, self._told():
            yield self._base

    @contextlib.contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Let one thread in; all that it changes is on the disk after the block, or nothing of it."""
        with self.reading() as base, transaction(base):
            yield base

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise store_file.fault(self._path, error) from error
