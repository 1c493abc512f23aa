"""Folders and object stores behind one interface, fsspec's: a path, `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`.

S3 and Google's storage are spoken by Arrow, which reads and writes the Parquet files too; what else fsspec knows is
reached where its package is installed. Credentials and endpoints are those of the environment, never of an address.
"""

import os
from pathlib import Path, PurePosixPath
from typing import Any

from edge_app import atomic_io
from edge_app.errors import WrongUsage

# Of addresses that Arrow speaks itself.
ARROWS = ("s3", "gs", "gcs")


def is_local(place: str) -> bool:
    """Say whether a place is a path of this machine."""
    return "://" not in place or place.startswith("file://")


def local(place: str) -> Path:
    """Return the path of a place that is local."""
    return Path(place.removeprefix("file://"))


def opened(place: str) -> tuple[Any, str]:
    """Return (fsspec file system, path in it) of a place.

    Raises:
        WrongUsage: nothing here speaks with such a place, or the store cannot be asked.
    """
    import fsspec
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow import fs

    if is_local(place):
        return fsspec.filesystem("file"), os.path.abspath(local(place))  # noqa: PTH100 (Path.absolute keeps '..')
    kind, _, rest = place.partition("://")
    try:
        if kind in ARROWS:
            found, path = fs.FileSystem.from_uri(f"{kind.replace('gcs', 'gs')}://{rest.rstrip('/')}")
            return ArrowFSWrapper(found), path
        return fsspec.core.url_to_fs(place)
    except (ImportError, ValueError, OSError) as error:
        why = " ".join(str(error).split()).rstrip(".")[:200]
        raise WrongUsage(
            f"{place}: cannot be opened ({why}); allowed are a folder, 's3://BUCKET/PREFIX', 'gs://BUCKET/PREFIX', and "
            "what an installed package of fsspec speaks."
        ) from error


class Store:
    """The folder of a table, here or in an object store; names in it are relative and have `/`.

    Attributes:
        fs: of fsspec.
        place: absolute path, or address.
    """

    def __init__(self, place: str):
        """Open it; raises `WrongUsage` as `opened`."""
        self.fs, self._root = opened(place)
        self._local = is_local(place)
        self.place = self._root if self._local else place

    def path(self, name: str) -> str:
        """Return where a file is, for `fs`."""
        return f"{self._root.rstrip('/')}/{name}"

    def names(self, folder: str) -> list[str]:
        """Return the names of all files in a folder and its folders, sorted; none if there is no such folder."""
        self.fs.invalidate_cache()
        found = self.fs.find(self.path(folder))
        return sorted(str(PurePosixPath(path).relative_to(self._root)) for path in found)

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes; None if there is none."""
        try:
            return self.fs.cat_file(self.path(name))
        except FileNotFoundError:
            return None

    def make(self, folder: str) -> None:
        """Make a folder, and those that it is in; an object store has none."""
        if self._local:
            Path(self.path(folder)).mkdir(parents=True, exist_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Write a file: whole, or not at all; into a folder that is there (see `make`)."""
        if self._local:
            atomic_io.write(Path(self.path(name)), content)
        else:
            with self.fs.open(self.path(name), "wb") as file:  # an object is there once it is whole
                file.write(content)

    def rename(self, name: str, new: str) -> None:
        """Give a file another name; where there was one of that name, it is replaced."""
        if self._local:
            path = Path(self.path(new))
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_io.rename(Path(self.path(name)), path)
        else:
            self.fs.mv(self.path(name), self.path(new))

    def clear(self, name: str) -> None:
        """Remove a folder that runs before have left, where this process alone holds the table: on this machine.

        Of a table in an object store, other runs may be at work; what a dead one has left there stays.
        """
        if self._local:
            for left in (f"{name}.gone", name):
                self.remove(left)

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all in it, if there is one.

        A folder here gets another name first: whoever still writes into it finds it gone, and leaves nothing.
        """
        path = self.path(name)
        if self._local and Path(path).is_dir():
            path = str(Path(path).rename(f"{path}.gone"))
        if self.fs.exists(path):
            self.fs.rm(path, recursive=True)
