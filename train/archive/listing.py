"""What there is to judge: the films of folders, patterns and object stores, listed into a file: memory stays flat.

In a folder of this machine a film is known as the edge knows it (`edge_app.sources.film_paths`). In an object store a
name that ends as a picture's does is taken, and any other is looked at by the worker, by its first bytes.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from edge_app.errors import WrongUsage
from edge_app.sources import film_paths
from edge_app.sources.film_paths import Problem
from edge_app.sources.folder_scan import is_passed_over
from train.archive import storage

# Films that are looked up at a time among those that a table has.
AT_ONCE = 4096


class Film(NamedTuple):
    """A film as it was listed.

    Attributes:
        name: absolute path, or address in an object store.
        folder: the first folder below the source: a site, as a rule; "" if it lies in the source itself.
        stamp: 16 bytes, of the name, the size and the time of change: what tells that it was judged already.
        size: bytes.
        sure: whether it is a film by its name or its content; else the worker looks.
    """

    name: str
    folder: str
    stamp: bytes
    size: int
    sure: bool


class Listed:
    """Films in a file of this machine, which is removed with it.

    Attributes:
        films: how many are to be judged.
        known: how many the table has already.
        problems: sentences on places that could not be looked at.
        skipped: files in folders that were neither picture nor DICOM.
    """

    def __init__(self, file: IO[str]):
        """Begin with none; `file` is open for writing and reading."""
        self._file = file
        self.films = self.known = self.skipped = self.bytes = 0
        self.problems: list[str] = []

    def add(self, film: Film) -> None:
        """Add a film."""
        self.films += 1
        self._file.write(json.dumps([film.name, film.folder, film.stamp.hex(), film.size, film.sure]) + "\n")

    def chunks(self, size: int) -> Iterator[list[Film]]:
        """Yield all films, in lots."""
        self._file.seek(0)
        while chunk := list(islice(self._file, size)):
            fields = map(json.loads, chunk)
            yield [Film(name, folder, bytes.fromhex(stamp), *rest) for name, folder, stamp, *rest in fields]


def fill(listed: Listed, sources: list[str], is_known: Callable[[list[bytes]], list[bool]]) -> None:
    """List the films of all sources that are not known.

    Args:
        listed: takes them.
        sources: folders, files, patterns, addresses.
        is_known: says of stamps whether the table has their films.

    Raises:
        WrongUsage: an address cannot be opened.
    """
    met: set[bytes] = set()  # across sources that overlap
    films = (film for source in sources for film in _films(source, listed))
    while some := list(islice(films, AT_ONCE)):
        for film, known in zip(some, is_known([film.stamp for film in some]), strict=True):
            if len(sources) > 1:
                if film.stamp in met:
                    continue
                met.add(film.stamp)
            if known:
                listed.known += 1
            else:
                listed.add(film)


def _films(source: str, listed: Listed) -> Iterator[Film]:
    return _here(source, listed) if storage.is_local(source) else _elsewhere(source, listed)


def _here(source: str, listed: Listed) -> Iterator[Film]:
    top = Path(os.path.abspath(storage.local(source)))  # noqa: PTH100 (Path.absolute keeps '..')
    found = film_paths.Sources([top])
    for path in found:
        if isinstance(path, Problem):
            listed.problems.append(path.sentence)
        elif path is not None:
            size, changed = 0, 0
            with contextlib.suppress(OSError):  # reading it will say why
                status = path.stat()
                size, changed = status.st_size, max(status.st_mtime_ns, status.st_ctime_ns)
            below = path.relative_to(top).parts if path.is_relative_to(top) else ()
            yield _film(str(path), below, size, changed, sure=True)
    listed.skipped += found.skipped


def _elsewhere(source: str, listed: Listed) -> Iterator[Film]:
    fs, top = storage.opened(source)
    kind = source.partition("://")[0]
    empty = True
    try:
        for here, folders, files in fs.walk(top, detail=True, on_error="raise"):
            for name in [name for name in folders if is_passed_over(name)]:
                del folders[name]
            for name, about in sorted(files.items()):
                if is_passed_over(name):
                    continue
                empty = False
                path = f"{here}/{name}"
                below = PurePosixPath(path).relative_to(top).parts
                changed = about.get("mtime") or about.get("LastModified") or about.get("ETag") or ""
                sure = Path(name).suffix.lower() in film_paths.IMAGE_SUFFIXES
                address = f"{kind}://{path}"
                yield _film(address, below, about.get("size") or 0, changed, sure)
    except OSError as error:
        why = " ".join(str(error).split()).rstrip(".")[:300]
        raise WrongUsage(f"{source}: cannot be listed ({why}); check the address, and who may read it.") from error
    if empty:
        listed.problems.append(f"{source}: holds no file; name a prefix that does.")


def _film(name: str, below: tuple[str, ...], size: int, changed: object, sure: bool) -> Film:
    words = b"\0".join([os.fsencode(name), str(size).encode(), str(changed).encode()])
    folder = below[0] if len(below) > 1 else ""
    return Film(name, folder, hashlib.blake2b(words, digest_size=16).digest(), size, sure)
