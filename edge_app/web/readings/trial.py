"""Films to try: judged like any other, and kept in memory alone, so that they never mix with patients' films.

They are in no history, no count, no export and no answer of the API.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edge_app.errors import EdgeError, MissingPackage
from edge_app.screening.result import Failed, Outcome
from edge_app.screening.run_context import RunContext
from edge_app.sources import sample
from edge_app.store import reading as reading_
from edge_app.store.reading import Reading

# How long one is kept, and how many: a page that is open still has its pictures when a few others try a film too.
KEPT, MOST = timedelta(hours=1), 4
# Bytes of a reading's name, as of those that the store keeps.
NAME_BYTES = 12


@dataclass(frozen=True)
class TrialReading(Reading):
    """The reading of a film to try; templates ask for `trial`."""

    trial: bool = True


class Trials:
    """The film to try, and its newest readings; for many threads."""

    def __init__(self, golden: bytes = b""):
        """Keep nothing yet.

        Args:
            golden: the small film in the model's file, PNG, which is tried where the sample film is not installed; a
                drawing would not do, since the gate refuses it as it should. Empty for none.
        """
        self._golden = golden
        self._readings: dict[str, tuple[TrialReading, dict[str, bytes]]] = {}
        self._lock = threading.Lock()

    @property
    def available(self) -> bool:
        """Whether there is a film to try."""
        return bool(self._golden) or _sample_path() is not None

    def film(self) -> bytes | None:
        """Return the film to try as the bytes of a file: the sample, else the model's own; None if there is none."""
        path = _sample_path()
        return path.read_bytes() if path else self._golden or None

    def keep(
        self, result: Outcome, context: RunContext, label: str = "", photograph: bool = False, **_: Any
    ) -> TrialReading:
        """Keep the outcome of a film in memory, drawn at once; arguments as of `ReadingStore.keep`.

        Raises:
            EdgeError: it could not be read.
        """
        from edge_app.web.readings.layers import layers

        if isinstance(result, Failed):
            raise EdgeError(result.error)
        drawn = layers(result, result.grey, context) if result.grey is not None else {}
        told = {"label": label, "has_pictures": bool(drawn), "photograph": photograph, "facts": dict(result.facts)}
        made: dict[str, Any] = vars(reading_.made(result, context, 0, **told)) | {"kept_until": result.time + KEPT}
        reading = TrialReading(**made)
        with self._lock:
            self._forget()
            while len(self._readings) >= MOST:
                del self._readings[next(iter(self._readings))]
            self._readings[reading.id] = reading, drawn
        return reading

    def get(self, id: str) -> TrialReading | None:
        """Return a reading; None if there is none of this name, or no longer."""
        found = self._found(id)
        return found and found[0]

    def picture(self, id: str, name: str) -> bytes | None:
        """Return a picture of a reading by its name in `layers`; None if there is none."""
        found = self._found(id)
        return found and found[1].get(name)

    def _found(self, id: str) -> tuple[TrialReading, dict[str, bytes]] | None:
        with self._lock:
            self._forget()
            return self._readings.get(id)

    def _forget(self) -> None:
        """Forget those whose time is over."""
        now = _now()
        self._readings = {id: kept for id, kept in self._readings.items() if kept[0].kept_until > now}


def _now() -> datetime:
    return datetime.now(UTC)


def _sample_path() -> Path | None:
    try:
        return sample.path()
    except MissingPackage:
        return None
