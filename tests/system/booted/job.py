"""Runs inside a booted Debian: the package is installed, its services work, die, hang, stop, and nothing is lost.

`tests/system/booted/run.sh` boots the system and starts this; each step prints one line, and the last is JOB OK.
"""

import sys

from tests.system.booted.inbox import backed_off, deadly, faulty, forgiven, hung, killed, private, stopped, written
from tests.system.booted.node import networked
from tests.system.booted.others import filmed, paged
from tests.system.booted.packages import bundled, installed, removed, updated
from tests.system.booted.system import FILMS, count, run, say


def main() -> int:
    """Run every step."""
    films = sorted((FILMS / "kill").iterdir())
    try:
        installed()
        killed(films)
        with faulty():
            hung()
            deadly()
            done = count()
        forgiven(done)
        backed_off()
        stopped()
        written(len(films))
        private()
        filmed()
        paged()
        networked()
        removed()
        bundled()
        updated()
    except Exception as error:  # the console is all that is seen
        say(f"FAILED {type(error).__name__}: {error}")
        print(run("journalctl", "-n", "60", "--no-pager", check=False))
        return 1
    say("OK")
    return 0


if __name__ == "__main__":
    sys.exit(main())
