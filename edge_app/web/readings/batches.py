"""Films that were sent at once: a batch knows which of them are read, which wait, and what became of each."""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from edge_app.store.reading import FOR_EVER, NAME_BYTES, Reading, file_name, iso
from edge_app.web.readings.reading_store import ReadingStore

# The states of a film: its sender still has it; it has arrived; it is read; it was read before; it cannot be read.
STATES = WAITING, SENT, READ, KNOWN, UNREAD = "waiting", "sent", "read", "known", "unread"
# Films of one batch: its page stays below 250 kB.
MOST = 100


@dataclass(frozen=True)
class BatchFilm:
    """A film of a batch.

    Attributes:
        number: its place, from 1.
        name: of its file; empty if it is not kept.
        label: of the patient.
        state: of `STATES`.
        reading: of `READ` and `KNOWN`.
        sentence: why it could not be read.
        is_now: whether it is the one that is being read.
    """

    number: int
    name: str
    label: str
    state: str
    reading: Reading | None
    sentence: str
    is_now: bool


@dataclass(frozen=True)
class Batch:
    """A batch.

    Attributes:
        id: random, as that of a reading.
        time: when it was begun.
        films: in the order in which they were chosen.
    """

    id: str
    time: datetime
    films: Sequence[BatchFilm]

    @property
    def done(self) -> int:
        """How many films are read, or cannot be."""
        return sum(film.state not in (WAITING, SENT) for film in self.films)

    @property
    def now(self) -> BatchFilm | None:
        """The film that is being read."""
        return next((film for film in self.films if film.is_now), None)

    @property
    def waiting(self) -> int:
        """How many films wait, in the browser or here."""
        return len(self.films) - self.done - (self.now is not None)

    @property
    def verdicts(self) -> Counter[str | None]:
        """How many films have each verdict; those that could not be read count as None."""
        done = [film for film in self.films if film.state not in (WAITING, SENT)]
        return Counter(film.reading.row["verdict"] if film.reading else None for film in done)


class Batches:
    """The batches of a reading store."""

    def __init__(self, reading_store: ReadingStore, keep_days: int, names: bool):
        """Begin; films that were on their way when the program ended wait again.

        Args:
            reading_store: opened.
            keep_days, names: as of `ReadingStore`.
        """
        self._readings, self._keep_days, self._names = reading_store, keep_days, names
        with reading_store.opened(write=True) as base:
            base.execute("UPDATE batch_films SET state = ? WHERE state = ?", (WAITING, SENT))

    def use(self, keep_days: int, names: bool) -> None:
        """Keep from now on by these settings; as of `ReadingStore.use`, which changes what is there."""
        self._keep_days, self._names = keep_days, names

    def begin(self, names: Sequence[str], label: str) -> str:
        """Begin a batch of files by their names, all with one patient label; return its id."""
        id, now = secrets.token_urlsafe(NAME_BYTES), datetime.now(UTC)
        until = now + timedelta(days=self._keep_days or FOR_EVER)
        with self._readings.opened(write=True) as base:
            base.execute("INSERT INTO batches VALUES (?, ?, ?)", (id, iso(now), iso(until)))
            base.executemany(
                "INSERT INTO batch_films (batch, number, name, label, state) VALUES (?, ?, ?, ?, ?)",
                [
                    (id, number, file_name(name) if self._names else "", label, WAITING)
                    for number, name in enumerate(names, 1)
                ],
            )
        return id

    def get(self, id: str) -> Batch | None:
        """Return a batch; None if there is none."""
        with self._readings.opened() as base:
            begun = base.execute(
                "SELECT time FROM batches WHERE id = ? AND kept_until > ?", (id, iso(datetime.now(UTC)))
            ).fetchone()
            found = base.execute(
                "SELECT number, name, label, state, since, reading, sentence FROM batch_films WHERE batch = ?"
                " ORDER BY number",
                (id,),
            ).fetchall()
        if begun is None:
            return None
        readings = {one.id: one for one in self._readings.search(limit=-1, batch=id)}
        now = min(((since, number) for number, _, _, state, since, *_ in found if state == SENT), default=None)
        films = [
            BatchFilm(number, name, label, state, readings.get(reading), sentence, now == (since, number))
            for number, name, label, state, since, reading, sentence in found
        ]
        return Batch(id, datetime.fromisoformat(begun[0]), films)

    def film(self, id: str, number: int) -> tuple[str, str] | None:
        """Return (label, state) of a film; None if there is none."""
        with self._readings.opened() as base:
            return base.execute(
                "SELECT label, state FROM batch_films WHERE batch = ? AND number = ?", (id, number)
            ).fetchone()

    def tell(self, id: str, number: int, state: str, reading: str = "", sentence: str = "") -> None:
        """Note the state of a film, with the id of its reading, or why it could not be read."""
        since = iso(datetime.now(UTC)) if state == SENT else ""
        with self._readings.opened(write=True) as base:
            base.execute(
                "UPDATE batch_films SET state = ?, since = ?, reading = ?, sentence = ? WHERE batch = ? AND number = ?",
                (state, since, reading, sentence, id, number),
            )

    def relabel(self, id: str, labels: Mapping[int, str]) -> None:
        """Give films of a batch, by number, other patient labels, and their readings too."""
        with self._readings.opened(write=True) as base:
            for number, label in labels.items():
                where = (label, id, number)
                base.execute("UPDATE batch_films SET label = ? WHERE batch = ? AND number = ?", where)
                base.execute(
                    "UPDATE readings SET label = ? WHERE id IN (SELECT reading FROM batch_films WHERE batch = ? AND"
                    " number = ?)",
                    where,
                )
