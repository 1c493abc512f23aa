"""Files, folders, patterns and lists on stdin become the paths of films, in a fixed order, each once."""

import glob
import os
import select
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from edge_app.errors import UnreadableRadiograph, WrongUsage
from edge_app.imaging import file_type
from edge_app.sources.folder_scan import is_passed_over

# In a folder, a file with such a name is meant as a picture, so its fault is reported.
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".dcm", ".dicom", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".jp2", ".pgm"}
STDIN = "-"
CHUNK = 1 << 16


class Problem(NamedTuple):
    """A place where no film could be searched for, and the sentence that says why."""

    path: Path
    sentence: str


class Sources:
    """Films of files, folders, patterns and lists, found as they are asked for.

    A file that is named is always taken. In a folder, a file is taken if its name or its content says picture or
    DICOM, so that a broken film is reported and a `metadata.csv` is not. Hidden files are passed over, and folders in
    which systems keep thumbnails and deleted files. Links to folders are followed, each folder once. A pattern such as
    `'archive/**/*.dcm'` stands for the files that it matches, unless a file has that very name. `-` is a list on stdin;
    it is read as it arrives and may be endless.

    Attributes:
        endless: whether a list on stdin is among them, whose length is not known.
        skipped: the number of files in folders that were not pictures, so far.
    """

    def __init__(self, words: Iterable[str | Path], recursive: bool = True, null: bool = False):
        """Take what the user named.

        Args:
            words: paths, patterns, or `-`.
            recursive: look into subfolders.
            null: paths in the list on stdin end with NUL, not with a newline.
        """
        self._words = list(map(str, words))
        self._recursive, self._null = recursive, null
        self._met: set[str] = set()
        self.endless = STDIN in self._words
        self.skipped = 0

    def __iter__(self) -> Iterator[Path | Problem | None]:
        """Yield films and problems, and None before a call that will have to wait for the next one."""
        for word in self._words:
            if word == STDIN:
                for path in _listed(self._null):
                    yield from (None,) if path is None else self._under(path)
            elif glob.has_magic(word) and not os.path.lexists(word):
                yield from self._matching(word)
            else:
                yield from self._under(Path(word))

    def _matching(self, pattern: str) -> Iterator[Path | Problem]:
        paths = sorted(glob.iglob(pattern, recursive=True))  # noqa: PTH207 (Path.glob takes no absolute pattern)
        for path in paths:
            yield from self._under(Path(path))
        if not paths:
            yield Problem(Path(pattern), f"{pattern}: no file matches this pattern; check it, or put it in quotes.")

    def _under(self, path: Path) -> Iterator[Path | Problem]:
        is_folder = os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises where a folder above may not be entered)
        for found in self._walk(path) if is_folder else (path,):
            if isinstance(found, Problem) or self._is_new(found):
                yield found

    def _is_new(self, path: Path) -> bool:
        place = os.path.abspath(path)  # noqa: PTH100 (Path.absolute keeps '..')
        if place in self._met:
            return False
        self._met.add(place)
        return True

    def _walk(self, top: Path) -> Iterator[Path | Problem]:
        problems: list[Problem] = []

        def refuse(error: OSError) -> None:
            where = Path(error.filename)
            sentence = f"{where}: the folder may not be read ({error.strerror}); change its permissions."
            problems.append(Problem(where, sentence))

        empty = True
        seen: set[tuple[int, int]] = set()
        _is_first(top, seen)
        for here, folders, names in os.walk(top, onerror=refuse, followlinks=True):
            folders[:] = [
                name
                for name in sorted(folders)
                if self._recursive and not is_passed_over(name) and _is_first(Path(here, name), seen)
            ]
            for path in (Path(here, name) for name in sorted(names) if not is_passed_over(name)):
                if looks_like_film(path):
                    empty = False
                    yield path
                else:
                    self.skipped += 1
        yield from problems
        if empty and not problems:
            yield Problem(top, f"{top}: holds no {file_type.ALLOWED} file; name a folder that does.")


class Found(NamedTuple):
    """Everything that `Sources` finds."""

    films: list[Path]
    problems: list[Problem]
    skipped: int


def expand(words: Iterable[str | Path], recursive: bool = True) -> Found:
    """List all films of files, folders and patterns at once."""
    found = Sources(words, recursive)
    films, problems = [], []
    for one in found:
        if one is not None:
            (problems if isinstance(one, Problem) else films).append(one)
    return Found(films, problems, found.skipped)


def looks_like_film(path: Path) -> bool:
    """Say whether a file in a folder is meant as a film, by its name or first bytes; if in doubt, it is."""
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return True
    try:
        return file_type.name(file_type.head(path)) in file_type.FILMS
    except UnreadableRadiograph as error:  # the reader will explain it
        return isinstance(error.__cause__, PermissionError)


def _listed(null: bool) -> Iterator[Path | None]:
    """Yield the paths of the list on stdin, and None while there are no more yet. Empty lines are skipped."""
    if sys.stdin is None:
        raise WrongUsage("-: stdin is closed; pipe a list of films into this program, or name them.")
    end, rest, descriptor = b"\0" if null else b"\n", b"", sys.stdin.fileno()
    while True:
        if not select.select([descriptor], [], [], 0)[0]:
            yield None
        chunk = os.read(descriptor, CHUNK)
        *names, rest = (rest + chunk).split(end)
        for name in names if chunk else (*names, rest):
            if name:
                yield Path(os.fsdecode(name))
        if not chunk:
            return


def _is_first(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Say whether a folder, by device and inode, is seen for the first time; this ends loops of links."""
    try:
        status = folder.stat()
    except OSError:
        return True  # os.walk will say why it cannot be read
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True
