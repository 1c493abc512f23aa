"""A control group of a Pi's memory, in which the services run: of cgroups' version 1, or of version 2. Needs root."""

import contextlib
import os
import time
from pathlib import Path

from edge_app.errors import WrongUsage

ROOT = Path("/sys/fs/cgroup")
# By version: the folder of groups, and the files of the limit, the limit with swap, use, peak and detail.
FILES = {
    1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes"),
    2: ("memory.max", "memory.swap.max", "memory.current", "memory.peak"),
}
# What programs hold themselves, without files that the kernel keeps as long as there is room: the names by version.
ANONYMOUS, CACHE = {1: "total_rss", 2: "anon"}, {1: "total_cache", 2: "file"}


class Group:
    """A group with a limit of memory and without swap.

    Attributes:
        path: its folder.
        version: of cgroups.
    """

    def __init__(self, megabytes: int):
        """Make it.

        Raises:
            WrongUsage: this user or this machine cannot make one.
        """
        first = (ROOT / "memory").is_dir()
        self.version, parent = (1, ROOT / "memory") if first else (2, ROOT)
        self.path = parent / f"soak-{os.getpid()}"
        limit, swap, self._use, self._peak = FILES[self.version]
        most = megabytes << 20
        try:
            self.path.mkdir()
            (self.path / limit).write_text(str(most))
            # Version 1 counts memory and swap together, version 2 swap alone.
            if (self.path / swap).exists():
                (self.path / swap).write_text(str(most if first else 0))
            if first:
                (self.path / "memory.swappiness").write_text("0")
        except OSError as error:
            raise WrongUsage(
                f"{self.path}: a control group cannot be made ({error.strerror}); the soak needs root and cgroups "
                "with a controller of memory; or give '--mb 0' for no limit."
            ) from error

    def entered(self, command: list[str]) -> list[str]:
        """Return a command that runs within the group."""
        return ["/bin/sh", "-c", 'echo 0 > "$0/cgroup.procs" && exec "$@"', str(self.path), *command]

    def figures(self) -> dict[str, int]:
        """Return bytes in use, at most, anonymous and of files, how often the limit was met, and kills for memory."""
        detail = _pairs(self.path / "memory.stat")
        if self.version == 1:
            met = int((self.path / "memory.failcnt").read_text())
            kills = _pairs(self.path / "memory.oom_control").get("oom_kill", 0)
        else:
            events = _pairs(self.path / "memory.events")
            met, kills = events["max"], events["oom_kill"]
        return {
            "group_used": int((self.path / self._use).read_text()),
            "group_peak": int((self.path / self._peak).read_text()) if (self.path / self._peak).exists() else 0,
            "group_anonymous": detail[ANONYMOUS[self.version]],
            "group_files": detail[CACHE[self.version]],
            "group_limit_met": met,
            "group_kills": kills,
        }

    def close(self) -> None:
        """Remove it; what ran in it has ended, which the kernel may notice a moment later."""
        for _ in range(50):
            with contextlib.suppress(OSError):
                self.path.rmdir()
                return
            time.sleep(0.1)


def _pairs(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}
