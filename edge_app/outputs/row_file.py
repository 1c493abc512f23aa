"""Text files that grow by whole rows, or are replaced as a whole."""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from edge_app import atomic_io


def add(file: TextIO, row: str) -> None:
    """Write a row to the end of a file; it has reached the system when this returns.

    Where there is no room for all of it, none of it stays, and the file is closed: half a row would read as a whole one
    with other values.

    Raises:
        OSError: it cannot be written.
    """
    size = os.fstat(file.fileno()).st_size
    try:
        file.write(row)
        file.flush()
    except OSError:
        with contextlib.suppress(OSError):  # a pipe and a terminal cannot be cut
            descriptor = os.dup(file.fileno())
            try:
                with contextlib.suppress(OSError):  # else what is buffered complains once more when it is thrown away
                    file.close()
                os.ftruncate(descriptor, size)
            finally:
                os.close(descriptor)
        raise


@contextlib.contextmanager
def replacing(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a file to be written as a whole; until the block has ended well, the old one stays.

    Anything but a regular file, such as /dev/stdout, is written to as it is.

    Raises:
        OSError: it cannot be written.
    """
    if path.exists() and not path.is_file():
        with path.open("w", newline="", encoding=encoding, errors="backslashreplace") as file:
            yield file
        return
    # A link stays one: the file that it names is replaced.
    with atomic_io.writing(Path(os.path.realpath(path))) as content:
        file = io.TextIOWrapper(content, encoding=encoding, errors="backslashreplace", newline="")
        yield file
        file.flush()
        file.detach()
