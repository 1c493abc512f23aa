"""Films that other programs judged, or that an older one kept, get readings: so the page shows all of a store."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from edge_app.store import reading as reading_
from edge_app.store.reading import FOR_EVER, NAME_BYTES, Reading
from edge_app.store.reading_tables import CAMERA, DICOM, FOLDER

if TYPE_CHECKING:
    import sqlite3

WITHOUT_READING = (
    "SELECT films.id, film, films.time, films.path, row, terms, source FROM films JOIN runs ON runs.id = films.run"
    " LEFT JOIN run_sources ON run_sources.run = films.run WHERE films.id > ?"
    " AND NOT EXISTS (SELECT 1 FROM readings WHERE readings.film = films.film) ORDER BY films.id"
)
# The time of a reading and so many days, as `reading.iso` writes it.
LATER = "strftime('%Y-%m-%dT%H:%M:%f+00:00', time, ?)"


def adopt(base: "sqlite3.Connection", keep_days: int, names: bool, after: int = 0) -> int:
    """Make readings of the films that have none, and give those that a run kept the time until which they stay.

    Args:
        base: of a store with the tables, in a transaction.
        keep_days: days after which a reading is deleted, from now on for what is only found now; 0 for never.
        names: whether the names of files are shown; what is in table `films` stays.
        after: id in `films` up to which this was done before.

    Returns:
        The id in `films` up to which it is done now.
    """
    newest = base.execute("SELECT coalesce(max(id), 0) FROM films").fetchone()[0]
    until = datetime.now(UTC) + timedelta(days=keep_days or FOR_EVER)
    for _, film, time, path, row, terms, source in base.execute(WITHOUT_READING, (after,)).fetchall():
        whole = json.loads(terms) | json.loads(row)
        # Rows that tests and programs before 0.1.0 made do not say by what they were judged.
        if "model" in whole and "operating_point" in whole and "verdict" in whole:
            reading_.insert(base, _reading(whole, time, path, until, names, source), film)
    if keep_days:
        # A run does not know for how long the page keeps; what it wrote stays for ever until the page has seen it.
        base.execute(
            f"UPDATE readings SET kept_until = {LATER} WHERE kept_until >= {LATER}"
            f" AND id IN (SELECT reading FROM reading_origins WHERE source IN ('{FOLDER}', '{CAMERA}', '{DICOM}'))",
            (f"+{keep_days} days", f"+{FOR_EVER - 1} days"),
        )
    return newest


def _reading(row: dict, time: str, path: str, until: datetime, names: bool, source: str | None) -> Reading:
    camera = row.get("camera") is not None
    name = reading_.file_name(path) if names and not camera else ""
    error = row["error"] and row["error"].replace(path or "\0", name or "a film")
    return Reading(
        id=secrets.token_urlsafe(NAME_BYTES),
        time=datetime.fromisoformat(time),
        label="",
        row=row | {"path": "", "error": error},
        has_pictures=False,
        kept_until=until,
        source=source or (CAMERA if camera else FOLDER),  # a run of an older program did not note it
        name=name,
    )
