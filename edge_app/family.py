"""What a process and all its children hold and have used, out of /proc: Linux only."""

import os
from pathlib import Path


def members(pid: int) -> list[int]:
    """Return a process and all its descendants, those that have just gone left out."""
    found, new = [], [pid]
    while new:
        found += new
        new = [child for parent in new for child in _children(parent)]
    return found


def memory_mb(pid: int) -> tuple[float, float]:
    """Return (RSS, PSS) summed over a process and all its descendants, in MB; PSS counts a shared page once in all."""
    rss = pss = 0
    for member in members(pid):
        try:
            text = Path(f"/proc/{member}/smaps_rollup").read_text()
        except OSError:  # gone meanwhile
            continue
        for line in text.splitlines():
            if line.startswith("Rss:"):
                rss += int(line.split()[1])
            elif line.startswith("Pss:"):
                pss += int(line.split()[1])
    return rss * 1024 / 1e6, pss * 1024 / 1e6


def run(command: list[str], until_line: bool = False) -> dict:
    """Run a program to its end.

    Args:
        command: with its arguments.
        until_line: `seconds` end with its first line on stdout, and not with the program.

    Returns:
        `seconds`, `cpu_seconds` of it and of all children it waited for, `stdout`, and `code`.
    """
    import subprocess
    import time

    # As on a device: Python keeps its compiled files.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=kept)
    first = program.stdout.readline()
    seconds = time.perf_counter() - started
    stdout = first + program.stdout.read()
    _, status, used = os.wait4(program.pid, 0)
    program.returncode = os.waitstatus_to_exitcode(status)
    if not until_line:
        seconds = time.perf_counter() - started
    program.stdout.close()
    return {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "stdout": stdout.decode(),
        "code": program.returncode,
    }


def _children(pid: int) -> list[int]:
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(word) for text in lists for word in text.split()]
