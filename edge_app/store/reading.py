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
# The columns of `parsed`.
SELECT = (
    "SELECT id, time, label, row, kept_until, checks, photograph,"
    " EXISTS (SELECT 1 FROM pictures WHERE reading = id), source, name, batch, facts"
    " FROM readings JOIN reading_origins ON reading = id"
)


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
        source: where it came from, of `reading_tables.SOURCES`.
        name: of its file, without folders; empty if it is not kept.
        batch: id of the films that it was sent with; empty if it came alone.
        facts: of its DICOM header, JSON values by name; empty for other formats.
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


def insert(base: "sqlite3.Connection", reading: Reading) -> None:
    """Write a reading, in a transaction."""
    base.execute(
        "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(reading.id, reading.row["sha256"], iso(reading.time), reading.label, reading.row["verdict"]),
            *(iso(reading.kept_until), reading.photograph, json.dumps(reading.row), json.dumps(reading.checks)),
        ),
    )
    base.execute(
        "INSERT INTO reading_origins VALUES (?, ?, ?, ?, ?)",
        (reading.id, reading.source, reading.name, reading.batch, json.dumps(reading.facts)),
    )


def parsed(found: tuple) -> Reading:
    """Return the reading of a row of `SELECT`."""
    id, time, label, row, kept_until, checks, photograph, has_pictures, source, name, batch, facts = found
    times = datetime.fromisoformat(time), datetime.fromisoformat(kept_until)
    checks, row = tuple(json.loads(checks)), json.loads(row)
    row = decision.with_findings(row, row["operating_point"])
    return Reading(
        *(id, times[0], label, row, bool(has_pictures), times[1], checks, bool(photograph)),
        *(source, name, batch, json.loads(facts)),
    )


def iso(time: datetime) -> str:
    """Return a time as the tables hold it: ISO, UTC, milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def _check(check: "Check") -> dict:
    return {"name": check.name, "value": float(check.value), "low": check.low, "high": check.high}
