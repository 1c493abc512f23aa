"""Which readings are wanted, and in which order, as SQL."""

from datetime import UTC, date, datetime

from edge_app.screening import decision
from edge_app.store.reading import iso

# What readings are sorted by, as SQL; each column of the worklist is one of them.
COLUMNS = {
    "time": "time",
    "name": "casefold(reading_origins.name)",
    "label": "casefold(label)",
    "source": "source",
    "verdict": "coalesce(verdict, 'unread')",
    "score": "json_extract(row, '$.scores.covid')",
}
# In place of a verdict: of a film that could not be read, and of all on which either finding is suspected.
UNREAD, SUSPECTED = "unread", "suspected"
ANY_SUSPICION = (
    f"(verdict IN ('{decision.COVID}', '{decision.PNEUMONIA}')"
    " OR json_extract(row, '$.findings.pneumonia.answer') = 'suspected')"
)


def start_of(day: date) -> datetime:
    """Return the first moment of a day in the device's time zone.

    Each day is asked for by itself: the days on which clocks change have 23 and 25 hours.
    """
    return datetime(day.year, day.month, day.day).astimezone()


def order(sort: str = "time", down: bool = True) -> str:
    """Return the order of readings by a column of `COLUMNS`; the newest first among equals."""
    return f"{COLUMNS[sort]} {'DESC' if down else 'ASC'}, time DESC, id"


def where(
    label: str | None = None,
    text: str | None = None,
    verdict: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    source: str | None = None,
    batch: str | None = None,
    film: str | None = None,
) -> tuple[str, list]:
    """Return the conditions on readings, and their values; arguments as of `ReadingStore.search`."""
    wheres, values = ["kept_until > ?"], [iso(datetime.now(UTC))]
    folded = text and text.casefold()
    # Not LIKE: it ignores the case of ASCII letters only, and has wildcards to escape.
    for condition, value in (
        ("label = ?", label),
        ("(instr(casefold(label), ?) OR instr(casefold(reading_origins.name), ?))", folded),
        ("coalesce(verdict, 'unread') = ?", None if verdict == SUSPECTED else verdict),
        ("time >= ?", since and iso(since)),
        ("time < ?", until and iso(until)),
        ("source = ?", source),
        ("(batch = ? OR id IN (SELECT reading FROM batch_films WHERE batch_films.batch = ?))", batch),
        ("film = ?", film),
    ):
        if value is not None:
            wheres.append(condition)
            values += [value] * condition.count("?")
    if verdict == SUSPECTED:
        wheres.append(ANY_SUSPICION)
    return " AND ".join(wheres), values
