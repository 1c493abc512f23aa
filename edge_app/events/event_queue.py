"""The queue of events on the disk, an SQLite file: what is in it outlives a power cut, and is sent at least once.

Services that judge put events in; the page's service alone takes them out, for each sink in their order. Without a sink
nothing is kept. Its bound is `MOST`: then the oldest of the least worth goes, and is counted.
"""

import contextlib
import json
import secrets
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from edge_app.errors import StoreFault
from edge_app.events.event import FAILED, JUDGED, Event
from edge_app.store import store_file
from edge_app.store.migrations import transaction

# In the page's state folder.
NAME = "events.sqlite"
# Events that wait at most, some 4 MB: a busy site's week.
MOST = 10_000
# Events that are read at once: their bodies take some 100 kB of memory.
AT_ONCE = 200
# "CXRE", SQLite's `PRAGMA application_id`, and the version of the tables.
APPLICATION, VERSION = 0x43585245, 1
# Seconds to wait for another service that writes.
PATIENCE = 5
# What SQLite says of a file that a broken disk has spoilt.
DAMAGED = ("malformed", "not a database")
TABLES = """
CREATE TABLE sinks (
    name TEXT PRIMARY KEY, used INTEGER NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, time TEXT NOT NULL, kind TEXT NOT NULL,
    worth INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE INDEX events_by_worth ON events (worth, number);
CREATE TABLE waiting (
    sink TEXT NOT NULL REFERENCES sinks (name), event INTEGER NOT NULL, PRIMARY KEY (sink, event)
) WITHOUT ROWID;
CREATE INDEX waiting_by_event ON waiting (event);
CREATE TABLE faults (name TEXT PRIMARY KEY, since TEXT NOT NULL, words TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class Line(NamedTuple):
    """What waits for a sink, and the counts of what it was given and what a full queue gave up."""

    waiting: int
    delivered: int
    dropped: int


class EventQueue:
    """One connection to the queue; for many threads, one at a time."""

    def __init__(self, folder: Path, hasty: bool = False):
        """Open the queue of a page's state folder, and make it if it is not there.

        Args:
            folder: the state folder.
            hasty: do not wait for the disk at each change: after a power cut something may be delivered again.

        Raises:
            StoreFault: it cannot be opened, or is of another program.
        """
        import sqlite3

        self.path = folder / NAME
        self._lock = threading.Lock()
        with self._told():
            try:
                self._open(hasty)
            except sqlite3.DatabaseError as error:
                if not any(mark in str(error) for mark in DAMAGED):
                    raise
                # What waited cannot be read any more; what comes must not be lost too.
                self._base.close()
                self.path.replace(folder / f"{NAME}.damaged")
                for ending in ("-wal", "-shm"):
                    self.path.with_name(NAME + ending).unlink(missing_ok=True)
                self._open(hasty)

    def _open(self, hasty: bool) -> None:
        import os
        import sqlite3

        if not self.path.exists():  # its owner's alone; SQLite gives its own files beside it the same mode
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        base = self._base = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute(f"PRAGMA synchronous={'NORMAL' if hasty else 'FULL'}")
        base.execute("PRAGMA secure_delete=ON")
        with transaction(base):
            version = base.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION or (version and base.execute("PRAGMA application_id").fetchone()[0] != APPLICATION):
                raise StoreFault(
                    f"{self.path}: is not a queue of this program, or of a newer one (version {version}, this one "
                    f"reads {VERSION}); move it away."
                )
            if version == 0:
                for statement in TABLES.split(";"):
                    base.execute(statement)
                base.execute("INSERT INTO facts VALUES ('device', ?)", (secrets.token_hex(4),))
                base.execute(f"PRAGMA application_id={APPLICATION}")
                base.execute(f"PRAGMA user_version={VERSION}")
            base.execute("CREATE INDEX IF NOT EXISTS events_by_id ON events (id)")

    @property
    def device(self) -> str:
        """The name of this device that it gave itself: 8 hexadecimal digits."""
        return self.fact("device")

    def fact(self, name: str) -> str:
        """Return what is noted under a name; empty for nothing."""
        with self._told():
            found = self._base.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return found[0] if found else ""

    def use(self, names: Iterable[str]) -> None:
        """Say which sinks are used from now on; what waits for others is given up."""
        names = sorted(names)
        marks = ", ".join("?" * len(names))
        with self._told(), transaction(self._base):
            self._base.execute(f"UPDATE sinks SET used = name IN ({marks})", names)
            for name in names:
                self._base.execute("INSERT OR IGNORE INTO sinks (name, used) VALUES (?, 1)", (name,))
            self._base.execute(f"DELETE FROM waiting WHERE sink NOT IN ({marks})", names)
            self._base.execute("DELETE FROM events WHERE number NOT IN (SELECT event FROM waiting)")

    def put(self, event: Event) -> bool:
        """Queue an event for every sink that is used; it is on the disk when this returns. Return whether there is one.

        Raises:
            StoreFault: it cannot be written.
        """
        with self._told(), transaction(self._base):
            return self._insert(event)

    def _insert(self, event: Event) -> bool:
        if not self._base.execute("SELECT count(*) FROM sinks WHERE used").fetchone()[0]:
            return False
        if self._base.execute("SELECT 1 FROM events WHERE id = ?", (event.id,)).fetchone():
            return True  # it was told again after a power cut
        data = json.dumps(event.data)
        number = self._base.execute(
            "INSERT INTO events (id, time, kind, worth, data) VALUES (?, ?, ?, ?, ?)",
            (event.id, event.time, event.kind, event.worth, data),
        ).lastrowid
        self._base.execute("INSERT INTO waiting SELECT name, ? FROM sinks WHERE used", (number,))
        if event.kind == JUDGED:
            last = json.dumps({"time": event.time, "data": event.data})
            self._base.execute("INSERT OR REPLACE INTO facts VALUES ('last', ?)", (last,))
        self._keep_to_bound()
        return True

    def _keep_to_bound(self) -> None:
        over = self._base.execute("SELECT count(*) FROM events").fetchone()[0] - MOST
        if over <= 0:
            return
        least = "SELECT number FROM events ORDER BY worth, number LIMIT ?"
        for (number,) in self._base.execute(least, (over,)).fetchall():
            self._base.execute(
                "UPDATE sinks SET dropped = dropped + 1 WHERE name IN (SELECT sink FROM waiting WHERE event = ?)",
                (number,),
            )
            self._base.execute("DELETE FROM waiting WHERE event = ?", (number,))
            self._base.execute("DELETE FROM events WHERE number = ?", (number,))

    def waiting(self, sink: str, after: int = 0, most: int = AT_ONCE) -> list[Event]:
        """Return the oldest events that wait for a sink, of those with a number above `after`, at most `most`."""
        with self._told():
            found = self._base.execute(
                "SELECT kind, data, id, time, number FROM waiting JOIN events ON number = event"
                " WHERE sink = ? AND event > ? ORDER BY event LIMIT ?",
                (sink, after, most),
            ).fetchall()
        return [Event(kind, json.loads(data), *rest) for kind, data, *rest in found]

    def waits(self, sink: str, number: int) -> bool:
        """Return whether an event still waits for a sink: a full queue may have given it up."""
        with self._told():
            found = self._base.execute("SELECT 1 FROM waiting WHERE sink = ? AND event = ?", (sink, number))
            return found.fetchone() is not None

    def done(self, sink: str, number: int, delivered: bool = True) -> None:
        """Note that a sink was given an event, or, unless `delivered`, that it is given up."""
        count = "delivered" if delivered else "dropped"
        with self._told(), transaction(self._base):
            gone = self._base.execute("DELETE FROM waiting WHERE sink = ? AND event = ?", (sink, number)).rowcount
            self._base.execute(f"UPDATE sinks SET {count} = {count} + ? WHERE name = ?", (gone, sink))
            self._base.execute(
                "DELETE FROM events WHERE number = ? AND NOT EXISTS (SELECT 1 FROM waiting WHERE event = number)",
                (number,),
            )

    def lines(self) -> dict[str, Line]:
        """Return what waits and what was counted, by sink; sinks that were used once are among them."""
        with self._told():
            found = self._base.execute(
                "SELECT name, (SELECT count(*) FROM waiting WHERE sink = name), delivered, dropped FROM sinks"
            ).fetchall()
        return {name: Line(*counts) for name, *counts in found}

    def raise_fault(self, name: str, words: str, since: str) -> bool:
        """Note a fault; return whether it is new."""
        with self._told(), transaction(self._base):
            done = self._base.execute("INSERT OR IGNORE INTO faults VALUES (?, ?, ?)", (name, since, words))
            return done.rowcount > 0

    def clear_fault(self, name: str) -> bool:
        """Note that a fault is over; return whether there was one."""
        with self._told(), transaction(self._base):
            return self._base.execute("DELETE FROM faults WHERE name = ?", (name,)).rowcount > 0

    def faults(self) -> dict[str, str]:
        """Return the faults that last, with their words, the oldest first."""
        with self._told():
            return dict(self._base.execute("SELECT name, words FROM faults ORDER BY since").fetchall())

    def erase(self) -> None:
        """Forget all events of films, and the last verdict."""
        with self._told():
            with transaction(self._base):
                films = "SELECT number FROM events WHERE kind IN (?, ?)"
                self._base.execute(f"DELETE FROM waiting WHERE event IN ({films})", (JUDGED, FAILED))
                self._base.execute("DELETE FROM events WHERE kind IN (?, ?)", (JUDGED, FAILED))
                self._base.execute("DELETE FROM facts WHERE name = 'last'")
            self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log still holds what was deleted

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Let one thread in, and tell an error of SQLite or of the disk as a `StoreFault`."""
        import sqlite3

        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise store_file.fault(self.path, error) from error
            except OSError as error:
                raise StoreFault(f"{self.path}: the queue of events cannot be opened ({error.strerror}).") from error
