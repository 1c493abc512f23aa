"""The program with a clock that jumps: `python -m tests.support.jumping_clock FILE COMMAND...`.

The file holds how many days the clock is off, and may change while the program runs. What a program sees of a clock
that is set is the time of day; the monotonic clock goes on (clock_gettime(2)), and so does that of the file system.
"""

import datetime
import runpy
import sys
import time
from pathlib import Path

SECONDS = 86_400


class JumpingDatetime(datetime.datetime):
    """A `datetime` whose `now` is off."""

    @classmethod
    def now(cls, tz=None):
        """Return the time of the clock."""
        return cls.fromtimestamp(time.time(), tz)


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    clock, right = Path(sys.argv[0]), time.time
    # The file is empty for a moment while it is written.
    time.time = lambda: right() + float(clock.read_text() or 0) * SECONDS
    datetime.datetime = JumpingDatetime
    runpy.run_module("edge_app", run_name="__main__", alter_sys=True)
