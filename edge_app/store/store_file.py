"""The file of the store: an SQLite database, opened so that acknowledged results outlive a power cut.

It uses WAL with synchronous=FULL. In power cuts, JSON lines without fsync lost every acknowledged row, WAL with NORMAL
lost the last ones, and this lost none.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.errors import StoreFault, remedy
from edge_app.store.migrations import APPLICATION, MIGRATIONS, migrate, version

if TYPE_CHECKING:
    import sqlite3

# Seconds to wait for another run that holds the file.
PATIENCE = 10


def connect(path: Path, create: bool = True, shared: bool = False) -> "sqlite3.Connection":
    """Open a store's file, and bring it to the newest version; its connection begins no transaction by itself.

    Args:
        path: the file.
        create: make it, and its folder, if it is missing.
        shared: several threads will use the connection; the caller lets in one at a time.

    Raises:
        StoreFault: it is not a store of this program, is of a newer program, damaged, missing, or may not be opened.
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
        what = remedy(error, "name a file in a folder of yours")
        raise StoreFault(f"{path}: the store cannot be opened ({error.strerror}); {what}.") from error


def _prepare(base: "sqlite3.Connection", path: Path) -> None:
    application = base.execute("PRAGMA application_id").fetchone()[0]
    empty = not base.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION and not empty:
        raise StoreFault(f"{path}: is a database of another program; name another file for the store.")
    newest = MIGRATIONS[-1].version
    if (found := version(base)) > newest:
        raise StoreFault(
            f"{path}: is a store of a newer program (version {found}, this one reads {newest}); use that program."
        )
    mode = base.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise StoreFault(
            f"{path}: this file system does not support a write-ahead log (mode is '{mode}'); use a local disk."
        )
    base.execute("PRAGMA synchronous=FULL")
    base.execute("PRAGMA secure_delete=ON")
    migrate(base, MIGRATIONS)


def fault(path: Path, error: Exception) -> StoreFault:
    """Return the fault that an error of SQLite means for the user."""
    complaint = str(error)
    for mark, sentence in (
        ("locked", "another program holds the store; end it, or name another file"),
        ("full", "the disk is full; make room, or name a file on another disk"),
        ("readonly", "the store may not be written; change its permissions, or name another file"),
        ("disk I/O error", "the disk cannot be read or written, or the file has gone; look at it with 'doctor'"),
        ("not a database", "is not a database; name another file for the store"),
        ("malformed", "the store is damaged; keep a copy, and name another file for new results"),
        ("unable to open", "the store may not be opened; name a file in a folder of yours"),
    ):
        if mark in complaint:
            return StoreFault(f"{path}: {sentence} (SQLite says: {complaint}).")
    return StoreFault(f"{path}: SQLite says '{complaint}'; look at the store with 'doctor'.")
