"""Sessions of browsers, kept in this process alone: a cookie holds a random name, nothing else.

A name is given anew at login (session fixation), dies at logout, after an hour without use and after twelve in all. A
restart ends all of them.
"""

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

COOKIE = "session"
# Seconds: a shift, and a pause in it (OWASP session management: 15 to 30 minutes idle for high value; a ward's phone
# lies about between two films).
MOST_AGE, MOST_IDLE = 12 * 3600, 3600
# Sessions kept; the one that was used longest ago goes first. Each takes some 300 bytes.
MOST = 2000


@dataclass
class Session:
    """One browser.

    Attributes:
        id: its name, in the cookie.
        csrf: what its forms must send along.
        logged_in: whether the password was given.
        password: which one, `Credentials.version` at that time.
        began, used: seconds, monotonic.
    """

    id: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    logged_in: bool = False
    password: str = ""
    began: float = field(default_factory=time.monotonic)
    used: float = field(default_factory=time.monotonic)


class Sessions:
    """All sessions; for many threads."""

    def __init__(self, clock=time.monotonic):
        """Begin without any; `clock` tells seconds."""
        self._clock, self._lock = clock, threading.Lock()
        self._held: OrderedDict[str, Session] = OrderedDict()

    def get(self, id: str | None, use: bool = True) -> Session | None:
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

    def new(self, logged_in: bool = False, instead_of: Session | None = None, password: str = "") -> Session:
        """Return a new session; the one that it replaces ends."""
        made = Session(logged_in=logged_in, password=password, began=self._clock(), used=self._clock())
        with self._lock:
            if instead_of:
                self._held.pop(instead_of.id, None)
            self._held[made.id] = made
            while len(self._held) > MOST:
                # Who has not logged in goes before who has: else strangers could log a ward out.
                strangers = (id for id, one in self._held.items() if not one.logged_in)
                del self._held[next(strangers, next(iter(self._held)))]
        return made

    def end(self, session: Session) -> None:
        """End a session."""
        with self._lock:
            self._held.pop(session.id, None)
