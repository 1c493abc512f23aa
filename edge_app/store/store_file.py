"""The file of the store: an SQLite database, opened so that what was acknowledged outlives a power cut.

WAL with synchronous=FULL: JSON lines without fsync lost every acknowledged row in a power cut, WAL with NORMAL the last
ones, this none.
"""

import contextlib
import os
from pathlib import Path

from edge_app.errors import StoreFault

# "CXRS": tells our files from other programs' (SQLite's `PRAGMA application_id`).
APPLICATION = 0x43585253
VERSION = 1
# How long another run may hold the file before we give up, in seconds.
PATIENCE = 10
SCHEMA = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, program TEXT NOT NULL, model TEXT NOT NULL,
    model_sha256 TEXT NOT NULL, operating_point TEXT NOT NULL, prevalence REAL, terms TEXT NOT NULL
);
CREATE TABLE films (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), film TEXT NOT NULL, model_sha256 TEXT NOT NULL,
    operating_point TEXT NOT NULL, path TEXT NOT NULL, time TEXT NOT NULL, verdict TEXT, refusal TEXT, error TEXT,
    row TEXT NOT NULL, UNIQUE (film, model_sha256, operating_point)
);
CREATE INDEX films_by_time ON films (time);
CREATE TABLE copies (
    film TEXT NOT NULL, path TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (film, path)
) WITHOUT ROWID;
"""


def connect(path: Path, create: bool = True, shared: bool = False):
    """Open a store's file; return an `sqlite3.Connection` without transactions of its own making.

    Args:
        path: the file.
        create: make it, and its folder, if it is missing.
        shared: several threads will use it, of which the caller lets in one at a time.

    Raises:
        StoreFault: it is no store of ours, of a newer program, damaged, missing, or may not be opened.
    """
    import sqlite3

    _check(path, create)
    try:
        base = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=not shared)
    except sqlite3.Error as error:
        raise fault(path, error) from error
    try:
        _prepare(base, path)
    except sqlite3.Error as error:
        base.close()
        raise fault(path, error) from error
    except BaseException:
        base.close()
        raise
    return base


def _check(path: Path, create: bool) -> None:
    try:
        if path.exists() and not path.is_file():
            raise StoreFault(f"{path}: is not a regular file; name a file for the store.")
        if path.exists():
            return
        if not create:
            raise StoreFault(f"{path}: there is no store; 'classify --store' and 'watch --store' make one.")
        path.parent.mkdir(parents=True, exist_ok=True)
        # Verdicts of patients: only their owner may read them. SQLite gives its own files beside it the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreFault(
            f"{path}: the store cannot be opened ({error.strerror}); name a file in a folder of yours."
        ) from error


def _prepare(base, path: Path) -> None:
    application, version = (base.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    empty = not base.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION and not empty:
        raise StoreFault(f"{path}: is a database of another program; name another file for the store.")
    if version > VERSION:
        raise StoreFault(
            f"{path}: is a store of a newer program (version {version}, this one reads {VERSION}); use that."
        )
    mode = base.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise StoreFault(f"{path}: this file system bears no write-ahead log (mode is '{mode}'); use a local disk.")
    base.execute("PRAGMA synchronous=FULL")
    base.execute("PRAGMA secure_delete=ON")
    if empty:
        with transaction(base):  # another run may have been faster
            if not base.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                for statement in SCHEMA.split(";"):
                    base.execute(statement)
                base.execute(f"PRAGMA application_id={APPLICATION}")
                base.execute(f"PRAGMA user_version={VERSION}")


@contextlib.contextmanager
def transaction(base):
    """Do all of it or nothing: on leaving, it is on the disk."""
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):  # SQLite rolls back by itself where the disk is full
            base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")


def fault(path: Path, error: Exception) -> StoreFault:
    """Return what an error of SQLite means for the user."""
    said = str(error)
    for mark, sentence in (
        ("locked", "another program holds the store; end it, or name another file"),
        ("full", "the disk is full; make room, or name a file on another disk"),
        ("readonly", "the store may not be written; change its permissions, or name another file"),
        ("disk I/O error", "the disk cannot be read or written, or the file has gone; look at it with 'doctor'"),
        ("not a database", "is not a database; name another file for the store"),
        ("malformed", "the store is damaged; keep a copy, and name another file for new results"),
        ("unable to open", "the store may not be opened; name a file in a folder of yours"),
    ):
        if mark in said:
            return StoreFault(f"{path}: {sentence} (SQLite says: {said}).")
    return StoreFault(f"{path}: SQLite says '{said}'; look at the store with 'doctor'.")
