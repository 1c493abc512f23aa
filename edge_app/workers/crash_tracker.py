"""Films over which the program died: one that brings it down each time must not keep those behind it from a verdict.

Which film a judge has in work is written down in memory that outlives a restart of the service; who finds a film there
at its start knows over what the run before died. Decoders need none of this: they die alone (`pool`).
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

# After so many deaths a film is given up. A power cut, a kill by hand and a lack of memory may each be chance.
MOST_DEATHS = 3


class CrashTracker:
    """Counts, by the sha256 of a film, the runs that began it and did not end it."""

    def __init__(self, folder: Path | None = None):
        """Look what the run before left behind; None counts nothing."""
        self._folder = folder
        self._left = {path.name for path in folder.glob("*")} if folder else set()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "CrashTracker":
        """Count in the service's RUNTIME_DIRECTORY (systemd.exec(5)), in memory, if systemd listens."""
        folder = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
        return cls(Path(folder) / "in-work" if folder and environment.get("NOTIFY_SOCKET") else None)

    @property
    def at_large(self) -> bool:
        """Whether films over which a run died are still to come: then one at a time is judged, so it shows which."""
        return bool(self._left)

    def begin(self, sha256: str) -> int:
        """Write down that a film is in work now; return over how many deaths it was so. Too many: it is not begun."""
        if self._folder is None:
            return 0
        try:
            deaths = int((self._folder / sha256).read_text())
        except (OSError, ValueError):
            deaths = 0
        if deaths >= MOST_DEATHS:
            self._left.discard(sha256)
        else:
            with contextlib.suppress(OSError):  # it is judged all the same
                self._folder.mkdir(exist_ok=True)
                (self._folder / sha256).write_text(f"{deaths + 1}")
        return deaths

    def end(self, sha256: str) -> None:
        """Write down that the program outlived a film."""
        self._left.discard(sha256)
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / sha256).unlink(missing_ok=True)

    def forget(self) -> None:
        """Begin anew: the service was stopped by hand, and films that were given up get another chance."""
        if self._folder is not None:
            for path in self._folder.glob("*"):
                with contextlib.suppress(OSError):
                    path.unlink()
