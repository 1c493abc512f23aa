"""How many threads run a network: the user's number, or the one the doctor measured here, or a likely one."""

import contextlib
import os
from pathlib import Path

MOST = 64
# It lies beside the store: programs that share a store share what was measured on their device.
NAME = "threads"


def chosen() -> int:
    """Return how many threads are used unless a flag says otherwise.

    `COVID_XRAY_THREADS` counts first, then what `keep` kept on a device like this. Otherwise it is half the number of
    cores: `pipeline` judges two films at a time, and another process decodes. On 2 cores a folder takes as long with 1
    as with 2 (165 films a second), with less CPU time.
    """
    return named() or _kept() or max(1, min(4, (os.cpu_count() or 1) // 2))


def named() -> int | None:
    """Return what `COVID_XRAY_THREADS` says, if it is a number of threads."""
    text = os.environ.get("COVID_XRAY_THREADS", "")
    return int(text) if text.isdigit() and 1 <= int(text) <= MOST else None


def keep(best: int) -> bool:
    """Make programs use this number from their next start on; return whether it could be saved."""
    from edge_app import atomic_io

    path = _path()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_io.write(path, f"{_device()} {best}\n".encode())
        return True
    return False


def _kept() -> int | None:
    """Return what was measured, if on a device like this: the SD card may come from another."""
    with contextlib.suppress(OSError, ValueError):
        device, _, best = _path().read_text().strip().rpartition(" ")
        if device == _device() and 1 <= int(best) <= MOST:
            return int(best)
    return None


def _device() -> str:
    return f"{os.uname().machine} {os.cpu_count()}"


def _path() -> Path:
    from edge_app.store.location import default_path

    return default_path().parent / NAME
