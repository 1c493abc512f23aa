"""Which readings have pictures that are still being drawn; whoever asks for one waits for it."""

import threading

# Seconds that a browser waits for a picture: those of one film take 0.2 s on a desk and 1 s on a Pi, and as many films
# as `drawing.MOST_WAITING` may be before it.
PATIENCE = 15
# Requests that may wait at a time: each holds one of the server's threads, and pages must be answered meanwhile.
MOST_WAITERS = 4


class BeingDrawn:
    """Names of readings; for many threads."""

    def __init__(self):
        self._ids: set[str] = set()
        self._asked_for: set[str] = set()
        self._news = threading.Condition()
        self._waiters = threading.BoundedSemaphore(MOST_WAITERS)

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    def is_asked_for(self, id: str) -> bool:
        """Whether somebody waits, or has waited, for its pictures."""
        return id in self._asked_for

    def add(self, id: str) -> None:
        """Note that the pictures of a reading will come."""
        with self._news:
            self._ids.add(id)

    def done(self, id: str) -> None:
        """Note that they have come, or never will."""
        with self._news:
            self._ids.discard(id)
            self._asked_for.discard(id)
            self._news.notify_all()

    def wait(self, id: str) -> bool:
        """Wait until they have come; False if too many others wait, or it takes too long."""
        if id not in self._ids:
            return True
        if not self._waiters.acquire(blocking=False):
            return False
        try:
            with self._news:
                if id in self._ids:
                    self._asked_for.add(id)
                return self._news.wait_for(lambda: id not in self._ids, PATIENCE)
        finally:
            self._waiters.release()
