"""Sends the queue's events to one sink, in their order, in a thread of its own; a dead receiver delays nothing else.

What fails is tried again, after a pause that doubles each time and differs by chance, so that many devices do not come
back to a receiver at the same moment.
"""

import contextlib
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from edge_app.errors import EdgeError
from edge_app.events.event import Event
from edge_app.events.event_queue import EventQueue
from edge_app.events.sink import Sink, Undelivered, Unwanted

# Seconds between two looks for events of other services; those of this one wake the thread.
GLANCE = 2.0
# Seconds before the second attempt, and at most between two: a receiver that was off over night has all within a
# quarter of an hour.
FIRST, LONGEST = 1.0, 900.0
# Seconds that a receiver may ask for at most (Retry-After).
MOST_ASKED = 3600.0
# Attempts at an event that a receiver refuses, such as with 400: one more is seldom better, and others wait behind it.
MOST_REFUSALS = 5
# Seconds to wait for the thread at the end.
PATIENCE = 5.0
# Events that are sent from memory, where the queue cannot be written.
MOST_DIRECT = 100


class Trouble(NamedTuple):
    """Why the last attempt failed, in words, and when, in seconds of `time.time`."""

    words: str
    time: float


class Sender:
    """The thread of one sink.

    Attributes:
        trouble: of the last attempt; None if it did not fail.
        unwanted: whether the receiver wants no more events.
    """

    def __init__(self, folder: Path, sink: Sink, body: Callable[[Event], bytes], pauses=(FIRST, LONGEST)):
        """Begin to send.

        Args:
            folder: the state folder.
            sink: takes the events; closed with the sender.
            body: returns what is sent of an event.
            pauses: the first and the longest, in seconds.
        """
        self.trouble: Trouble | None = None
        self.unwanted = False
        self._folder, self._sink, self._body = folder, sink, body
        self._pauses, self._failures, self._refusals = pauses, 0, ("", 0)
        self._direct: deque[Event] = deque(maxlen=MOST_DIRECT)
        self._sent = 0  # the number of the last event that needs no other attempt
        self._ended, self._news = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"send-{sink.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is a new event."""
        self._news.set()

    def direct(self, event: Event) -> None:
        """Send an event that cannot be queued."""
        self._direct.append(event)
        self.wake()

    def close(self) -> None:
        """End; what was not delivered stays in the queue."""
        self._ended.set()
        self._news.set()
        self._sink.cut()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        queue = None
        while not self._ended.is_set() and not self.unwanted:
            try:
                queue = queue or EventQueue(self._folder, hasty=True)
                busy = self._round(queue)
            except EdgeError as error:  # such as a full disk
                self._note(str(error))
                busy = False
            if not busy:
                self._news.wait(GLANCE)
                self._news.clear()
        if queue:
            queue.close()
        self._sink.close()

    def _round(self, queue: EventQueue) -> bool:
        """Send what waits, as far as it goes; return whether to go on at once."""
        self._sink.idle()
        while self._direct and (self._attempt(self._direct[0]) or self._is_given_up(self._direct[0])):
            self._direct.popleft()
        events = queue.waiting(self._sink.name, self._sent)
        for event in events:
            if self._ended.is_set() or self.unwanted or not self._take(queue, event):
                return True
        return bool(events)

    def _take(self, queue: EventQueue, event: Event) -> bool:
        """Make one attempt at an event; return whether the next one may follow."""
        if not queue.waits(self._sink.name, event.number):  # a full queue has given it up
            return True
        delivered = self._attempt(event)
        if not delivered and not self._is_given_up(event):
            return False
        self._sent = event.number
        queue.done(self._sink.name, event.number, delivered)
        return True

    def _is_given_up(self, event: Event) -> bool:
        return self._refusals == (event.id, MOST_REFUSALS)

    def _attempt(self, event: Event) -> bool:
        """Return whether an event was delivered; if not, after the pause before the next attempt."""
        try:
            self._sink.deliver(event, self._body(event))
        except Undelivered as why:
            self._note(str(why))
            self.unwanted = isinstance(why, Unwanted)
            id, count = self._refusals
            if why.refused:
                self._refusals = (event.id, count + 1 if id == event.id else 1)
            self._failures += 1
            if not self.unwanted:
                self._ended.wait(self._pause(why.retry_after_s))
            return False
        except Exception as error:  # one event must not stop the others
            self._note(f"failed inside this program ({type(error).__name__}); report it")
            self._failures += 1
            self._ended.wait(self._pause(None))
            return False
        self.trouble, self._failures = None, 0
        return True

    def _pause(self, asked: float | None) -> float:
        """Return the seconds before the next attempt."""
        first, longest = self._pauses
        pause = min(longest, first * 2 ** min(self._failures - 1, 30))
        return max(random.uniform(pause / 2, pause), min(asked or 0.0, MOST_ASKED))

    def _note(self, words: str) -> None:
        if not self._ended.is_set():  # a delivery that our own end cut short is no trouble
            self.trouble = Trouble(words, time.time())


def joined(senders) -> None:
    """Close senders side by side."""
    threads = [threading.Thread(target=sender.close) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        with contextlib.suppress(RuntimeError):
            thread.join()
