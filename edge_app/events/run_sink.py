"""A sink of a run: each film that it judges becomes an event, and so do the faults that it meets."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.events.outbox import Outbox
from edge_app.screening.result import Known, Result
from edge_app.workers.decode_pool import DecodePool

if TYPE_CHECKING:
    from edge_app.store.reading import Reading


class EventSink:
    """Puts events into the queue of a page's state folder; the page sends them."""

    def __init__(
        self,
        folder: Path,
        source: str,
        reading: Callable[[], str] = str,
        untold: "Iterable[Reading]" = (),
        told: Callable[[str], object] = str,
    ):
        """Begin: what an earlier run told as a fault is over, and what it kept and did not tell is told.

        Args:
            folder: the page's state folder.
            source: of the films.
            reading: returns the name of the reading of the film that was kept last; empty if it has none.
            untold: readings of an earlier run whose events may not be queued.
            told: is given the name of a reading once its event is queued.
        """
        self._outbox, self._source, self._reading, self._told = Outbox(folder), source, reading, told
        self._deaths = DecodePool.deaths
        self._outbox.started(source)
        for part in ("store", "decoder", "camera", "fhir"):
            self._outbox.fault_ends(self._name(part), source)
        for one in untold:
            self._tell(one.row, one.id)

    def add(self, result: Result) -> None:
        """Tell a film, unless it was judged before."""
        if isinstance(result, Known):
            return
        self._tell(result.row(), self._reading())
        died, self._deaths = DecodePool.deaths > self._deaths, DecodePool.deaths
        self.fault("decoder", "the decoder of a film died" if died else "")

    def _tell(self, row: Mapping, reading: str) -> None:
        if self._outbox.film(row, self._source, reading) and reading:
            self._told(reading)

    def fault(self, part: str, words: str) -> None:
        """Tell a fault of a part of this run, `store`, `decoder`, `camera` or `fhir`; empty words: it is over."""
        if words:
            self._outbox.fault_lasts(self._name(part), words, self._source)
        else:
            self._outbox.fault_ends(self._name(part), self._source)

    def close(self) -> None:
        """Close the queue."""
        self._outbox.close()

    def _name(self, part: str) -> str:
        """Return the name of a fault: another service may have one of the same part."""
        return part if part == self._source else f"{self._source} {part}"
