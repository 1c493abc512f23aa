"""Is the store whole, and can it be written? Asked of SQLite itself, without changing anything."""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from edge_app.health import FAULT, OK, Check, nearest


def check(path: Path) -> Check:
    """Check a store, or, where there is none yet, whether one could be made.

    Args:
        path: of the store's file.
    """
    if not path.exists():
        folder = nearest(path.parent)
        if _may_write(folder):
            return Check("store", OK, f"{path} is not there yet; 'classify --store' makes it")
        return Check("store", FAULT, f"{path} is not there, and {folder} may not be written; change its permissions")
    try:
        # Opened as it is: mode=rw makes no file, and an open transaction that is rolled back changes none.
        store = sqlite3.connect(f"file:{quote(os.fspath(path))}?mode=rw", uri=True, timeout=5, isolation_level=None)
        try:
            answer = store.execute("PRAGMA integrity_check(1)").fetchone()[0]
            store.execute("BEGIN IMMEDIATE")
            store.execute("ROLLBACK")
        finally:
            store.close()
    except sqlite3.Error as error:
        return Check("store", FAULT, f"{path}: {error}; restore it from a copy, or name another with '--store FILE'")
    if answer != "ok":
        return Check(
            "store", FAULT, f"{path} is damaged ({answer}); 'results export' what can be read, and make a new one"
        )
    if not _may_write(path):
        return Check("store", FAULT, f"{path} may not be written; change its permissions")
    return Check("store", OK, f"{path} is whole and can be written")


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
