"""Which files to classify: PATH arguments become film paths, in a fixed order."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edge_app import magic
from edge_app.errors import UnreadableRadiograph

# In a folder, a file of such a name is meant as a picture, whatever it holds; its fault is worth a sentence.
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".dcm", ".dicom", ".gif", ".tif", ".tiff", ".bmp", ".webp"}


@dataclass
class Found:
    """What the arguments led to."""

    films: list[Path] = field(default_factory=list)
    problems: list[tuple[Path, str]] = field(default_factory=list)
    skipped: int = 0  # files in folders that are no pictures


def expand(paths: Iterable[Path]) -> Found:
    """List the films of files and, recursively, of folders; each once, in the order given and then by name.

    A file that is named is always taken. In a folder, a file is taken if its name or its content says picture or
    DICOM, so that a broken film is reported and a `metadata.csv` is not; hidden files are passed over. Links to folders
    are followed, each folder once.
    """
    found = Found()
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a folder above may not be entered)
            _walk(path, found)
        else:
            found.films.append(path)
    found.films = list(dict.fromkeys(found.films))
    return found


def _walk(top: Path, found: Found) -> None:
    def refuse(error: OSError) -> None:
        where = Path(error.filename)
        sentence = f"{where}: the folder may not be read ({error.strerror}); change its permissions."
        found.problems.append((where, sentence))

    before = len(found.films), len(found.problems)
    seen: set[tuple[int, int]] = set()
    _is_new(top, seen)
    for here, folders, names in os.walk(top, onerror=refuse, followlinks=True):
        folders[:] = [name for name in sorted(folders) if not name.startswith(".") and _is_new(Path(here, name), seen)]
        for path in (Path(here, name) for name in sorted(names) if not name.startswith(".")):
            if path.suffix.lower() in IMAGE_SUFFIXES or _may_be_film(path):
                found.films.append(path)
            else:
                found.skipped += 1
    if (len(found.films), len(found.problems)) == before:
        found.problems.append((top, f"{top}: holds no PNG, JPEG or DICOM file; name a folder that does."))


def _is_new(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Say whether a folder, by device and inode, is met for the first time: a loop of links ends here."""
    try:
        status = folder.stat()
    except OSError:
        return True  # os.walk will say why it cannot be read
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _may_be_film(path: Path) -> bool:
    """Say whether a file's first bytes are those of a film, or cannot be read, which the reader then explains."""
    try:
        return magic.name(magic.head(path)) in ("PNG", "JPEG", "DICOM")
    except UnreadableRadiograph as error:
        return isinstance(error.__cause__, PermissionError)
