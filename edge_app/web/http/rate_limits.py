"""Rate limits: a token bucket for each address, and a wait that doubles after wrong passwords."""

import threading
import time
from collections import OrderedDict

# Addresses remembered; the one that was seen longest ago is forgotten first.
MOST_ADDRESSES = 1000
# Films that an address may send at once, and then a second: a folder of 60 goes through, then one film a second, which
# is faster than a Pi reads them.
UPLOADS, UPLOADS_A_SECOND = 60, 1.0
# Wrong passwords that cost nothing, seconds of the first wait after them, and of the longest.
FREE, FIRST, LONGEST = 5, 2, 900
# Wrong passwords of all addresses together that cost nothing in a minute: many addresses guess as one.
FREE_OF_ALL = 60


class Bucket:
    """Allows each address `most` requests at once, then `a_second`; for many threads."""

    def __init__(self, most: float = UPLOADS, a_second: float = UPLOADS_A_SECOND, clock=time.monotonic):
        """Begin with full buckets; `clock` returns seconds."""
        self._most, self._rate, self._clock, self._lock = most, a_second, clock, threading.Lock()
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> int:
        """Take one request of an address; return 0, or the whole seconds until one is allowed."""
        now = self._clock()
        with self._lock:
            left, since = self._held.pop(address, (self._most, now))
            left = min(self._most, left + (now - since) * self._rate)
            allowed = left >= 1
            self._held[address] = (left - allowed, now)
            while len(self._held) > MOST_ADDRESSES:
                self._held.popitem(last=False)
            return 0 if allowed else max(1, round((1 - left) / self._rate + 0.5))


class Guesses:
    """Wrong passwords by address, and of all addresses together; for many threads."""

    def __init__(self, clock=time.monotonic):
        """Begin without any; `clock` returns seconds."""
        self._clock, self._lock = clock, threading.Lock()
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._all = Bucket(FREE_OF_ALL, FREE_OF_ALL / 60, clock)

    def wait(self, address: str) -> int:
        """Return the whole seconds until an address may guess again; 0 for now."""
        with self._lock:
            count, last = self._wrong.get(address, (0, 0.0))
        if count < FREE:
            return 0
        pause = min(LONGEST, FIRST * 2 ** (count - FREE))
        return max(0, round(last + pause - self._clock() + 0.5))

    def wrong(self, address: str) -> None:
        """Note a wrong password."""
        with self._lock:
            count, _ = self._wrong.pop(address, (0, 0.0))
            self._wrong[address] = (count + 1, self._clock())
            while len(self._wrong) > MOST_ADDRESSES:
                self._wrong.popitem(last=False)

    def of_all(self) -> int:
        """Take one of the guesses of all addresses together; returns as of `Bucket.take`."""
        return self._all.take("")

    def right(self, address: str) -> None:
        """Forget the wrong passwords of an address that gave the right one."""
        with self._lock:
            self._wrong.pop(address, None)
