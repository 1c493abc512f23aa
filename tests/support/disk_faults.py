"""A disk that fails at the n-th call by which a program changes it: full, read-only, over quota, broken, or slow.

`disk_faults.c` is preloaded into the program and its children; cc compiles it on first use.
"""

import errno
import functools
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
# As `struct plan` of the source: count, failed, at, error, lasts, slow, shift.
LAYOUT = struct.Struct("7q")
FIELDS = ("count", "failed", "at", "error", "lasts", "slow", "shift")
# Names of errors, as a report says them.
KILLED = 1000  # as in the source: the process that makes the call is killed before it
ERRORS = {
    "full": errno.ENOSPC,
    "read-only": errno.EROFS,
    "broken": errno.EIO,
    "over quota": errno.EDQUOT,
    "killed": KILLED,
}


@functools.cache
def library() -> Path | None:
    """Return the library that is preloaded; None where there is no C compiler."""
    if not (compiler := shutil.which("cc")):
        return None
    path = Path(tempfile.mkdtemp(prefix="disk-faults-")) / "disk_faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", path, SOURCE, "-ldl"], check=True)
    return path


class Disk:
    """What happens to the calls of a program that change a folder; it may be changed while the program runs."""

    def __init__(self, folder: Path, beside: Path):
        """Let all go well for now.

        Args:
            folder: the disk that fails: what is in it, and itself.
            beside: a folder outside it, for the plan and the list of calls.
        """
        self._plan, self.notes = beside / "plan", beside / "calls"
        self._plan.write_bytes(LAYOUT.pack(*[0] * len(FIELDS)))
        self.notes.write_bytes(b"")
        self.environment = {
            "LD_PRELOAD": str(library()),
            "FAULTS_UNDER": str(folder.resolve()),
            "FAULTS_PLAN": str(self._plan),
            "FAULTS_NOTES": str(self.notes),
        }

    def fails(self, kind: str, at: int, lasts: bool = True) -> None:
        """Let the n-th call from now on fail, 1 being the next, and all behind it if it lasts.

        Args:
            kind: of `ERRORS`; of a full disk and of quota, only calls fail that need space or a name.
        """
        self._set(at=self.calls + at, error=ERRORS[kind], lasts=int(lasts))

    def heals(self) -> None:
        """Let all go well again."""
        self._set(at=0)

    def slow(self, microseconds: int) -> None:
        """Let each call take longer."""
        self._set(slow=microseconds)

    def clock(self, seconds: float) -> None:
        """Let the time of day be off by so much from now on."""
        self._set(shift=int(seconds))

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return self._get("count")

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return self._get("failed")

    def list(self) -> list[list[str]]:
        """Return the calls: number, name, path, and whether it failed."""
        return [line.split("\t") for line in self.notes.read_text(errors="surrogateescape").splitlines()]

    def _get(self, name: str) -> int:
        return LAYOUT.unpack(self._plan.read_bytes())[FIELDS.index(name)]

    def _set(self, **values: int) -> None:
        with self._plan.open("r+b") as file:
            for name, value in values.items():
                file.seek(8 * FIELDS.index(name))
                file.write(struct.pack("q", value))
