"""Films as they arrive in folders; the folders are polled, so that network shares and USB sticks work too.

A film is handed out once two looks find it the same. If it cannot be read then, it may still be arriving: some systems
give a file its full size and time before its bytes. It is tried again until it has not changed for a while.
"""

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from edge_app.sources.film_paths import IMAGE_SUFFIXES, Problem, looks_like_film

INTERVAL = 1.0
# A break in a copy over a hospital's network is seldom longer.
PATIENCE = 10.0
# A look takes a second for some 50,000 files on a Pi; at most this share of all time is spent on looks.
MOST_LOOKING = 0.1
# Films that are gone are remembered, so that they are not new if their disk comes back; this many take about 20 MB.
MOST_GONE = 100_000
# Seconds after which it looks again while it hands out films, so that new films need not wait behind thousands.
LOOK_AGAIN = 10.0
# The most seconds that pass from reading a film to judging it, with the rounding of file systems' times.
READING = 1.0

WAITING, GIVEN, DONE, LOST = "waiting", "given", "done", "lost"


class _Stamp(NamedTuple):
    """What a look shows of a file; `identity` tells a renamed one, but changes at each look on some network shares."""

    size: int
    time: int
    identity: tuple[int, int]
    changed: float


class _File:
    """What is known of a file: its stamp and since when, its state, and when it is handed out next."""

    __slots__ = ("due", "since", "stamp", "state")

    def __init__(self, stamp: _Stamp, now: float, state: str = WAITING):
        self.stamp, self.since, self.state, self.due = stamp, now, state, now


class WatchOptions(NamedTuple):
    """How folders are watched.

    Attributes:
        interval: seconds from one look to the next.
        patience: seconds for which a film that cannot be read must stay unchanged before that is reported.
        recursive: look into subfolders.
        new_only: skip the films that are already there.
        once: stop when all films that are there have been handed out.
    """

    interval: float = INTERVAL
    patience: float = PATIENCE
    recursive: bool = True
    new_only: bool = False
    once: bool = False


USUAL = WatchOptions()


class FolderWatcher:
    """The films of folders, those that are there and those that arrive, without an end."""

    def __init__(
        self,
        folders: Iterable[Path],
        how: WatchOptions = USUAL,
        say: Callable[[str, str], None] = print,
        judged: Mapping[str, float] = MappingProxyType({}),
    ):
        """Take the folders to watch; one that does not exist yet is waited for.

        Args:
            folders: where films arrive.
            how: the options.
            say: takes the path of a folder, and a sentence about it for the user.
            judged: when films that were judged before had been read, in seconds since 1970, by path.
        """
        self._folders = list(folders)
        self._how, self._say, self._judged = how, say, judged
        self._files: dict[str, _File] = {}
        self._more = False  # whether films are ready that have not been handed out
        self._absent: set[str] = set()  # folders that could not be read; reported once

    def __iter__(self) -> Iterator[Path | Problem | None]:
        """Yield films and problems, and None before a call that waits."""
        began = time.monotonic()
        first = True
        while True:
            started = time.monotonic()
            found = self._look()
            looked = time.monotonic() - started
            if first and self._how.new_only:
                self._files = {path: _File(stamp, started, DONE) for path, stamp in found.items()}
            first = False
            yield from self._news(found, started)
            if self._how.once:
                yield None  # what was handed out is judged now; it may have to be tried again
                if self._ended(time.monotonic() - began):
                    yield from self._late()
                    return
            yield None
            if not self._more:
                time.sleep(max(self._how.interval, looked / MOST_LOOKING))

    def record_outcome(self, path: Path, read: bool) -> bool:
        """Note whether a film that was handed out could be read.

        Returns:
            Whether that is final; if not, the film may still be arriving, and is handed out again.
        """
        file = self._files.get(os.fspath(path))
        if file is None or file.state == DONE or read:
            if file and file.state == GIVEN:
                file.state = DONE
            return True
        if file.state == WAITING:  # it has changed meanwhile
            return False
        now = time.monotonic()
        age = now - file.since
        if not os.path.lexists(path):
            file.state = LOST
        elif age >= self._how.patience:
            file.state = DONE
        else:
            file.state = WAITING
            file.due = min(now + max(self._how.interval, age), file.since + self._how.patience)
        return file.state == DONE

    def _news(self, found: dict[str, _Stamp], now: float) -> Iterator[Path | Problem]:
        """Compare a look with what is known; yield the films that are lost and those that are ready."""
        ready = []
        self._more = False
        for path, stamp in found.items():
            file = self._files.get(path)
            if file is None or file.stamp[:2] != stamp[:2]:
                # Not read again after a restart, unless one of its times has changed.
                judged = file is None and stamp.changed + READING < self._judged.get(path, 0)
                self._files[path] = _File(stamp, now, DONE if judged else WAITING)
                continue
            empty = stamp.size == 0 and now - file.since < self._how.patience
            if file.state == WAITING and now >= file.due and not empty:
                ready.append(path)
        yield from self._gone(found)
        ready.sort(key=lambda path: -self._files[path].since)  # new films before old ones
        for given, path in enumerate(ready):
            if given and time.monotonic() - now > LOOK_AGAIN:
                self._more = True  # they are handed out after the next look
                return
            is_film = looks_like_film(Path(path))
            self._files[path].state = GIVEN if is_film else DONE
            if is_film:
                yield Path(path)

    def _gone(self, found: dict[str, _Stamp]) -> Iterator[Problem]:
        """Forget files that are gone, but for those that were read: their disk may come back."""
        gone = [path for path in self._files if path not in found]
        identities = {stamp.identity for stamp in found.values()} if gone else set()
        for path in gone:
            file = self._files[path]
            if file.state in (DONE, GIVEN):
                continue
            del self._files[path]
            with_its_folder = any(path.startswith(os.path.join(folder, "")) for folder in self._absent)  # noqa: PTH118
            renamed = file.stamp.identity in identities
            meant = file.state == LOST or Path(path).suffix.lower() in IMAGE_SUFFIXES
            if meant and not renamed and not with_its_folder:
                yield Problem(Path(path), f"{path}: has gone before it could be read; send it again.")
        done = [path for path in gone if path in self._files and self._files[path].state == DONE]
        for path in done[: max(0, len(done) - MOST_GONE)]:
            del self._files[path]

    def _ended(self, spent: float) -> bool:
        """Say whether every film is done; films that keep changing are waited for only so long."""
        left = [file for file in self._files.values() if file.state != DONE]
        tired = spent > 2 * self._how.patience and not self._more
        return not left or (tired and all(file.state == WAITING for file in left))

    def _late(self) -> Iterator[Problem]:
        for path, file in self._files.items():
            if file.state == WAITING:
                yield Problem(Path(path), f"{path}: is still being written; look again later.")
        for folder in self._absent:
            yield Problem(Path(folder), f"{folder}: the folder is not there or may not be read; check its name.")

    def _look(self) -> dict[str, _Stamp]:
        """Return (size, time, identity) by path of every file that is there now."""
        found: dict[str, _Stamp] = {}
        seen: set[tuple[int, int]] = set()
        for folder in self._folders:
            self._scan(os.fspath(folder), found, seen)
        return found

    def _scan(self, folder: str, found: dict[str, _Stamp], seen: set[tuple[int, int]]) -> None:
        try:
            status = os.stat(folder)  # noqa: PTH116 (text, as scandir gives it)
            if (status.st_dev, status.st_ino) in seen:
                return  # a loop of links
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder not in self._absent and not self._how.once:
                self._say(folder, f"cannot be read ({error.strerror}); it is tried again at each look.")
            self._absent.add(folder)
            return
        if folder in self._absent:
            self._absent.remove(folder)
            self._say(folder, "can be read again.")
        for entry in listed:
            if entry.name.startswith("."):
                continue
            try:
                status = entry.stat()
            except OSError:  # it has gone since, or is a broken link
                continue
            if stat.S_ISDIR(status.st_mode):
                if self._how.recursive:
                    self._scan(entry.path, found, seen)
            elif stat.S_ISREG(status.st_mode):
                identity = (status.st_dev, status.st_ino)
                changed = max(status.st_mtime, status.st_ctime)
                found[entry.path] = _Stamp(status.st_size, status.st_mtime_ns, identity, changed)
