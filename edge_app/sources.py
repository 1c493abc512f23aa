"""Which files to classify: PATH arguments become film paths, in a fixed order."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

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
    DICOM, so that a broken film is reported and a `metadata.csv` is not; hidden files are passed over.
    """
    found = Found()
    for path in paths:
        if path.is_dir():
            _walk(path, found)
        elif path.exists() or path.is_symlink():
            found.films.append(path)
        else:
            found.problems.append((path, f"{path}: there is no such file or folder; check the name."))
    found.films = list(dict.fromkeys(found.films))
    return found


def _walk(folder: Path, found: Found) -> None:
    def refuse(error: OSError) -> None:
        where = Path(error.filename)
        found.problems.append((where, f"{where}: the folder may not be read ({error.strerror}); change its permissions."))

    before = len(found.films), len(found.problems)
    # os.walk does not follow links to folders, so a loop of links ends.
    for here, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in _visible(Path(here), names):
            if path.suffix.lower() in IMAGE_SUFFIXES or _has_film_content(path):
                found.films.append(path)
            else:
                found.skipped += 1
    if (len(found.films), len(found.problems)) == before:
        found.problems.append((folder, f"{folder}: holds no PNG, JPEG or DICOM file; name a folder that does."))


def _visible(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    return (folder / name for name in sorted(names) if not name.startswith("."))


def _has_film_content(path: Path) -> bool:
    """Say whether the first bytes are those of a PNG, a JPEG or a DICOM file."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(132)
    except OSError:
        return True  # let the reader say why it cannot be read
    return head.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff")) or head[128:] == b"DICM"
