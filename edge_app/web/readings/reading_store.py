"""Readings that the page shows, with a patient label and pictures, in the same file as the store's results.

Folder and camera may write into the same file; a film that has no reading gets one here. The command `results` finds
the page's films like others, without labels; if it forgets a film, the film's readings are deleted too. No upload is
kept: pictures, and the viewer's film, are drawn from the decoded film.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.errors import StoreFault
from edge_app.outputs import thumbnail
from edge_app.screening.result import Failed, Outcome
from edge_app.screening.run_context import RunContext
from edge_app.store import adopted, reading_tables
from edge_app.store import reading as reading_
from edge_app.store.migrations import transaction
from edge_app.store.reading import FILM, SELECT, THUMBNAIL, Reading, file_name, iso, parsed
from edge_app.store.store import Store
from edge_app.store.untold import Untold
from edge_app.web.readings import expiry, reading_csv, reading_query
from edge_app.web.readings.film_keeper import FilmKeeper
from edge_app.web.readings.reading_pictures import ReadingPictures

if TYPE_CHECKING:
    import sqlite3


class ReadingStore:
    """The page's part of a store's file; for many threads, one at a time.

    Attributes:
        told: is given each reading once it is on the disk.
        tells: returns whether readings become events; `untold` then knows those that did not.
    """

    def __init__(
        self, path: Path, context: RunContext, keep_days: int, names: bool = True, films: FilmKeeper | None = None
    ):
        """Open the file, and make it if it does not exist; errors as of `Store`.

        Args:
            path: of the store's file.
            context: of uploaded files.
            keep_days: as of `Settings`.
            names: whether the names of files are kept; those of films that a folder's run keeps are shown only then.
            films: keeps the films at full depth; None for nowhere.
        """
        self.told: Callable[[Reading], object] = lambda reading: None
        self.tells: Callable[[], bool] = lambda: False
        self._context, self._keep_days, self._names = context, keep_days, names
        self._store = Store(path, shared=True)
        self._base = self._store.base
        # SQLite's own `lower` changes only ASCII letters.
        self._base.create_function("casefold", 1, str.casefold, deterministic=True)
        with self._store.guarded():
            reading_tables.make(self._base)
        self.untold = Untold(self._base)
        self._store.begin(context)
        self._lock, self._seen, self._adopted = threading.Lock(), -1, 0
        self.pictures = ReadingPictures(self._store, self._lock, films)
        self.pictures.remove_orphans()

    @contextlib.contextmanager
    def opened(self, write: bool = False) -> Iterator["sqlite3.Connection"]:
        """Yield the connection to one thread at a time, with `write` in a transaction.

        Films that another program has judged meanwhile get their readings first.

        Raises:
            StoreFault: SQLite failed.
        """
        with self._lock, self._store.guarded():
            # It changes when another connection has written.
            if (seen := self._base.execute("PRAGMA data_version").fetchone()[0]) != self._seen:
                with transaction(self._base):
                    self._adopted = adopted.adopt(self._base, self._keep_days, self._names, self._adopted)
                self._seen = seen
            with transaction(self._base) if write else contextlib.nullcontext():
                yield self._base

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
            source, name, batch, facts: as of `Reading`; the facts are those of the result unless they are given.
            later: whether the caller has the pictures drawn and the film kept, by `pictures`, after this returned.

        Raises:
            StoreFault: it cannot be written.
        """
        grey = None if isinstance(result, Failed) else result.grey
        drawable = None if isinstance(result, Failed) or grey is None else result
        name = file_name(name) if self._names else ""
        told = {"source": source, "name": name, "batch": batch, "facts": dict(result.facts if facts is None else facts)}
        reading = reading_.made(
            result, context, self._keep_days, label=label, has_pictures=bool(drawable), photograph=photograph, **told
        )

        def also() -> None:
            reading_.insert(self._base, reading)
            if self.tells():
                self.untold.insert(reading.id)
            if grey is not None:  # a millisecond: lists show many at once
                self.pictures.insert(reading.id, THUMBNAIL, thumbnail.draw(grey))

        with self.pictures.expected(reading.id, bool(drawable), later):
            with self._lock:
                self._store.add(replace(result, path=""), context.key, also)
            if drawable and not later:
                self.pictures.draw(reading.id, drawable, context)
                self.pictures.keep_grey(reading.id, drawable)
        self.told(reading)
        return reading

    def use(self, context: RunContext, keep_days: int, names: bool) -> None:
        """Keep from now on by these settings, of which what keeps less holds for the readings that are there too.

        Args:
            context: of the same thresholds, with another prevalence.
            keep_days, names: as of `__init__`.

        Raises:
            StoreFault: what is there cannot be changed.
        """
        shorter = keep_days and keep_days < (self._keep_days or reading_.FOR_EVER)
        nameless = self._names and not names
        self._context, self._keep_days, self._names = context, keep_days, names
        with self.opened(write=True) as base:
            if shorter:
                later = f"UPDATE readings SET kept_until = min(kept_until, {adopted.LATER})"
                base.execute(later, (f"+{keep_days} days",))
            if nameless:
                base.execute("UPDATE reading_origins SET name = ''")
                base.execute("UPDATE batch_films SET name = ''")
        if nameless:
            with self._lock:
                self._empty_log()

    def get(self, id: str) -> Reading | None:
        """Return a reading; None if it does not exist or has expired."""
        with self.opened() as base:
            found = base.execute(f"{SELECT} WHERE id = ? AND kept_until > ?", (id, iso(_now()))).fetchone()
        return found and self._parsed(found)

    def picture(self, id: str, name: str) -> bytes | None:
        """Return a picture of a reading by its name in `layers`; None if it does not exist."""
        return self.pictures.get(id, name)

    def thumbnail(self, id: str) -> bytes | None:
        """Return the thumbnail of a reading, JPEG; one of before 0.4.0 gets it from its picture."""
        found = self.pictures.kept(id, THUMBNAIL)
        film = None if found else self.picture(id, FILM)
        return thumbnail.of_picture(film) if film else found

    def search(
        self, limit: int = 25, offset: int = 0, sort: str = "time", down: bool = True, **wanted
    ) -> list[Reading]:
        """Return readings, the newest first unless another order is given.

        Args:
            limit, offset: most readings to return, and how many newer ones to skip.
            sort, down: a column of `reading_query.COLUMNS`, and whether the largest come first.
            wanted: `label`, exactly; `text`, a part of the label or of the file's name in any case; `verdict`, also
                `reading_query.UNREAD` and `SUSPECTED`; `since` and `until`, datetimes with a time zone, the second not
                included; `source`, `batch` and `film`, the hash of its bytes.
        """
        where, values = reading_query.where(**wanted)
        with self.opened() as base:
            found = base.execute(
                f"{SELECT} WHERE {where} ORDER BY {reading_query.order(sort, down)} LIMIT ? OFFSET ?",
                (*values, limit, offset),
            ).fetchall()
        return [self._parsed(row) for row in found]

    def count(self, **wanted) -> int:
        """Return how many readings `search` would find without a limit; arguments as there."""
        return sum(self.by_verdict(**wanted).values())

    def by_verdict(self, **wanted) -> dict[str, int]:
        """Return how many readings of each verdict `search` would find; `reading_query.UNREAD` for those without."""
        where, values = reading_query.where(**wanted)
        with self.opened() as base:
            return dict(
                base.execute(
                    "SELECT coalesce(verdict, 'unread'), count(*) FROM readings JOIN reading_origins"
                    f" ON reading_origins.reading = id WHERE {where} GROUP BY 1",
                    values,
                ).fetchall()
            )

    def relabel(self, label: str, ids: Iterable[str]) -> None:
        """Give readings another patient label."""
        with self.opened(write=True) as base:
            for id in ids:
                base.execute("UPDATE readings SET label = ? WHERE id = ?", (label, id))
                base.execute("UPDATE batch_films SET label = ? WHERE reading = ?", (label, id))

    def verdicts(self) -> dict[str, int]:
        """Return how many readings are kept of each verdict."""
        with self._lock, self._store.guarded():
            return dict(self._base.execute("SELECT verdict, count(*) FROM readings GROUP BY verdict").fetchall())

    def export_csv(self, **wanted) -> str:
        """Return readings as CSV: `reading`, `label` and the fields of docs/results.md; arguments as of `search`."""
        return reading_csv.text(self.search(limit=-1, **wanted), self._context.card.labels)

    def delete(self, id: str) -> None:
        """Delete a reading permanently, and the store's result of its film unless it has another reading."""
        self._delete("id = ?", id)

    def expire(self) -> int:
        """Delete the expired readings; return how many."""
        with self.opened(write=True) as base:
            expiry.begin(base, self._keep_days)
        return self._delete("kept_until <= ?", iso(_now()))

    def erase(self) -> int:
        """Delete everything, also other programs' results, without a trace in the file; return how many readings."""
        try:
            with self._lock, self._store.guarded():
                with transaction(self._base):
                    count = self._base.execute("DELETE FROM readings").rowcount
                    for table in ("pictures", "films", "copies", "batches"):
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
            with contextlib.suppress(StoreFault), self._store.guarded(), transaction(self._base):
                self.untold.forget()
            self._store.close()

    def _delete(self, where: str, value: str) -> int:
        try:
            with self.opened():
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


def _now() -> datetime:
    return datetime.now(UTC)
