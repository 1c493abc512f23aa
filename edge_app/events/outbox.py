"""Where a service puts its events: into the queue of the page's state folder, if the page has sinks.

A fault of the queue never stops what puts events: they wait in memory, a few of them, for the next attempt.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from edge_app.errors import EdgeError
from edge_app.events import event as event_
from edge_app.events import event_queue
from edge_app.events.event import Event
from edge_app.events.event_queue import EventQueue

# Names the page's state folder for services that judge beside it; their units set it.
VARIABLE = "COVID_XRAY_EVENTS"
# Events in memory while the disk is full: the faults that tell so, and the first films after.
MOST_UNWRITTEN = 100


def default() -> Path | None:
    """Return the state folder that `COVID_XRAY_EVENTS` names; None if it is empty or not set."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


class Outbox:
    """Puts events into a queue; for many threads.

    Attributes:
        fault: why the last event could not be queued, in one sentence; empty if it could.
    """

    def __init__(self, folder: Path, direct: Callable[[Event], object] | None = None):
        """Use the queue of a state folder; it is opened with the first event, once the page has made it.

        Args:
            folder: the page's state folder.
            direct: is given an event that cannot be queued, to be sent from memory; None: it is kept for the next.
        """
        self.fault = ""
        self._folder, self._direct = folder, direct
        self._queue: EventQueue | None = None
        self._unwritten: deque[Event] = deque(maxlen=MOST_UNWRITTEN)
        self._lasting: dict[str, bool] = {}  # what is known of each fault, so that the disk is left alone
        self._lock = threading.Lock()

    def put(self, event: Event) -> None:
        """Queue an event."""
        with self._lock:
            self._unwritten.append(event)
            try:
                while (queue := self._opened()) and self._unwritten:
                    queue.put(self._unwritten[0])
                    self._unwritten.popleft()
                self._unwritten.clear()  # without a queue nobody wants them
                self.fault = ""
            except EdgeError as error:
                self.fault = str(error)
                while self._direct and self._unwritten:
                    self._direct(self._unwritten.popleft())

    def film(self, row, source: str, reading: str = "") -> bool:
        """Queue the event of a film, as of `event.of_film`; return whether it is on the disk, or nobody wants it."""
        self.put(event_.of_film(row, source, reading))
        return not self.fault

    def fault_lasts(self, name: str, words: str, source: str) -> None:
        """Tell a fault of the device, once until it is over.

        Args:
            name: of the fault, such as `camera`; services that share a queue share its faults.
            words: the sentence that says what was found; it names no film and no patient.
            source: of the event.
        """
        if self._lasting.get(name):
            return
        event = Event(event_.RAISED, {"fault": name, "words": words, "source": source})
        if self._noted(name, True, lambda queue: queue.raise_fault(name, words, event.time)):
            self.put(event)

    def fault_ends(self, name: str, source: str) -> None:
        """Tell that a fault is over, if it was told."""
        if self._lasting.get(name) is False:
            return
        if self._noted(name, False, lambda queue: queue.clear_fault(name)):
            self.put(Event(event_.CLEARED, {"fault": name, "source": source}))

    def started(self, source: str) -> None:
        """Tell that a service has started."""
        self.put(Event(event_.STARTED, {"source": source}))

    def close(self) -> None:
        """Close the queue."""
        with self._lock:
            if self._queue:
                self._queue.close()
                self._queue = None

    def _opened(self) -> EventQueue | None:
        if self._queue is None and (self._folder / event_queue.NAME).exists():
            self._queue = EventQueue(self._folder)
        return self._queue

    def _noted(self, name: str, lasts: bool, note: Callable[[EventQueue], bool]) -> bool:
        """Note whether a fault lasts; return whether that is new. Where the queue cannot be written, it is."""
        with self._lock:
            before = self._lasting.get(name, False)
            try:
                queue = self._opened()
                if queue is None:
                    return False
                new = note(queue)
            except EdgeError as error:
                self.fault, new = str(error), before != lasts
            self._lasting[name] = lasts
            return new
