"""When readings are deleted whose time is over, on a device whose clock may be wrong: unset at boot, or set in between.

A Pi has no clock with a battery. One that starts in 1970, or jumps 20 years ahead, must not cost a reading.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from edge_app.diagnostics.health import LEAST_YEAR, MOST_YEAR
from edge_app.store.reading import FOR_EVER, iso

if TYPE_CHECKING:
    import sqlite3

# Seconds by which a clock may be off from the steady one and be only corrected, and that people have to set it right
# after a jump, before anything is deleted by it.
JUMP = WAIT = 86_400
UNSET = iso(datetime(LEAST_YEAR, 1, 1, tzinfo=UTC))


class Clock:
    """Says whether the time of day may be used to delete; it is asked from time to time."""

    def __init__(self, now: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic):
        """Take two clocks, in seconds: one that may be set, and one that only goes on."""
        self._now, self._steady = now, steady
        self._offset, self._from = now() - steady(), steady()

    @property
    def is_trusted(self) -> bool:
        """Whether it shows a possible year, and has not jumped for a day."""
        now, steady = self._now(), self._steady()
        if abs(now - steady - self._offset) > JUMP:
            self._from = steady + WAIT
        self._offset = now - steady
        return LEAST_YEAR <= time.gmtime(now).tm_year < MOST_YEAR and steady >= self._from


def begin(base: "sqlite3.Connection", keep_days: int) -> None:
    """Prepare for deleting: what was kept under an unset clock counts its days from now; batches that are over go.

    Args:
        base: in a transaction.
        keep_days: days after which a reading is deleted; 0 for never.
    """
    now = datetime.now(UTC)
    if now.year >= LEAST_YEAR:
        until = iso(now + timedelta(days=keep_days or FOR_EVER))
        for table in ("readings", "batches"):
            where = "time < ? AND kept_until < ?"
            base.execute(f"UPDATE {table} SET kept_until = ? WHERE {where}", (until, UNSET, UNSET))
    base.execute("DELETE FROM batches WHERE kept_until <= ?", (iso(now),))
