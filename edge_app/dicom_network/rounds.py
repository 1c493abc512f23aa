"""What sends results, or pulls films, runs in a thread, round by round, and waits ever longer while it fails."""

import random
import threading
from collections.abc import Callable

from edge_app.errors import EdgeError

# Seconds before the second try; each wait is twice the one before, and at most 10 minutes: then the peer is back.
FIRST_WAIT, LONGEST_WAIT = 2.0, 600.0
# A wait is up to this share shorter, by chance, so that many nodes do not come back at the same time.
JITTER = 0.5
# Seconds between two looks when nothing happens; until a thread that is sending or fetching has ended.
LOOK, STOPPED = 5.0, 10.0


class Backoff:
    """How long to wait after tries that failed."""

    def __init__(self, first: float = FIRST_WAIT, longest: float = LONGEST_WAIT):
        self._first, self._longest, self._failures = first, longest, 0

    def failed(self) -> float:
        """Note a failure; return the seconds to wait."""
        wait = min(self._first * 2 ** min(self._failures, 30), self._longest)
        self._failures += 1
        return wait * (1 - JITTER * random.random())

    def done(self) -> bool:
        """Note a success; say whether failures came before it."""
        had, self._failures = self._failures > 0, 0
        return had


class Rounds:
    """Calls a function in a thread until it is stopped."""

    def __init__(
        self, name: str, round_: Callable[[], float], news: threading.Event, peer: object, say: Callable[[str], None]
    ):
        """Prepare.

        Args:
            name: of the thread.
            round_: does what is due; returns the seconds to wait before the next time.
            news: is set when there is something to do; a round may wait for it.
            peer: with whom it speaks, as the journal names it.
            say: takes sentences for the journal.
        """
        self._round, self._news, self._peer, self._say = round_, news, peer, say
        self._faults, self.ended = Backoff(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after what is being sent or fetched."""
        self.ended.set()
        self._news.set()
        self._thread.join(STOPPED)

    def _run(self) -> None:
        while not self.ended.is_set():
            try:
                wait = self._round()
                self._faults.done()
            except EdgeError as error:  # the ledger, which the next film tells of too
                self._say(str(error))
                wait = LONGEST_WAIT
            except Exception as error:  # the guard of a service: what waits is on the disk
                self._say(f"{self._peer}: failed inside this program ({type(error).__name__}); report it.")
                wait = self._faults.failed()
            if wait:
                self.ended.wait(wait)
