"""What the store holds: followed while films are judged, and accounted for at the end."""

import hashlib
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

# Seconds between two looks, which also measure how long a film in the folder took.
LOOK = 0.2
NEW = """SELECT films.id, films.path, films.row, reading_origins.source, reading_origins.facts FROM films
    LEFT JOIN readings ON readings.film = films.film LEFT JOIN reading_origins ON reading_origins.reading = readings.id
    WHERE films.id > ? GROUP BY films.id ORDER BY films.id"""


class Follower(threading.Thread):
    """Tells each new row of the store.

    Attributes:
        rows: of the table `films` so far.
    """

    def __init__(self, path: Path, tell: Callable[[str, dict, str, dict], object]):
        """Begin; `tell` is given the path, the row, the source and the facts of each film."""
        super().__init__(daemon=True)
        self._path, self._tell, self._end, self.rows = path, tell, threading.Event(), 0

    def run(self) -> None:
        """Look again and again."""
        last, since = 0, ""
        with closing(opened(self._path)) as base:
            while not self._end.wait(LOOK):
                for number, path, row, source, facts in base.execute(NEW, (last,)).fetchall():
                    last, self.rows = number, self.rows + 1
                    self._tell(path, json.loads(row), source or "", json.loads(facts or "{}"))
                # The same bytes under another name get no row of their own.
                query = "SELECT path, time, row FROM (SELECT copies.path AS path, copies.time AS time, row FROM copies"
                query += " JOIN films ON films.film = copies.film) WHERE time >= ? ORDER BY time"
                for path, time, row in base.execute(query, (since,)).fetchall():
                    since = time
                    self._tell(path, json.loads(row), "copy", {})

    def end(self) -> None:
        """Look no more."""
        self._end.set()
        self.join()


def opened(path: Path) -> sqlite3.Connection:
    """Open an SQLite file that others write, for reading."""
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30, isolation_level=None)


def of_folder(store: Path, sent: list[str]) -> tuple[int, int]:
    """Return how many of the files of the folder the store lacks, and how many it holds twice."""
    with closing(opened(store)) as base:
        found = Counter(path for (path,) in base.execute("SELECT path FROM films UNION ALL SELECT path FROM copies"))
    return sum(found[path] == 0 for path in sent), sum(found[path] > 1 for path in sent)


def of_page(store: Path, sent: set[str], deleted: set[str]) -> tuple[int, int]:
    """Return how many readings of the API the store lacks, and how many it holds that were deleted or never told."""
    with closing(opened(store)) as base:
        query = "SELECT reading FROM reading_origins JOIN readings ON id = reading WHERE source = 'api'"
        found = {id for (id,) in base.execute(query)}
    return len(sent - deleted - found), len(found - (sent - deleted))


def of_node(store: Path, ledger: Path, sent: list[str]) -> tuple[int, int]:
    """Return how many acknowledged films node and store lack, and how many rows the store has beyond them."""
    with closing(opened(ledger)) as base:
        known = dict(base.execute("SELECT uid, judged FROM films").fetchall())
    lacking = sum(not known.get(hashlib.sha256(uid.encode()).hexdigest()) for uid in sent)
    with closing(opened(store)) as base:
        # Only the node keeps films that could not be read without a path.
        query = "SELECT (SELECT count(*) FROM readings JOIN reading_origins ON reading = id WHERE source = 'dicom'"
        query += " AND verdict IS NOT NULL) + (SELECT count(*) FROM films WHERE path = '' AND error IS NOT NULL)"
        rows = base.execute(query).fetchone()[0]
    return lacking + max(0, len(known) - rows), max(0, rows - len(known))


def events(queue: Path, ids: list[str]) -> dict[str, int]:
    """Return how many events were made, were delivered, came twice, wait, and were given up by a full queue."""
    with closing(opened(queue)) as base:
        made = base.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'").fetchone()[0]
        waiting = base.execute("SELECT count(*) FROM waiting").fetchone()[0]
        dropped = base.execute("SELECT coalesce(sum(dropped), 0) FROM sinks").fetchone()[0]
    return {
        "made": made,
        "delivered": len(set(ids)),
        "twice": len(ids) - len(set(ids)),
        "waiting": waiting,
        "dropped": dropped,
    }
