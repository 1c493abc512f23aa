"""Memory and time of a process and all its children, from /proc: Linux only."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def members(pid: int) -> list[int]:
    """Return the ids of a process and all its descendants that still run."""
    found, new = [], [pid]
    while new:
        found += new
        new = [child for parent in new for child in _children(parent)]
    return found


def memory_mb(pid: int) -> tuple[float, float]:
    """Return (RSS, PSS) summed over a process and all its descendants, in MB; PSS counts a shared page only once."""
    rss = pss = 0
    for member in members(pid):
        try:
            text = Path(f"/proc/{member}/smaps_rollup").read_text()
        except OSError:  # it has ended
            continue
        for line in text.splitlines():
            if line.startswith("Rss:"):
                rss += int(line.split()[1])
            elif line.startswith("Pss:"):
                pss += int(line.split()[1])
    return rss * 1024 / 1e6, pss * 1024 / 1e6


def run(command: Sequence[object], until_line: bool = False, memory: bool = False) -> dict[str, Any]:
    """Run a program to its end.

    Args:
        command: with its arguments.
        until_line: `seconds` end with its first line on stdout, and not with the program.
        memory: measure the memory of it and its children every hundredth of a second, which takes time itself.

    Returns:
        `seconds`, `cpu_seconds` of it and of all children it waited for, `code`, `stdout`, `stderr`, and, if `memory`,
        the largest values: `rss_mb` and `pss_mb`.
    """
    import subprocess
    import tempfile
    import time

    # As on a device: Python keeps its compiled files.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as complaints:
        started = time.perf_counter()
        program = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=complaints, env=kept)
        held = {"rss_mb": 0.0, "pss_mb": 0.0} if memory else {}
        while memory and not os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            for name, figure in zip(held, memory_mb(program.pid), strict=True):
                held[name] = max(held[name], figure)
            time.sleep(0.01)
        assert program.stdout  # since it is a pipe
        stdout = program.stdout.readline()
        first = time.perf_counter() - started
        stdout += program.stdout.read()
        program.stdout.close()
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        complaints.seek(0)
        return held | {
            "seconds": first if until_line else time.perf_counter() - started,
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "code": program.returncode,
            "stdout": stdout.decode(),
            "stderr": complaints.read().decode(errors="replace"),
        }


def _children(pid: int) -> list[int]:
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(word) for text in lists for word in text.split()]
