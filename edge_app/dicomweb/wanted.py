"""What a PACS has told the node to pull, until it is here: in a file, so that a power cut loses none of it."""

import threading
from pathlib import Path
from typing import NamedTuple

from edge_app.dicom_network.intake import is_uid
from edge_app.store.listing import Listing

VERSION = 1
TABLES = """
CREATE TABLE wanted (
    number INTEGER PRIMARY KEY AUTOINCREMENT, study TEXT NOT NULL, series TEXT NOT NULL, uid TEXT NOT NULL,
    UNIQUE (study, series, uid)
)
"""
# What may wait: a year's films of a small site, some 2 MB.
MOST = 10_000


class Wanted(NamedTuple):
    """A study, a series of it, or an instance of that: Study, Series and SOP Instance UID, the last two "" for all."""

    study: str
    series: str = ""
    uid: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether each UID is one, and none is named without the one above it."""
        named = [one for one in self if one]
        return is_uid(self.study) and all(map(is_uid, named)) and list(self[: len(named)]) == named


class WantedList:
    """The list; any thread may use it.

    Attributes:
        news: is set when something is added.
    """

    def __init__(self, folder: Path):
        """Open or make it.

        Raises:
            WrongUsage, StoreFault: as of `Listing`.
        """
        self.news = threading.Event()
        self._list = Listing(folder / "wanted.sqlite", VERSION, TABLES)

    def add(self, one: Wanted) -> bool:
        """Take something to be pulled; it is on the disk after the return. Say whether there was room."""
        with self._list.changing() as base:
            if base.execute("SELECT count(*) FROM wanted").fetchone()[0] >= MOST:
                return False
            # One that is there already may be being pulled now: it goes to the end, and is looked at once more.
            base.execute("INSERT OR REPLACE INTO wanted (study, series, uid) VALUES (?, ?, ?)", one)
        self.news.set()
        return True

    def first(self) -> tuple[int, Wanted] | None:
        """Return the oldest, with its number; None if nothing waits."""
        with self._list.reading() as base:
            found = base.execute("SELECT number, study, series, uid FROM wanted ORDER BY number LIMIT 1").fetchone()
        return (found[0], Wanted(*found[1:])) if found else None

    def done(self, number: int) -> None:
        """Take one off."""
        with self._list.changing() as base:
            base.execute("DELETE FROM wanted WHERE number = ?", (number,))

    def close(self) -> None:
        """Close it."""
        self._list.close()
