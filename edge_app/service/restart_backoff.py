"""How long a run that systemd started again should wait, so that a lasting fault does not keep the device busy.

systemd itself waits longer each time only from version 254 on (RestartSteps=), and Bookworm has 252. A run that judged
a film counts as good: if it is killed at work, the next one starts at once.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

# The waits after runs in a row that did no work are 0, 0, 2, 4 .. 64 seconds.
MOST_DOUBLINGS = 6


class RestartBackoff:
    """Counts runs in a file that outlives a restart, but not a stop."""

    def __init__(self, file: Path | None):
        """Take the file; None counts nothing."""
        self._file = file

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "RestartBackoff":
        """Count in the service's RUNTIME_DIRECTORY (systemd.exec(5)), in memory, if systemd listens."""
        folder = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
        return cls(Path(folder) / "restarts" if folder and environment.get("NOTIFY_SOCKET") else None)

    def begin(self) -> float:
        """Count this run; return how many seconds it should wait first."""
        if self._file is None:
            return 0.0
        try:
            before = int(self._file.read_text())
        except (OSError, ValueError):
            before = 0
        with contextlib.suppress(OSError):  # nothing is counted then
            self._file.write_text(f"{before + 1}")
        return float(2 ** min(before - 1, MOST_DOUBLINGS)) if before > 1 else 0.0

    def forget(self) -> None:
        """Start counting again: work was done, or the stop was intended."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)
