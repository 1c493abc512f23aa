"""The page's end of the events: its queue, and a sender for each sink of the settings, if no other page has them."""

import contextlib
import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from edge_app.errors import EdgeError
from edge_app.events import event as event_
from edge_app.events.config import EventsConfig, WebhookConfig
from edge_app.events.event import Event
from edge_app.events.event_queue import NAME as QUEUE
from edge_app.events.event_queue import EventQueue, Line
from edge_app.events.mqtt import Mqtt
from edge_app.events.outbox import Outbox
from edge_app.events.sender import Sender, Trouble, joined
from edge_app.events.sink import Sink, Undelivered
from edge_app.events.webhook import Webhook

# Held by the page that sends: a queue has one reader, or everything would be sent twice.
LOCK = "events.lock"


class SinkState(NamedTuple):
    """How it goes with a sink: counts, the trouble of the last attempt, and whether its receiver wants no more."""

    line: Line
    trouble: Trouble | None
    unwanted: bool


class Trial(NamedTuple):
    """What became of a test event: whether it was delivered, what was answered, and after how many milliseconds."""

    delivered: bool
    words: str
    ms: float


def nobody(_reading: str) -> Mapping | None:
    """Tell nothing of a reading's patient."""


class Hub:
    """Queues the page's events, and sends those of all services; for many threads."""

    def __init__(
        self,
        folder: Path,
        patient: Callable[[str], Mapping | None] = nobody,
        figures: Callable[[], dict] = dict,
    ):
        """Prepare; nothing is made or sent before `configure` is given a sink.

        Args:
            folder: the page's state folder.
            patient: returns what may be told of the patient of a reading, by the reading's name; None for nothing.
            figures: returns `films_today` and `ready`, for MQTT's state.
        """
        self._folder, self._patient, self._figures = folder, patient, figures
        self._config = EventsConfig()
        self._outbox = Outbox(folder, self._direct)
        self._queue: EventQueue | None = None
        self._device = {"id": "none", "name": socket.gethostname()}
        self._senders: dict[str, Sender] = {}
        self._mqtt: Mqtt | None = None
        self._lock, self._held = threading.Lock(), None
        self.fault = ""

    def configure(self, config: EventsConfig) -> None:
        """Send to these sinks from now on; a fault is told in `fault`, and keeps nothing else from working."""
        with self._lock:
            before, self._config = self._config, config
            if self._mqtt and before.mqtt != config.mqtt:
                self._mqtt.leaving = True
            joined(self._senders.values())
            self._senders, self._mqtt, self.fault = {}, None, ""
            try:
                self._begin()
            except EdgeError as error:
                self.fault = str(error)

    def _begin(self) -> None:
        if not self._config.sinks and not (self._folder / QUEUE).exists():
            return
        if self._queue is None:
            self._queue = EventQueue(self._folder)
            self._device = {"id": self._queue.device, "name": socket.gethostname()}
        if not self._only_one():
            self.fault = f"{self._folder}: another page with this state folder sends its events; stop one of the two."
            return
        self._queue.use(self._config.sinks)
        for name in self._config.sinks:
            sink = self._sink(name, self._state)
            self._mqtt = sink if isinstance(sink, Mqtt) else self._mqtt
            self._senders[name] = Sender(self._folder, sink, self._body)

    def film(self, row: Mapping, source: str, reading: str = "") -> bool:
        """Queue the event of a film, as of `Outbox.film`."""
        if not self.is_used:
            return True
        queued = self._outbox.film(row, source, reading)
        self._wake()
        return queued

    def fault_lasts(self, name: str, words: str, source: str) -> None:
        """Tell a fault, as of `Outbox.fault_lasts`."""
        if self.is_used:
            self._outbox.fault_lasts(name, words, source)
            self._wake()

    def fault_ends(self, name: str, source: str) -> None:
        """Tell that a fault is over, as of `Outbox.fault_ends`."""
        if self.is_used:
            self._outbox.fault_ends(name, source)
            self._wake()

    @property
    def is_used(self) -> bool:
        """Whether events are sent anywhere."""
        return bool(self._config.sinks)

    def erase(self) -> None:
        """Forget the films whose events wait, and the last verdict, without a trace in the file.

        Raises:
            StoreFault: the queue cannot be written.
        """
        if self._queue:
            self._queue.erase()

    def started(self, source: str) -> None:
        """Tell that the service has started."""
        if self.is_used:
            self._outbox.started(source)
            self._wake()

    def test(self, name: str) -> Trial:
        """Send a test event to a sink that is set, past the queue, and wait for the answer."""
        event, began = Event(event_.TEST, {"source": "page"}), time.monotonic()
        sink = self._sink(name, None)
        try:
            words, delivered = sink.deliver(event, self._body(event)), True
        except Undelivered as why:
            words, delivered = str(why), False
        finally:
            sink.close()
        return Trial(delivered, words, 1000 * (time.monotonic() - began))

    def states(self) -> dict[str, SinkState]:
        """Return how it goes with every sink that is used, by name."""
        lines = {}
        with contextlib.suppress(EdgeError):  # told in `fault` of the next change
            lines = self._queue.lines() if self._queue else {}
        senders = dict(self._senders)
        return {
            name: SinkState(
                lines.get(name, Line(0, 0, 0)),
                senders[name].trouble if name in senders else None,
                name in senders and senders[name].unwanted,
            )
            for name in self._config.sinks
        }

    def close(self) -> None:
        """End the senders; what waits stays in the queue."""
        with self._lock:
            joined(self._senders.values())
            self._senders = {}
            self._outbox.close()
            if self._queue:
                self._queue.close()
            if self._held is not None:
                os.close(self._held)
                self._held = None

    def _sink(self, name: str, state: Callable[[], dict] | None) -> Sink:
        config = self._config.sinks[name]
        if isinstance(config, WebhookConfig):
            return Webhook(config)
        return Mqtt(config, self._device, state)

    def _body(self, event: Event) -> bytes:
        told = self._patient(event.reading) if self._config.patient and event.reading else None
        return event.body(self._device, told)

    def _state(self) -> dict:
        """Return what MQTT retains as the device's state."""
        import json

        last, faults = {}, {}
        if self._queue:
            with contextlib.suppress(EdgeError):
                last, faults = json.loads(self._queue.fact("last") or "{}"), self._queue.faults()
        data = last.get("data", {})
        return {
            "verdict": data.get("verdict"),
            "findings": data.get("findings"),
            "time": last.get("time"),
            "fault": "ON" if faults else "OFF",
            "faults": list(faults),
            **self._figures(),
        }

    def _wake(self) -> None:
        for sender in list(self._senders.values()):
            sender.wake()

    def _direct(self, event: Event) -> None:
        for sender in list(self._senders.values()):
            sender.direct(event)

    def _only_one(self) -> bool:
        """Return whether this page alone sends from this folder; the lock is held until `close`."""
        if self._held is not None:
            return True
        held = os.open(self._folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return False
        self._held = held
        return True
