"""Files that conversion writes."""

from pathlib import Path

from edge_app import atomic_io
from edge_app.errors import EdgeError


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        EdgeError: it cannot be written; what was there before still is.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_io.write(path, content)
    except OSError as error:
        raise EdgeError(
            f"{path}: cannot be written ({error.strerror}), and nothing of it was; make room there, or name another "
            "folder with '--out DIR'."
        ) from error
