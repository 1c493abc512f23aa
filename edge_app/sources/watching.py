"""Films as they arrive in folders; the folders are polled, so that network shares and USB sticks work too.

A film is handed out once two looks find it the same and it looks whole. If it cannot be read then, it may still be
arriving: some systems give a file its full size and time before its bytes. It is tried again until it has not changed
for a while. A file is known by its stamp and by its bytes, never by the time of day: clocks jump.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from edge_app.sources.arrival import seems_whole
from edge_app.sources.film_paths import IMAGE_SUFFIXES, Problem, looks_like_film
from edge_app.sources.folder_scan import FolderScan, Seen, Stamp

INTERVAL = 1.0
# A break in a copy over a hospital's network is seldom longer.
PATIENCE = 10.0
# A look takes a second for some 50,000 files on a Pi; at most this share of all time is spent on looks.
MOST_LOOKING = 0.1
# Films that are gone are remembered, so that they are not new if their disk comes back; this many take about 40 MB.
MOST_GONE = 50_000
# Seconds after which it looks again while it hands out films, so that new films need not wait behind thousands.
LOOK_AGAIN = 10.0
# Seconds for which a file must be still before it is read where times are whole seconds: FAT's are of two seconds, and
# a change within them leaves no trace.
COARSE, SECOND_NS = 2.0, 1_000_000_000

WAITING, GIVEN, DONE, LOST = "waiting", "given", "done", "lost"


class Earlier(NamedTuple):
    """What a path held when it was read last: its stamp, the sha256 of its bytes, and whether that was a film."""

    stamp: Stamp
    sha256: str
    judged: bool


class Memory(Protocol):
    """Knows what paths held before this run."""

    def earlier(self, path: str) -> Earlier | None:
        """Return what a path held; None if it was not read."""

    def note(self, path: str, found: Earlier) -> None:
        """Remember what a path holds."""

    def save(self) -> None:
        """Keep what was noted; called before each wait."""


class NoMemory:
    """Knows nothing of before."""

    def earlier(self, path: str) -> Earlier | None:
        """Return None."""

    def note(self, path: str, found: Earlier) -> None:
        """Forget it."""

    def save(self) -> None:
        """Keep nothing."""


class Final(NamedTuple):
    """A film's final outcome: whether its path held these bytes before, and the sha256 of others that it held."""

    is_same: bool = False
    replaces: str | None = None


class _File:
    """What is known of a file: its stamp and since when, its state, when it is handed out next, what it held before."""

    __slots__ = ("due", "earlier", "seen", "since", "state")

    def __init__(self, seen: Seen, now: float, state: str = WAITING, earlier: Earlier | None = None):
        self.seen, self.since, self.state, self.due, self.earlier = seen, now, state, now, earlier

    def wait(self, now: float, how: "WatchOptions") -> None:
        """Hand it out later: each time after twice as long, and once more when its patience ends."""
        self.state = WAITING
        self.due = min(now + max(how.interval, now - self.since), self.since + how.patience)


class WatchOptions(NamedTuple):
    """How folders are watched.

    Attributes:
        interval: seconds from one look to the next.
        patience: seconds for which a film that cannot be read, or looks unfinished, must stay unchanged before it is
            taken as it is.
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
        memory: Memory | None = None,
    ):
        """Take the folders to watch; one that does not exist yet is waited for.

        Args:
            folders: where films arrive.
            how: the options.
            say: takes the path of a folder, and a sentence about it for the user.
            memory: what was read before; None is nothing.
        """
        self._how, self._memory = how, memory or NoMemory()
        self._scan = FolderScan(map(os.fspath, folders), how.recursive, None if how.once else say)
        self._files: dict[str, _File] = {}
        self._more = False  # whether films are ready that have not been handed out
        self._fickle: set[int] = set()  # devices that give a file another inode at each look

    def __iter__(self) -> Iterator[Path | Problem | None]:
        """Yield films and problems, and None before a call that waits."""
        began = time.monotonic()
        first = True
        while True:
            started = time.monotonic()
            found = self._scan.look()
            looked = time.monotonic() - started
            if first and self._how.new_only:
                self._files = {path: _File(seen, started, DONE) for path, seen in found.items()}
            first = False
            yield from self._news(found, started)
            if self._how.once:
                yield None  # what was handed out is judged now; it may have to be tried again
                if self._ended(time.monotonic() - began):
                    yield from self._late()
                    return
            yield None
            self._memory.save()
            if not self._more:
                time.sleep(max(self._how.interval, looked / MOST_LOOKING))

    def record_outcome(self, path: Path, read: bool, sha256: str = "") -> Final | None:
        """Note whether a film that was handed out could be read.

        Args:
            path: the film.
            read: whether it was.
            sha256: of its bytes, hex; empty if they are not known.

        Returns:
            Its final outcome; None if it may still be arriving, and is handed out again.
        """
        name = os.fspath(path)
        file = self._files.get(name)
        if file is None or file.state in (DONE, LOST):
            return Final()
        if file.state == WAITING or self._has_changed(name, file):  # while it was read
            file.state = WAITING
            return None
        now = time.monotonic()
        if not read and not os.path.lexists(path):
            file.state = LOST
            return None
        if not read and now - file.since < self._how.patience:
            file.wait(now, self._how)
            return None
        file.state = DONE
        return self._final(name, file, read, sha256)

    def _final(self, path: str, file: _File, read: bool, sha256: str) -> Final:
        before, stamp = file.earlier, file.seen.stamp
        if not sha256:
            return Final()
        file.earlier = Earlier(stamp, sha256, read)
        self._memory.note(path, file.earlier)
        if before is None:
            return Final()
        if before.sha256 != sha256:
            return Final(replaces=before.sha256)
        if stamp != before.stamp and stamp.is_but_for_inode(before.stamp):
            self._fickle.add(file.seen.device)
        return Final(is_same=read and before.judged)

    def _has_changed(self, path: str, file: _File) -> bool:
        try:
            return not Stamp.of(os.stat(path)).is_but_for_inode(file.seen.stamp)  # noqa: PTH116 (text)
        except OSError:  # it has gone; what was read of it counts
            return False

    def _news(self, found: dict[str, Seen], now: float) -> Iterator[Path | Problem]:
        """Compare a look with what is known; yield the films that are lost and those that are ready."""
        ready = []
        self._more = False
        for path, seen in found.items():
            file = self._files.get(path)
            if file is None or not self._is_as_before(file, seen):
                self._files[path] = self._begun(path, seen, file, now)
            else:
                if file.seen != seen:
                    file.seen = seen
                if self._is_due(file, now):
                    ready.append(path)
        yield from self._gone(found, now)
        ready.sort(key=lambda path: -self._files[path].since)  # new films before old ones
        for given, path in enumerate(ready):
            if given and time.monotonic() - now > LOOK_AGAIN:
                self._more = True  # they are handed out after the next look
                return
            if self._give(path):
                yield Path(path)

    def _is_as_before(self, file: _File, seen: Seen) -> bool:
        """Say whether a file is the one that is known; one that was not read yet may have another inode each time."""
        if file.state == WAITING or seen.device in self._fickle:
            return seen.stamp.is_but_for_inode(file.seen.stamp)
        return seen.stamp == file.seen.stamp

    def _begun(self, path: str, seen: Seen, before: _File | None, now: float) -> _File:
        """Return what is known of a file that is new or has changed."""
        if before:
            return _File(seen, now, WAITING, before.earlier)
        earlier = self._memory.earlier(path)
        judged = earlier is not None and earlier.judged and earlier.stamp == seen.stamp
        return _File(seen, now, DONE if judged else WAITING, earlier)

    def _is_due(self, file: _File, now: float) -> bool:
        stamp, still = file.seen.stamp, now - file.since
        coarse = not stamp.mtime_ns % SECOND_NS and not stamp.ctime_ns % SECOND_NS
        least = self._how.patience if stamp.size == 0 else COARSE if coarse else 0
        return file.state == WAITING and now >= file.due and still >= least

    def _give(self, path: str) -> bool:
        """Say whether a file is handed out now: a film, and whole if that can be told."""
        file, now = self._files[path], time.monotonic()
        if not looks_like_film(Path(path)):
            file.state = DONE
        elif now - file.since < self._how.patience and not seems_whole(path):
            file.wait(now, self._how)
        else:
            file.state = GIVEN
        return file.state == GIVEN

    def _gone(self, found: dict[str, Seen], now: float) -> Iterator[Problem]:
        """Forget files that are gone, but for those that were read: their disk may come back."""
        gone = [path for path in self._files if path not in found]
        identities = {seen.identity for seen in found.values()} if gone else set()
        for path in gone:
            file = self._files[path]
            if file.state in (DONE, GIVEN):
                continue
            del self._files[path]
            if file.earlier:  # what replaced it has gone before it was read; it may come back
                self._files[path] = _File(Seen(file.earlier.stamp, file.seen.device), now, DONE, file.earlier)
            with_its_folder = any(path.startswith(os.path.join(folder, "")) for folder in self._scan.absent)  # noqa: PTH118
            renamed = file.seen.identity in identities
            meant = file.state == LOST or Path(path).suffix.lower() in IMAGE_SUFFIXES
            if meant and not renamed and not with_its_folder:
                yield Problem(Path(path), f"{path}: has gone before it could be read; send it again.")
        done = [path for path in gone if path in self._files and self._files[path].state == DONE]
        for path in done[: max(0, len(done) - MOST_GONE)]:
            del self._files[path]

    def _ended(self, spent: float) -> bool:
        """Say whether every film is done; films that keep changing are waited for only so long."""
        left, now = [file for file in self._files.values() if file.state != DONE], time.monotonic()
        tired = spent > 2 * self._how.patience and not self._more
        # One that has been still for as long as it must is handed out at the next look.
        return not left or (
            tired and all(one.state == WAITING and now - one.since < self._how.patience for one in left)
        )

    def _late(self) -> Iterator[Problem]:
        for path, file in self._files.items():
            if file.state == WAITING:
                yield Problem(Path(path), f"{path}: is still being written; look again later.")
        for folder in self._scan.absent:
            yield Problem(Path(folder), f"{folder}: the folder is not there or may not be read; check its name.")
