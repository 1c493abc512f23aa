"""Films on which the program crashed: a film that crashes it each time must not block the films after it.

The films that are being judged are noted in memory that survives a restart of the service. A run that finds a film
there at its start knows on which film the run before it crashed. Decoders need none of this: they crash alone
(`decode_pool`).
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

# A film is given up after this many crashes. A power cut, a kill by hand and a lack of memory may each be chance.
MOST_DEATHS = 3


class CrashTracker:
    """Counts by film, by its sha256, the runs that began and did not finish it."""

    def __init__(self, folder: Path | None = None):
        """Read what the run before left in a folder; None counts nothing."""
        self._folder = folder
        self._left = {path.name for path in folder.glob("*")} if folder else set()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "CrashTracker":
        """Count in the service's RUNTIME_DIRECTORY (systemd.exec(5)), in memory, if systemd listens."""
        folder = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
        return cls(Path(folder) / "in-work" if folder and environment.get("NOTIFY_SOCKET") else None)

    @property
    def at_large(self) -> bool:
        """Whether films on which a run crashed are still to come; then one film at a time is judged, to find it."""
        return bool(self._left)

    def begin(self, sha256: str) -> int:
        """Note that a film is being judged; return on how many crashes it was. After `MOST_DEATHS` it is not begun."""
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
        """Note that a film was judged without a crash."""
        self._left.discard(sha256)
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / sha256).unlink(missing_ok=True)

    def forget(self) -> None:
        """Forget all films: the service was stopped by hand, and those given up get another chance."""
        if self._folder is not None:
            for path in self._folder.glob("*"):
                with contextlib.suppress(OSError):
                    path.unlink()
