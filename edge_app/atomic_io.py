"""Files that are whole or not there, whatever happens to the power.

The content reaches the disk before the name does: fsync, then rename, then fsync of the folder. rename(2) is atomic,
and ext4 and f2fs keep the order of the two only if asked.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# A file that is being written has this ending, and a dot before its name; after a power cut it is of no use to anybody.
UNFINISHED = ".part"
# As `open` makes a file; the process's umask takes its part away.
MODE = 0o666


def write(path: Path, content: bytes, mode: int = MODE) -> None:
    """Write a file: after a power cut at any instant there is the old one or the new one, and after the return the new.

    Raises:
        OSError: it cannot be written; the old file, if any, is as it was.
    """
    with writing(path, mode) as file:
        file.write(content)


def write_json(path: Path, value: object, mode: int = MODE) -> None:
    """Write a value as JSON that people can read, as surely as `write`.

    Raises:
        OSError: it cannot be written; the old file, if any, is as it was.
        TypeError: JSON has no word for the value.
    """
    import json

    write(path, f"{json.dumps(value, indent=1)}\n".encode(), mode)


@contextlib.contextmanager
def writing(path: Path, mode: int = MODE) -> Iterator[BinaryIO]:
    """Open a file to be written piece by piece; it replaces the old one, as surely as `write`, when the block ends.

    If the block fails, what it wrote is removed and the old file, if any, is as it was. Two that may write one file at
    the same time must be kept apart, by `alone` for example.
    """
    unfinished = _unfinished(path)
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    fsync_dir(path.parent)


def rename(finished: Path, path: Path) -> None:
    """Give a file that something else has written, or a folder of such files, its name, as surely as `write`.

    Args:
        finished: on the same disk as `path`. Of a folder, the files inside must have reached the disk already.
        path: the name; a file of that name is replaced.
    """
    _fsync(finished)
    finished.replace(path)
    fsync_dir(path.parent)


def link(path: Path, target: str) -> None:
    """Let a symbolic link point elsewhere, as surely as `write`."""
    unfinished = _unfinished(path)
    unfinished.symlink_to(target)
    unfinished.replace(path)
    fsync_dir(path.parent)


def fsync_dir(folder: Path) -> None:
    """Have what was renamed or removed in a folder reach the disk.

    Some network file systems cannot be asked (EINVAL), nor a folder that may be written and not read (EACCES).
    """
    try:
        _fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EACCES):
            raise


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder for this process: of two that change it, the second gets `BlockingIOError`."""
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _unfinished(path: Path) -> Path:
    """Return where a file is written before it has its name; nothing is there: what a power cut left is removed."""
    unfinished = path.with_name(f".{path.name}{UNFINISHED}")
    with contextlib.suppress(OSError):  # where it cannot be removed it cannot be made either
        unfinished.unlink()
    return unfinished


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
