"""Disks that are really full, without inodes, or read-only (tmpfs, root), and one that is slow."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support.disk_faults import Disk
from tests.support.faulty_programs import with_events, with_files, with_store
from tests.support.faulty_runs import Program

# Kilobytes and inodes: too few at the start, within the run, and near its end.
SMALL = ("size=16k", "size=100k", "size=400k", "size=1m", "nr_inodes=2", "nr_inodes=4", "nr_inodes=6", "ro")
ROOM = "size=100m,nr_inodes=10000,rw"
# Microseconds that each call takes longer: as a card that is being erased.
SLOW = 20_000


def tried() -> Iterator[tuple[str, str, list[str]]]:
    """Yield (program, disk, what was wrong)."""
    for make in (with_store, with_files, with_events):
        for options in SMALL if os.geteuid() == 0 else ():
            with tempfile.TemporaryDirectory(prefix="real-") as folder:
                yield make().name, options, _on_tmpfs(make(), Path(folder), options)
        with tempfile.TemporaryDirectory(prefix="real-") as folder:
            yield make().name, "slow", _slow(make(), Path(folder))


def _on_tmpfs(program: Program, folder: Path, options: str) -> list[str]:
    disk, beside = folder / "disk", folder / "beside"
    disk.mkdir()
    beside.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", ROOM, "tmpfs", disk], check=True)
    try:
        program.prepare(disk, beside)
        limits = options if options == "ro" else f"{options},rw"
        done = subprocess.run(["mount", "-o", f"remount,{limits}", disk], check=False, capture_output=True)
        if done.returncode:  # what was prepared takes more already
            return []
        ran = program.run(disk, beside, {})
        wrong = ["a traceback"] if "Traceback" in ran.text else []
        if ran.code < 0:
            wrong.append(f"signal {-ran.code}")
        subprocess.run(["mount", "-o", f"remount,{ROOM}", disk], check=True)
        wrong += program.broken(disk, ran)  # with room: SQLite needs some to read
        again = program.run(disk, beside, {})
        wrong += [] if again.code == 0 else [f"the next start: {again.text[-300:]}"]
        return wrong + program.broken(disk, again)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _slow(program: Program, folder: Path) -> list[str]:
    disk, beside = folder / "disk", folder / "beside"
    disk.mkdir()
    beside.mkdir()
    program.prepare(disk, beside)
    fault = Disk(disk, beside)
    fault.slow(SLOW)
    ran = program.run(disk, beside, fault.environment)
    wrong = program.broken(disk, ran) + ([] if ran.code == 0 else [ran.text[-300:]])
    shutil.rmtree(disk)
    return wrong
