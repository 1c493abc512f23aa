"""Files that are whole or not there, whatever happens to the power."""

import contextlib
import os
from pathlib import Path

# What is being written has this ending, and is of no use to anybody after a power cut.
UNFINISHED = ".part"


def write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file: after a power cut at any instant there is the old one or the new one, and after the return the new.

    The content reaches the disk before the name does (fsync, then rename, then fsync of the folder: rename(2) is
    atomic, and ext4 and f2fs keep their order only if asked).
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    fsync_dir(path.parent)


def link(path: Path, target: str) -> None:
    """Let a symbolic link point elsewhere, as surely as `write`."""
    unfinished = path.with_name(path.name + UNFINISHED)
    with contextlib.suppress(FileNotFoundError):
        unfinished.unlink()
    unfinished.symlink_to(target)
    unfinished.replace(path)
    fsync_dir(path.parent)


def fsync_dir(folder: Path) -> None:
    """Have what was renamed or removed in a folder reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def alone(folder: Path):
    """Hold a folder for this process: of two that change it, the second gets `BlockingIOError`."""
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
