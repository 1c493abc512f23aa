"""A reading: the result of one film as the page shows it, and how it lies in the tables of `reading_tables`."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from edge_app.screening import decision
from edge_app.store import reading_tables

if TYPE_CHECKING:
    import sqlite3

    from edge_app.gate.checks import Check
    from edge_app.screening.result import Outcome
    from edge_app.screening.run_context import RunContext

# Days that stand for "until it is erased".
FOR_EVER = 36_500
# Bytes of a reading's name: 2 ** 96 names cannot be tried out.
NAME_BYTES = 12
# Characters of a file's name that are kept: the names of most systems have at most 255 bytes.
MOST_NAME = 200
# Names of pictures: the film as the page shows it, and a small one of it for lists.
FILM, THUMBNAIL = "film.jpg", "thumb.jpg"
# The columns of `parsed`.
SELECT = (
    "SELECT id, time, label, row, kept_until, checks, photograph,"
    f" EXISTS (SELECT 1 FROM pictures WHERE pictures.reading = id AND pictures.name = '{FILM}'),"
    " EXISTS (SELECT 1 FROM pictures WHERE pictures.reading = id),"
    " source, reading_origins.name, batch, facts FROM readings JOIN reading_origins ON reading_origins.reading = id"
)


@dataclass(frozen=True)
class Reading:
    """The reading of one film.

    Attributes:
        id: random; it gives no access without a login.
        time: when it was read, with a time zone.
        label: of the patient, as typed; may be empty.
        row: of docs/results.md, without a path.
        has_pictures: whether pictures of it are kept, beside a thumbnail.
        kept_until: when it is deleted.
        checks: of the gate: {name, value, low, high} each.
        photograph: whether it was read from a photograph of the film.
        source: where it came from, of `reading_tables.SOURCES`.
        name: of its file, without folders; empty if it is not kept.
        batch: id of the films that it was sent with; empty if it came alone.
        facts: of its DICOM header, JSON values by name; empty for other formats.
        has_thumbnail: whether a small picture of it can be shown.
    """

    id: str
    time: datetime
    label: str
    row: dict
    has_pictures: bool
    kept_until: datetime
    checks: tuple[dict, ...] = ()
    photograph: bool = False
    source: str = reading_tables.PAGE
    name: str = ""
    batch: str = ""
    facts: Mapping = field(default_factory=dict)
    has_thumbnail: bool = field(default=False, compare=False)


def made(result: "Outcome", context: "RunContext", keep_days: int, **told) -> Reading:
    """Return a new reading.

    Args:
        result: of the film.
        context: by which it was judged.
        keep_days: days after which it is deleted; 0 for never.
        told: other attributes of `Reading`.
    """
    return Reading(
        id=secrets.token_urlsafe(NAME_BYTES),
        time=result.time,
        row=context.line(replace(result, path="").row()),
        kept_until=result.time + timedelta(days=keep_days or FOR_EVER),
        checks=tuple(map(_check, getattr(result, "checks", ()))),
        **told,
    )


def file_name(path: str) -> str:
    """Return the name of a file as it is kept: without folders, printable, at most `MOST_NAME` characters."""
    name = path.replace("\\", "/").rpartition("/")[2]
    return "".join(filter(str.isprintable, name)).strip()[:MOST_NAME]


def insert(base: "sqlite3.Connection", reading: Reading, film: str = "") -> None:
    """Write a reading, in a transaction; `film` is its key in table `films`, the hash in its row unless given."""
    base.execute(
        "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(reading.id, film or reading.row["sha256"], iso(reading.time), reading.label, reading.row["verdict"]),
            *(iso(reading.kept_until), reading.photograph, json.dumps(reading.row), json.dumps(reading.checks)),
        ),
    )
    base.execute(
        "INSERT INTO reading_origins VALUES (?, ?, ?, ?, ?)",
        (reading.id, reading.source, reading.name, reading.batch, json.dumps(reading.facts)),
    )


def parsed(found: tuple) -> Reading:
    """Return the reading of a row of `SELECT`."""
    id, time, label, row, kept_until, checks, photograph, has_pictures, has_thumbnail, source, name, batch, facts = (
        found
    )
    row = json.loads(row)
    return Reading(
        id=id,
        time=datetime.fromisoformat(time),
        label=label,
        row=decision.with_findings(row, row["operating_point"]),
        has_pictures=bool(has_pictures),
        kept_until=datetime.fromisoformat(kept_until),
        checks=tuple(json.loads(checks)),
        photograph=bool(photograph),
        source=source,
        name=name,
        batch=batch,
        facts=json.loads(facts),
        has_thumbnail=bool(has_thumbnail),
    )


def iso(time: datetime) -> str:
    """Return a time as the tables hold it: ISO, UTC, milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def _check(check: "Check") -> dict:
    return {"name": check.name, "value": float(check.value), "low": check.low, "high": check.high}
