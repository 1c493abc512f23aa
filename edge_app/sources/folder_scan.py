"""One look at folders: which files are there, and what the file system tells of each."""

import os
import stat
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

# Folders in which systems keep thumbnails and deleted files, in lower case: Synology, QNAP, Windows, Linux.
FOREIGN = {"@eadir", "#recycle", "@recycle", "$recycle.bin", "system volume information", "lost+found"}


class Stamp(NamedTuple):
    """What changes with a file's bytes. Stamps are compared for being equal only, so no clock has to be right.

    Attributes:
        size: bytes.
        mtime_ns, ctime_ns: of the file system. A program that copies may set the first; the second it cannot.
        inode: another file under this name has another; on some network shares it changes at each look.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return the stamp of a file."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gave."""
        return cls(*map(int, text.split()))

    def __str__(self) -> str:
        return " ".join(map(str, self))

    def is_but_for_inode(self, other: "Stamp") -> bool:
        """Say whether two stamps are the same, their inodes left out."""
        return self[:3] == other[:3]


class Seen(NamedTuple):
    """A file at a look: its stamp, and the device that holds it."""

    stamp: Stamp
    device: int

    @property
    def identity(self) -> tuple[int, int]:
        """What a file keeps when it is renamed."""
        return self.device, self.stamp.inode


def is_passed_over(name: str) -> bool:
    """Say whether a file or folder of this name is none of the user's films: it is hidden, or a system's own."""
    return name.startswith(".") or name.lower() in FOREIGN


class FolderScan:
    """Looks at folders again and again.

    Attributes:
        absent: folders that could not be read at the last look.
    """

    def __init__(self, folders: Iterable[str], recursive: bool, say: Callable[[str, str], None] | None):
        """Take the folders.

        Args:
            folders: to look at.
            recursive: look into subfolders.
            say: takes the path of a folder, and a sentence: once when it cannot be read, once when it can again.
        """
        self._folders, self._recursive, self._say = list(folders), recursive, say
        self.absent: set[str] = set()

    def look(self) -> dict[str, Seen]:
        """Return by path every file that is there now; each folder is looked at once, whatever links lead to it."""
        found: dict[str, Seen] = {}
        met: set[tuple[int, int]] = set()
        for folder in self._folders:
            self._scan(folder, found, met)
        return found

    def _scan(self, folder: str, found: dict[str, Seen], met: set[tuple[int, int]]) -> None:
        try:
            status = os.stat(folder)  # noqa: PTH116 (text, as scandir gives it)
            if (status.st_dev, status.st_ino) in met:
                return  # a loop of links
            met.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder not in self.absent and self._say:
                self._say(folder, f"cannot be read ({error.strerror}); it is tried again at each look.")
            self.absent.add(folder)
            return
        if folder in self.absent:
            self.absent.remove(folder)
            if self._say:
                self._say(folder, "can be read again.")
        for entry in listed:
            if is_passed_over(entry.name):
                continue
            try:
                status = entry.stat()
            except OSError:  # it has gone since, or is a broken link
                continue
            if stat.S_ISDIR(status.st_mode):
                if self._recursive:
                    self._scan(entry.path, found, met)
            elif stat.S_ISREG(status.st_mode):
                found[entry.path] = Seen(Stamp.of(status), status.st_dev)
