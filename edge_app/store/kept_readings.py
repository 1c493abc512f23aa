"""A run's part of a store: every film becomes a reading, as on the page, with pictures if the run draws them."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from edge_app.errors import EdgeError
from edge_app.screening.result import Judged, Refused, Result, Screened
from edge_app.store import reading as reading_
from edge_app.store import reading_tables
from edge_app.store.migrations import transaction
from edge_app.store.reading import Reading
from edge_app.store.untold import Untold

if TYPE_CHECKING:
    from edge_app.screening.run_context import RunContext
    from edge_app.store.store import Store

# Draws the pictures of a result that has `grey`, files by name.
Draw = Callable[[Screened, "RunContext"], Mapping[str, bytes]]
# An earlier reading of a film from the same source, by the same model and operating point.
EARLIER = (
    "SELECT id, label FROM readings JOIN reading_origins ON reading = id WHERE film = ? AND source = ?"
    " AND json_extract(row, '$.model.sha256') = ? AND json_extract(row, '$.operating_point.name') = ?"
)


class KeptReadings:
    """A sink that keeps results in a store, and a reading of each; it knows what the store knows.

    Attributes:
        last: the name of the reading of the result that came last; empty if it got none.
    """

    def __init__(
        self, store: "Store", context: "RunContext", source: str, draw: Draw | None = None, tells: bool = False
    ):
        """Make the tables if they are missing.

        Args:
            store: after `begin`; `close` closes it.
            context: of the run.
            source: of its films, of `reading_tables.SOURCES`.
            draw: draws pictures; None if none shall be kept.
            tells: whether each reading becomes an event, so that `untold` returns those that did not.

        Raises:
            StoreFault: they cannot be made.
        """
        self._store, self._context, self._source, self._draw = store, context, source, draw
        self._undrawn: tuple[str, Screened] | None = None
        self.last = ""
        with store.guarded():
            reading_tables.make(store.base)
            store.base.execute("INSERT INTO run_sources VALUES (?, ?)", (store.run, source))
        self._untold = Untold(store.base) if tells else None

    def known(self, sha256: str) -> dict | None:
        """As of `Store`."""
        return self._store.known(sha256)

    def add(self, result: Result) -> None:
        """Keep a result with its reading, in one transaction; `draw` makes its pictures.

        A film that could not be read, or was judged before, gets no reading here: see `adopted`.
        """
        self._undrawn, self.last = None, ""
        if not isinstance(result, Judged | Refused):
            self._store.add(result)
            return
        name = reading_.file_name(str(result.path)) if self._source != reading_tables.CAMERA else ""
        facts = dict(getattr(result, "facts", None) or {})
        reading = reading_.made(
            *(result, self._context, 0), label="", has_pictures=False, source=self._source, name=name, facts=facts
        )
        self._store.add(result, also=lambda: self._insert(reading))
        self._undrawn, self.last = (reading.id, result), reading.id

    def draw(self) -> None:
        """Draw and keep the pictures of the result that came last; done after it was told."""
        undrawn, self._undrawn = self._undrawn, None
        if self._draw is None or undrawn is None or undrawn[1].grey is None:
            return
        drawn = self._draw(undrawn[1], self._context)
        with self._store.guarded(), transaction(self._store.base):
            # The page may have deleted the reading meanwhile.
            self._store.base.executemany(
                "INSERT OR REPLACE INTO pictures SELECT id, ?, ? FROM readings WHERE id = ?",
                [(*named, undrawn[0]) for named in drawn.items()],
            )

    def untold(self) -> list[Reading]:
        """Return the readings of this source whose event an earlier run may not have queued."""
        with self._store.guarded():
            return self._untold.waiting(self._source) if self._untold else []

    def told(self, reading: str) -> None:
        """Take notice that the event of a reading is queued."""
        if self._untold:
            self._untold.told(reading)

    def close(self) -> None:
        """End the run and close the store."""
        if self._untold:
            with contextlib.suppress(EdgeError), self._store.guarded(), transaction(self._store.base):
                self._untold.forget()
        self._store.close()

    def _insert(self, reading: Reading) -> None:
        """Write a reading in place of an earlier one, whose label it takes over."""
        base, film = self._store.base, reading.row["sha256"]
        key = (film, self._source, reading.row["model"]["sha256"], reading.row["operating_point"]["name"])
        for id, label in base.execute(EARLIER, key).fetchall():
            reading = replace(reading, label=label)
            base.execute("DELETE FROM readings WHERE id = ?", (id,))
        reading_.insert(base, reading)
        if self._untold:
            self._untold.insert(reading.id)
