"""Readings whose event may not be on the disk yet: after a power cut a service tells them at its next start."""

from typing import TYPE_CHECKING

from edge_app.store.reading import SELECT, Reading, parsed

if TYPE_CHECKING:
    import sqlite3


class Untold:
    """A service's part of table `untold`; whoever calls holds the connection.

    A reading is noted in the transaction that writes it, and no longer once another is written after it was told: so
    no film costs a transaction of its own, and what was told last may be told again, by the same event.
    """

    def __init__(self, base: "sqlite3.Connection"):
        """Take a connection to a store with the tables."""
        self._base = base
        self._noted: set[str] = set()
        self._told: set[str] = set()

    def insert(self, reading: str) -> None:
        """Note a reading by its id, in the transaction that writes it."""
        self.forget()
        self._base.execute("INSERT INTO untold VALUES (?)", (reading,))
        self._noted.add(reading)

    def told(self, reading: str) -> None:
        """Take notice that a reading's event is on the disk, or that nobody wants it."""
        if reading in self._noted:
            self._noted.discard(reading)
            self._told.add(reading)

    def forget(self) -> None:
        """Remove those that were told, in a transaction."""
        told = list(self._told)
        self._base.executemany("DELETE FROM untold WHERE reading = ?", [(one,) for one in told])
        self._told.difference_update(told)

    def waiting(self, *sources: str) -> list[Reading]:
        """Return the readings of sources that were not told, the oldest first."""
        marks = ", ".join("?" * len(sources))
        where = f" WHERE id IN (SELECT reading FROM untold) AND source IN ({marks}) ORDER BY time"
        found = [parsed(found) for found in self._base.execute(SELECT + where, sources).fetchall()]
        self._noted.update(one.id for one in found)
        return found
