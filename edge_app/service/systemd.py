"""What the program tells systemd: that it is ready, that it is alive, how many films it has judged, that it stops.

Signs of life come from the work itself, never from a thread of their own: a worker that hangs sends none, and systemd
kills the program and starts it again. Outside systemd nothing is sent. The protocol is that of sd_notify(3).
"""

import contextlib
import os
import sys
import time
from collections.abc import Mapping

from edge_app.service import allocator
from edge_app.service.restart_backoff import RestartBackoff
from edge_app.workers.crash_tracker import CrashTracker

# Share of the time after which systemd takes the program for dead: sd_watchdog_enabled(3) advises half; a quarter
# leaves room for a film that takes long.
SIGN_OF_LIFE = 0.25
# Seconds to wait for a systemd that does not listen; then this message is dropped.
DEAF = 5.0
# Seconds between two messages where there is no watchdog.
STATUS = 5.0


class Service:
    """The connection to systemd; use it as a context around the work.

    Attributes:
        crash_tracker: knows the films over which the runs before this one died.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ):
        """Find out whether systemd listens.

        Args:
            environment: with NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID and RUNTIME_DIRECTORY, if systemd runs it.
        """
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._socket = None
        self._backoff = RestartBackoff.of(environment)
        self.crash_tracker = CrashTracker.of(environment)
        self._pause = STATUS
        limit = environment.get("WATCHDOG_USEC", "")
        if limit.isdigit() and environment.get("WATCHDOG_PID", f"{os.getpid()}") == f"{os.getpid()}":
            self._pause = int(limit) / 1e6 * SIGN_OF_LIFE
        self._next = 0.0
        self._films = 0

    def __enter__(self) -> "Service":
        """Wait, if the last runs died one after the other without judging a film."""
        allocator.keep_few_arenas()
        wait = self._backoff.begin()
        if wait:
            self._tell(f"STATUS=Waiting {wait:.0f} s: the last runs died before they judged a film")
            time.sleep(wait)
        return self

    def __exit__(self, kind, *_):
        self._tell("STOPPING=1")
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self._backoff.forget()
            self.crash_tracker.forget()
        if self._socket:
            self._socket.close()

    def ready(self) -> None:
        """Tell that films are judged from now on."""
        self._tell("READY=1")
        self.alive()

    def alive(self) -> None:
        """Tell that the work goes on; most calls send nothing, so call it often."""
        now = time.monotonic()
        if self._address and now >= self._next:
            self._next = now + self._pause
            self._tell(f"WATCHDOG=1\nSTATUS={self._films} film{'s' * (self._films != 1)} since the start")

    def judged(self) -> None:
        """Tell that the outcome of a film is kept."""
        self._films += 1
        if self._films == 1:
            self._backoff.forget()
        self.alive()

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        import socket

        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.settimeout(DEAF)
        # '@' stands for the zero byte of an abstract address.
        address = f"\0{self._address[1:]}" if self._address[0] == "@" else self._address
        with contextlib.suppress(OSError):
            self._socket.sendto(words.encode(), address)


def in_journal(environment: Mapping[str, str] = os.environ, stream=None) -> bool:
    """Say whether a stream, stderr if none is given, goes to systemd's journal (JOURNAL_STREAM, systemd.exec(5)).

    A journal is kept, copied and sent for help: messages in it name no film, since the name may be a patient's.
    """
    named = environment.get("JOURNAL_STREAM")
    try:
        status = os.fstat((stream or sys.stderr).fileno()) if named else None
    except (OSError, ValueError):  # it is closed, or not a file
        return False
    return status is not None and named == f"{status.st_dev}:{status.st_ino}"
