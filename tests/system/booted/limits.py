"""Runs inside a virtual machine: the service's limits are in force, and a film above them costs nothing but itself.

`tests/system/booted/machine.py` boots it: unlike a container it has the kernel's control groups to itself, as a Pi has.
"""

import shutil
import sys
from pathlib import Path

from tests.system.booted.system import FILMS, INBOX, WATCH, count, run, say, show, until

GROUP = Path(f"/sys/fs/cgroup/system.slice/{WATCH}")
# As in the unit: share of the machine's memory, and microseconds of each 100 ms on three cores.
SHARE, QUOTA = 0.75, "300000 100000"
# Too little for a film of 30 megapixels in colour with transparency: the service itself takes some 80 MB.
LITTLE = "160M"


def in_force() -> None:
    """The kernel holds the service to what its unit says."""
    until(lambda: show("ActiveState") == "active", "the service")
    line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    there, most = int(line.split()[1]) * 1024, int((GROUP / "memory.max").read_text())
    assert abs(most / there - SHARE) < 0.01, (most, there)
    assert (GROUP / "cpu.max").read_text().strip() == QUOTA
    assert (GROUP / "memory.swap.max").read_text().strip() == "0"
    say(f"the kernel holds the service to {most / 1e6:.0f} of {there / 1e6:.0f} MB and to three cores")


def starved() -> None:
    """A film that needs more memory than the service may have is refused, and the service goes on with the next."""
    drop = Path(f"/run/systemd/system/{WATCH}.d/little.conf")
    drop.parent.mkdir(parents=True, exist_ok=True)
    drop.write_text(f"[Service]\nMemoryHigh=infinity\nMemoryMax={LITTLE}\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", WATCH)
    worker, done = show("MainPID"), count()
    shutil.copy(FILMS / "huge.png", INBOX)
    until(
        lambda: "a film: " in run("journalctl", "-u", WATCH, "--no-pager"), "the sentence on a film that is too large"
    )
    shutil.copy(FILMS / "small.png", INBOX)
    until(lambda: count() > done, "the film after it")
    kills = dict(line.split() for line in (GROUP / "memory.events").read_text().splitlines())["oom_kill"]
    assert int(kills) > 0, "the kernel killed nobody: this proves nothing"
    assert show("MainPID") == worker
    said = next(line for line in run("journalctl", "-u", WATCH, "-o", "cat").splitlines() if "a film: " in line)
    say(f"with {LITTLE} it goes on after the kernel killed a decoder: '{said}'; the next film is judged")


def main() -> int:
    """Run every step."""
    try:
        in_force()
        starved()
    except Exception as error:  # the console is all that is seen
        say(f"FAILED {type(error).__name__}: {error}")
        return 1
    say("OK")
    return 0


if __name__ == "__main__":
    sys.exit(main())
