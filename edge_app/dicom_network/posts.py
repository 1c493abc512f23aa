"""The FHIR transactions that wait to be posted: a table of the ledger's file, and a folder of JSON beside it."""

import json
import sqlite3
import threading
import uuid
from pathlib import Path
from typing import NamedTuple

from edge_app import atomic_io
from edge_app.store.listing import Listing

# A table that a program without it leaves alone, so the file keeps its version.
TABLE = "CREATE TABLE IF NOT EXISTS posts (number INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL)"


class Post(NamedTuple):
    """A transaction that waits: its number, in the order in which films were judged, and its file."""

    number: int
    path: Path


class Posts:
    """What waits; any thread may use it.

    Attributes:
        news: is set when another one waits.
    """

    def __init__(self, listing: Listing, folder: Path):
        """Take the ledger's file; `folder` is of the transactions alone."""
        self._list, self.folder, self.news = listing, folder, threading.Event()
        folder.mkdir(exist_ok=True, mode=0o700)
        with listing.changing() as base:
            base.execute(TABLE)

    def written(self, bundle: dict) -> str:
        """Write a transaction to the disk; return its file's name, for `insert`."""
        name = f"{uuid.uuid4().hex}.json"
        with atomic_io.writing(self.folder / name, 0o600) as file:
            file.write(json.dumps(bundle).encode())
        return name

    def insert(self, base: sqlite3.Connection, name: str) -> None:
        """Note a written one, within a transaction of the ledger."""
        base.execute("INSERT INTO posts (file) VALUES (?)", (name,))

    def waiting(self, most: int) -> list[Post]:
        """Return the oldest."""
        with self._list.reading() as base:
            found = base.execute("SELECT number, file FROM posts ORDER BY number LIMIT ?", (most,)).fetchall()
        return [Post(number, self.folder / name) for number, name in found]

    def forget(self, post: Post) -> None:
        """Remove one: the server has it, or it is given up."""
        with self._list.changing() as base:
            base.execute("DELETE FROM posts WHERE number = ?", (post.number,))
        post.path.unlink(missing_ok=True)
