"""Readings that the page keeps, with a patient label and pictures, in the same file as the store's results.

The command `results` finds the page's films like others, without labels; if it forgets a film, the film's readings are
deleted too. No upload is kept: pictures are drawn from the decoded film, and a file's name goes only to its sender.
"""

import csv
import io
import json
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_app.errors import StoreFault
from edge_app.outputs import csv_file
from edge_app.screening import decision
from edge_app.screening.result import Failed, Outcome
from edge_app.screening.run_context import RunContext
from edge_app.store.migrations import transaction
from edge_app.store.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS readings (
    id TEXT PRIMARY KEY, film TEXT NOT NULL, time TEXT NOT NULL, label TEXT NOT NULL, verdict TEXT,
    kept_until TEXT NOT NULL, photograph INTEGER NOT NULL, row TEXT NOT NULL, checks TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS readings_by_time ON readings (time);
CREATE INDEX IF NOT EXISTS readings_by_label ON readings (label, time);
CREATE TABLE IF NOT EXISTS pictures (
    reading TEXT NOT NULL REFERENCES readings (id), name TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (reading, name)
);
CREATE TRIGGER IF NOT EXISTS forget_readings AFTER DELETE ON films BEGIN
    DELETE FROM readings WHERE film = OLD.film AND NOT EXISTS (SELECT 1 FROM films WHERE film = OLD.film);
END;
CREATE TRIGGER IF NOT EXISTS forget_pictures AFTER DELETE ON readings BEGIN
    DELETE FROM pictures WHERE reading = OLD.id;
END;
"""
# Days that stand for "until it is erased".
FOR_EVER = 36_500
# Bytes of a reading's name: 2 ** 96 names cannot be tried out.
NAME_BYTES = 12


@dataclass(frozen=True)
class Reading:
    """The reading of one film.

    Attributes:
        id: random; it gives no access without a login.
        time: when it was read, with a time zone.
        label: of the patient, as typed; may be empty.
        row: of docs/results.md, without a path.
        has_pictures: whether pictures of it are kept.
        kept_until: when it is deleted.
        checks: of the gate: {name, value, low, high} each.
        photograph: whether it was read from a photograph of the film.
    """

    id: str
    time: datetime
    label: str
    row: dict
    has_pictures: bool
    kept_until: datetime
    checks: tuple[dict, ...] = ()
    photograph: bool = False


class ReadingStore:
    """The page's part of a store's file; for many threads, one at a time."""

    def __init__(self, path: Path, context: RunContext, keep_days: int):
        """Open the file, and make it if it does not exist; errors as of `Store`.

        Args:
            path: of the store's file.
            context: of uploaded files.
            keep_days: as of `Settings`.
        """
        self._lock = threading.Lock()
        self._context, self._keep_days = context, keep_days
        self._store = Store(path, shared=True)
        self._base = self._store.base
        # SQLite's own `lower` changes only ASCII letters.
        self._base.create_function("casefold", 1, str.casefold, deterministic=True)
        self._base.executescript(SCHEMA)
        self._store.begin(context)

    def keep(self, result: Outcome, context: RunContext, label: str = "", photograph: bool = False) -> Reading:
        """Keep the outcome of a film; it is on the disk when this returns.

        Args:
            result: with `grey`, unless it failed.
            context: by which it was judged.
            label: of the patient.
            photograph: whether it was read from a photograph.

        Raises:
            StoreFault: it cannot be written.
        """
        from edge_app.web.readings.layers import layers

        drawn, checks = {}, ()
        if not isinstance(result, Failed):
            drawn = layers(result, result.grey, context) if result.grey is not None else {}
            checks = result.checks
        reading = Reading(
            id=secrets.token_urlsafe(NAME_BYTES),
            time=result.time,
            label=label,
            row=context.line(replace(result, path="").row()),
            has_pictures=bool(drawn),
            kept_until=result.time + timedelta(days=self._keep_days or FOR_EVER),
            checks=tuple({"name": c.name, "value": float(c.value), "low": c.low, "high": c.high} for c in checks),
            photograph=photograph,
        )
        with self._lock, self._store.guarded():
            self._store.add(replace(result, path=""), context.key)
            with transaction(self._base):
                self._insert(reading)
                self._base.executemany(
                    "INSERT INTO pictures VALUES (?, ?, ?)", [(reading.id, *named) for named in drawn.items()]
                )
        return reading

    def get(self, id: str) -> Reading | None:
        """Return a reading; None if it does not exist or has expired."""
        with self._lock, self._store.guarded():
            found = self._base.execute(f"{SELECT} WHERE id = ? AND kept_until > ?", (id, _iso(_now()))).fetchone()
        return found and _reading(found)

    def picture(self, id: str, name: str) -> bytes | None:
        """Return a picture of a reading by its name in `layers`; None if it does not exist."""
        with self._lock, self._store.guarded():
            found = self._base.execute(
                "SELECT content FROM pictures WHERE reading = ? AND name = ?", (id, name)
            ).fetchone()
        return found and found[0]

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
        return [_reading(row) for row in found]

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
        return self._delete("kept_until <= ?", _iso(_now()))

    def erase(self) -> int:
        """Delete everything, also other programs' results, without a trace in the file; return how many readings."""
        with self._lock, self._store.guarded():
            with transaction(self._base):
                count = self._base.execute("DELETE FROM readings").rowcount
                for table in ("pictures", "films", "copies"):
                    self._base.execute(f"DELETE FROM {table}")
            self._base.execute("VACUUM")
            self._empty_log()
        return count

    def check(self) -> str:
        """Return "ok", or what SQLite finds wrong with the file."""
        with self._lock:
            return self._store.check()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._store.close()

    def _insert(self, reading: Reading) -> None:
        self._base.execute(
            "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(reading.id, reading.row["sha256"], _iso(reading.time), reading.label, reading.row["verdict"]),
                *(_iso(reading.kept_until), reading.photograph, json.dumps(reading.row), json.dumps(reading.checks)),
            ),
        )

    def _delete(self, where: str, value: str) -> int:
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
        return count

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


SELECT = (
    "SELECT id, time, label, row, kept_until, checks, photograph,"
    " EXISTS (SELECT 1 FROM pictures WHERE reading = id) FROM readings"
)


def _reading(found) -> Reading:
    id, time, label, row, kept_until, checks, photograph, has_pictures = found
    times = datetime.fromisoformat(time), datetime.fromisoformat(kept_until)
    checks, row = tuple(json.loads(checks)), json.loads(row)
    row = decision.with_findings(row, row["operating_point"])
    return Reading(id, times[0], label, row, bool(has_pictures), times[1], checks, bool(photograph))


def _where(label=None, text=None, verdict=None, since=None, until=None) -> tuple[str, list]:
    wheres, values = ["kept_until > ?"], [_iso(_now())]
    # Not LIKE: it ignores the case of ASCII letters only, and has wildcards to escape.
    for where, value in (
        ("label = ?", label),
        ("instr(casefold(label), ?)", text and text.casefold()),
        ("verdict = ?", verdict),
        ("time >= ?", since and _iso(since)),
        ("time < ?", until and _iso(until)),
    ):
        if value is not None:
            wheres.append(where)
            values.append(value)
    return " AND ".join(wheres), values


def _now() -> datetime:
    return datetime.now(UTC)


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")
