"""Readings that the page keeps, with a patient label and pictures, in the same file as the store's results.

The command `results` finds the page's films like others, without labels; if it forgets a film, the film's readings are
deleted too. No upload is kept: pictures, and the viewer's film, are drawn from the decoded film.
"""

import csv
import io
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from edge_app.errors import StoreFault
from edge_app.outputs import csv_file
from edge_app.screening.result import Failed, Outcome
from edge_app.screening.run_context import RunContext
from edge_app.store import reading as reading_
from edge_app.store import reading_tables
from edge_app.store.migrations import transaction
from edge_app.store.reading import SELECT, Reading, iso, parsed
from edge_app.store.store import Store
from edge_app.web.readings.film_keeper import FilmKeeper
from edge_app.web.readings.reading_pictures import ReadingPictures


class ReadingStore:
    """The page's part of a store's file; for many threads, one at a time."""

    def __init__(self, path: Path, context: RunContext, keep_days: int, films: FilmKeeper | None = None):
        """Open the file, and make it if it does not exist; errors as of `Store`.

        Args:
            path: of the store's file.
            context: of uploaded files.
            keep_days: as of `Settings`.
            films: keeps the films at full depth; None for nowhere.
        """
        self._lock = threading.Lock()
        self._context, self._keep_days = context, keep_days
        self._store = Store(path, shared=True)
        self._base = self._store.base
        # SQLite's own `lower` changes only ASCII letters.
        self._base.create_function("casefold", 1, str.casefold, deterministic=True)
        with self._store.guarded():
            reading_tables.make(self._base)
        self._store.begin(context)
        self.pictures = ReadingPictures(self._store, self._lock, films)
        self.pictures.remove_orphans()

    def keep(
        self,
        result: Outcome,
        context: RunContext,
        label: str = "",
        photograph: bool = False,
        *,
        source: str = reading_tables.PAGE,
        name: str = "",
        batch: str = "",
        facts: Mapping | None = None,
        later: bool = False,
    ) -> Reading:
        """Keep the outcome of a film; it is on the disk when this returns.

        Args:
            result: with `grey`, unless it failed.
            context: by which it was judged.
            label: of the patient.
            photograph: whether it was read from a photograph.
            source, name, batch, facts: as of `Reading`.
            later: whether the caller has the pictures drawn and the film kept, by `pictures`, after this returned.

        Raises:
            StoreFault: it cannot be written.
        """
        drawable = None if isinstance(result, Failed) or result.grey is None else result
        told = {"source": source, "name": name, "batch": batch, "facts": dict(facts or {})}
        reading = reading_.made(
            result,
            context,
            self._keep_days,
            label=label,
            has_pictures=drawable is not None,
            photograph=photograph,
            **told,
        )
        if drawable:  # before anybody can find the reading
            self.pictures.expect(reading.id)
        try:
            self._insert(reading, result, context)
            if drawable and not later:
                self.pictures.draw(reading.id, drawable, context)
                self.pictures.keep_grey(reading.id, drawable)
                self.pictures.expect_no_more(reading.id)
        except BaseException:
            self.pictures.expect_no_more(reading.id)
            raise
        return reading

    def _insert(self, reading: Reading, result: Outcome, context: RunContext) -> None:
        with self._lock, self._store.guarded():
            self._store.add(replace(result, path=""), context.key)
            with transaction(self._base):
                reading_.insert(self._base, reading)

    def get(self, id: str) -> Reading | None:
        """Return a reading; None if it does not exist or has expired."""
        with self._lock, self._store.guarded():
            found = self._base.execute(f"{SELECT} WHERE id = ? AND kept_until > ?", (id, iso(_now()))).fetchone()
        return found and self._parsed(found)

    def picture(self, id: str, name: str) -> bytes | None:
        """Return a picture of a reading by its name in `layers`; None if it does not exist."""
        return self.pictures.get(id, name)

    def search(self, limit: int = 25, offset: int = 0, **wanted) -> list[Reading]:
        """Return readings, the newest first.

        Args:
            limit, offset: most readings to return, and how many newer ones to skip.
            wanted: `label`, exactly; `text`, a part of the label in any case; `verdict`; `since` and `until`, datetimes
                with a time zone, the second not included.
        """
        where, values = _where(**wanted)
        with self._lock, self._store.guarded():
            found = self._base.execute(
                f"{SELECT} WHERE {where} ORDER BY time DESC, id LIMIT ? OFFSET ?", (*values, limit, offset)
            ).fetchall()
        return [self._parsed(row) for row in found]

    def count(self, **wanted) -> int:
        """Return how many readings `search` would find without a limit; arguments as there."""
        where, values = _where(**wanted)
        with self._lock, self._store.guarded():
            return self._base.execute(f"SELECT count(*) FROM readings WHERE {where}", values).fetchone()[0]

    def verdicts(self) -> dict[str, int]:
        """Return how many readings are kept of each verdict."""
        with self._lock, self._store.guarded():
            return dict(self._base.execute("SELECT verdict, count(*) FROM readings GROUP BY verdict").fetchall())

    def export_csv(self, **wanted) -> str:
        """Return readings as CSV: `reading`, `label` and the fields of docs/results.md; arguments as of `search`."""
        text, writer = io.StringIO(), None
        for reading in self.search(limit=-1, **wanted):
            cells = {"reading": reading.id, "label": reading.label}
            cells |= csv_file.cells(reading.row, self._context.card.labels)
            writer = writer or csv.DictWriter(text, list(cells), extrasaction="ignore", restval="")
            if not text.tell():
                writer.writeheader()
            writer.writerow({name: csv_file.safe(cell) for name, cell in cells.items()})
        return text.getvalue() or "reading,label\r\n"

    def delete(self, id: str) -> None:
        """Delete a reading permanently, and the store's result of its film unless it has another reading."""
        self._delete("id = ?", id)

    def expire(self) -> int:
        """Delete the expired readings; return how many."""
        return self._delete("kept_until <= ?", iso(_now()))

    def erase(self) -> int:
        """Delete everything, also other programs' results, without a trace in the file; return how many readings."""
        try:
            with self._lock, self._store.guarded():
                with transaction(self._base):
                    count = self._base.execute("DELETE FROM readings").rowcount
                    for table in ("pictures", "films", "copies"):
                        self._base.execute(f"DELETE FROM {table}")
                self._base.execute("VACUUM")
                self._empty_log()
        finally:  # also where the log could not be emptied
            self.pictures.remove_orphans()
        return count

    def check(self) -> str:
        """Return "ok", or what SQLite finds wrong with the file."""
        with self._lock:
            return self._store.check()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._store.close()

    def _delete(self, where: str, value: str) -> int:
        try:
            with self._lock, self._store.guarded():
                with transaction(self._base):
                    films = self._base.execute(f"SELECT DISTINCT film FROM readings WHERE {where}", (value,)).fetchall()
                    count = self._base.execute(f"DELETE FROM readings WHERE {where}", (value,)).rowcount
                    for film in films:
                        left = "film = ? AND NOT EXISTS (SELECT 1 FROM readings WHERE readings.film = {0}.film)"
                        for table in ("films", "copies"):
                            self._base.execute(f"DELETE FROM {table} WHERE {left.format(table)}", film)
                if count:  # the write-ahead log still holds what was deleted
                    self._empty_log()
        finally:  # as above
            self.pictures.remove_orphans()
        return count

    def _parsed(self, found: tuple) -> Reading:
        reading = parsed(found)
        return replace(reading, has_pictures=reading.has_pictures or reading.id in self.pictures.being_drawn)

    def _empty_log(self) -> None:
        """Empty the write-ahead log, which still holds deleted rows.

        Raises:
            StoreFault: another program is reading the store.
        """
        busy, *_ = self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreFault(
                f"{self._store.path}: its log still holds what was deleted, since another program is reading the store;"
                " stop that program and erase again."
            )


def _where(label=None, text=None, verdict=None, since=None, until=None) -> tuple[str, list]:
    wheres, values = ["kept_until > ?"], [iso(_now())]
    # Not LIKE: it ignores the case of ASCII letters only, and has wildcards to escape.
    for where, value in (
        ("label = ?", label),
        ("instr(casefold(label), ?)", text and text.casefold()),
        ("verdict = ?", verdict),
        ("time >= ?", since and iso(since)),
        ("time < ?", until and iso(until)),
    ):
        if value is not None:
            wheres.append(where)
            values.append(value)
    return " AND ".join(wheres), values


def _now() -> datetime:
    return datetime.now(UTC)
