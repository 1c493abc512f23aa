"""How long the newest films took, and so how long those that wait are likely to take."""

import statistics
import time
from collections import deque

# Least and most seconds that a client is told to wait when the queue is full.
LEAST_RETRY, MOST_RETRY = 1, 60
# Newest films, whose times predict how long the queue will take.
NEWEST = 20


class Busy(Exception):
    """The queue is full; in `retry_after_s` whole seconds it is likely to have room."""

    def __init__(self, retry_after_s: int):
        super().__init__(f"the queue is full; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Pace:
    """Times of the newest films.

    Attributes:
        times: seconds from the arrival of each to its reading.
        each: seconds that each of them added to the queue, without its own wait for others.
    """

    def __init__(self):
        self.times: deque[float] = deque(maxlen=NEWEST)
        self.each: deque[float] = deque(maxlen=NEWEST)
        self._newest = 0.0

    def add(self, since: float) -> None:
        """Note that a film that came at `since`, in seconds of `time.monotonic`, has its reading now."""
        now = time.monotonic()
        self.times.append(now - since)
        self.each.append(now - max(self._newest, since))
        self._newest = now

    def retry_after(self, waiting: int) -> int:
        """Return in how many seconds `waiting` films are likely to be read."""
        each = list(self.each)
        likely = statistics.median(each) if each else LEAST_RETRY
        return max(LEAST_RETRY, min(MOST_RETRY, round(likely * waiting + 0.5)))

    @property
    def median_seconds(self) -> float | None:
        """Median of `times`; None before the first film."""
        times = list(self.times)
        return statistics.median(times) if times else None
