"""Sessions of browsers, kept in this process only: a cookie holds a random name, nothing else.

A session gets a new name at login (session fixation). It ends at logout, after an hour without use, and after twelve
hours. A restart ends all sessions.
"""

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

COOKIE = "session"
# Seconds: a shift, and a pause in it. OWASP asks for 15 to 30 idle minutes where much is at stake; a ward's phone often
# lies unused between two films.
MOST_AGE, MOST_IDLE = 12 * 3600, 3600
# Sessions kept; the one that was used longest ago ends first. Each takes some 300 bytes.
MOST = 2000


@dataclass
class BrowserSession:
    """The session of one browser.

    Attributes:
        id: its name, in the cookie.
        csrf: what its forms must send along.
        logged_in: whether the password was given.
        password: the version of that password, of `Credentials.version`.
        began, used: when, in seconds of `time.monotonic`.
    """

    id: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    logged_in: bool = False
    password: str = ""
    began: float = field(default_factory=time.monotonic)
    used: float = field(default_factory=time.monotonic)


class BrowserSessions:
    """All sessions; for many threads."""

    def __init__(self, clock=time.monotonic):
        """Begin without any; `clock` returns seconds."""
        self._clock, self._lock = clock, threading.Lock()
        self._held: OrderedDict[str, BrowserSession] = OrderedDict()

    def get(self, id: str | None, use: bool = True) -> BrowserSession | None:
        """Return a session that is still valid; `use` counts as activity."""
        now = self._clock()
        with self._lock:
            found = self._held.get(id or "")
            if found is None:
                return None
            if now - found.began > MOST_AGE or now - found.used > MOST_IDLE:
                del self._held[found.id]
                return None
            if use:
                found.used = now
                self._held.move_to_end(found.id)
            return found

    def new(
        self, logged_in: bool = False, instead_of: BrowserSession | None = None, password: str = ""
    ) -> BrowserSession:
        """Return a new session; the one that it replaces ends."""
        made = BrowserSession(logged_in=logged_in, password=password, began=self._clock(), used=self._clock())
        with self._lock:
            if instead_of:
                self._held.pop(instead_of.id, None)
            self._held[made.id] = made
            while len(self._held) > MOST:
                # Sessions without a login end first: otherwise strangers could log a ward out.
                strangers = (id for id, session in self._held.items() if not session.logged_in)
                del self._held[next(strangers, next(iter(self._held)))]
        return made

    def end(self, session: BrowserSession) -> None:
        """End a session."""
        with self._lock:
            self._held.pop(session.id, None)
