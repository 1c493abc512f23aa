"""What a watch of a folder hands out, look by look."""

import itertools
import os
import time

import pytest

from edge_app.sources import watching
from edge_app.sources.folder_scan import FolderScan, Seen, Stamp
from edge_app.sources.watching import Final, FolderWatcher, WatchOptions
from tests.support.watch import film


def test_a_film_that_goes_before_it_is_read(inbox):
    looks = iter(FolderWatcher([inbox], WatchOptions(0.01)))
    film(inbox / "film.png")
    (inbox / "notes.part").write_text("a note")
    assert next(looks) is None  # seen once
    (inbox / "film.png").unlink()
    (inbox / "notes.part").unlink()
    problem = next(looks)
    assert problem.sentence == f"{inbox / 'film.png'}: has gone before it could be read; send it again."
    assert next(looks) is None  # said once


def test_a_film_that_is_renamed_before_it_is_read(inbox):
    looks = iter(FolderWatcher([inbox], WatchOptions(0.01)))
    film(inbox / "film.png")
    assert next(looks) is None
    (inbox / "film.png").rename(inbox / "other.png")
    assert next(looks) is None
    assert next(looks) == inbox / "other.png"


class _Clock:
    """A clock that only a wait moves, however busy the machine is."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_film_that_cannot_be_read_is_handed_out_until_it_is_still(inbox, monkeypatch):
    clock, interval = _Clock(), 1 / 64  # a power of two, so that its sums are exact
    monkeypatch.setattr(watching, "time", clock)
    watch = FolderWatcher([inbox], WatchOptions(interval, patience=20 * interval))
    looks, tried = iter(watch), []
    (inbox / "cut.png").write_bytes(b"half")
    told = None
    while not told:
        if next(looks) == inbox / "cut.png":
            tried.append(clock.now / interval)
            told = watch.record_outcome(inbox / "cut.png", read=False)
    assert (told, tried) == (Final(), [1, 2, 4, 8, 16, 20])
    assert next(looks) is next(looks) is None


def test_links_that_go_round_end(inbox):
    (inbox / "deep").mkdir()
    (inbox / "deep" / "up").symlink_to(inbox)
    film(inbox / "deep" / "film.png")
    looks = iter(FolderWatcher([inbox], WatchOptions(0.01)))
    assert [next(looks), next(looks), next(looks)] == [None, inbox / "deep" / "film.png", None]


class _Share(FolderScan):
    """A share that gives every file another inode at each look, as some network file systems do."""

    numbers = itertools.count(1)

    def look(self) -> dict[str, Seen]:
        found = super().look()
        return {path: Seen(seen.stamp._replace(inode=next(self.numbers)), seen.device) for path, seen in found.items()}


def test_inodes_that_change_at_each_look(inbox, monkeypatch):
    """A film is read, then once more since its inode is another; from then on the share's inodes do not count."""
    monkeypatch.setattr(watching, "FolderScan", _Share)
    watch = FolderWatcher([inbox], WatchOptions(0.01))
    looks = iter(watch)
    path, told = film(inbox / "film.png"), []
    for found in itertools.islice(looks, 20):
        if found is not None:
            told.append(watch.record_outcome(found, True, "a" * 64))
    assert told == [Final(), Final(is_same=True)]
    path.write_bytes(path.read_bytes() + b"more")
    assert [found for found in itertools.islice(looks, 3) if found] == [path]
    assert watch.record_outcome(path, True, "b" * 64) == Final(replaces="a" * 64)


def test_a_film_that_changes_while_it_is_read_is_read_again(inbox):
    watch = FolderWatcher([inbox], WatchOptions(0.01))
    looks = (found for found in watch if found)
    path = film(inbox / "film.png")
    assert next(looks) == path
    status = path.stat()
    with path.open("r+b") as file:
        file.write(b"\x89")  # the same byte, and then the same time of writing
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert watch.record_outcome(path, True, "a" * 64) is None
    assert next(looks) == path
    assert watch.record_outcome(path, True, "a" * 64) == Final()


def test_where_times_are_whole_seconds_a_film_must_be_still_for_two(inbox, monkeypatch):
    """FAT's times are of two seconds: what changes within them leaves no trace."""

    class _Fat(FolderScan):
        def look(self) -> dict[str, Seen]:
            found, even = super().look(), 1_700_000_000 * watching.SECOND_NS
            stamps = {path: seen.stamp._replace(mtime_ns=even, ctime_ns=even) for path, seen in found.items()}
            return {path: Seen(stamps[path], seen.device) for path, seen in found.items()}

    monkeypatch.setattr(watching, "FolderScan", _Fat)
    looks = (found for found in FolderWatcher([inbox], WatchOptions(0.05)) if found)
    began = time.monotonic()
    path = film(inbox / "film.png")
    assert next(looks) == path
    assert time.monotonic() - began >= watching.COARSE


def test_what_replaced_a_film_and_went_before_it_was_read_may_come_back(inbox, tmp_path):
    watch = FolderWatcher([inbox], WatchOptions(0.01))
    looks = iter(watch)
    path = film(inbox / "film.png")
    assert next(found for found in looks if found) == path
    assert watch.record_outcome(path, True, "a" * 64) == Final()
    film(tmp_path / "other.png", seed=1001).replace(path)
    assert [next(looks), next(looks)] == [None, None]  # the end of that look, and one that sees the other film
    path.rename(tmp_path / "other.png")
    assert next(found for found in looks if found).path == path  # a problem: it has gone
    (tmp_path / "other.png").rename(path)
    assert next(found for found in looks if found) == path
    assert watch.record_outcome(path, True, "b" * 64) == Final(replaces="a" * 64)


def test_once_gives_a_film_that_is_still_its_turn_however_long_looks_take(inbox, tmp_path, monkeypatch):
    """It looks unfinished, and so is taken as it is; it has not changed, so nobody says that it is being written."""

    class _Slow(FolderScan):
        def look(self) -> dict[str, Seen]:
            time.sleep(0.3)
            return super().look()

    monkeypatch.setattr(watching, "FolderScan", _Slow)
    path = inbox / "cut.png"
    path.write_bytes(film(tmp_path / "film.png").read_bytes()[:-5000])
    watch, told = FolderWatcher([inbox], WatchOptions(0.01, patience=0.1, once=True)), []
    for found in watch:
        if found is not None:
            told.append(found)
            assert watch.record_outcome(found, read=False, sha256="a" * 64) == Final()
    assert told == [path]


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (100.5, 101.5),  # at least an interval
        (101.0, 102.0),
        (104.0, 108.0),  # as long again as it has been still
        (106.0, 110.0),  # and once more when its patience ends
        (110.0, 110.0),
    ],
)
def test_a_film_is_tried_again_after_twice_as_long_each_time(now, due):
    one = watching._File(Seen(Stamp(1, 2, 3, 4), 5), 100.0, watching.GIVEN)
    one.wait(now, WatchOptions(interval=1.0, patience=10.0))
    assert (one.state, one.due, one.since) == (watching.WAITING, due, 100.0)


class _Disk(FolderScan):
    """A disk that goes and comes back with the same files."""

    there = True

    def look(self) -> dict[str, Seen]:
        found = super().look()
        return found if self.there else {}


def test_of_the_films_that_are_gone_the_newest_are_remembered(inbox, monkeypatch):
    """A disk that comes back brings no new films, but for those that were too many to remember."""
    monkeypatch.setattr(watching, "MOST_GONE", 2)
    monkeypatch.setattr(watching, "FolderScan", _Disk)
    watch = FolderWatcher([inbox], WatchOptions(0.01))
    looks, paths = iter(watch), [film(inbox / f"{number}.png", seed=number) for number in range(3)]
    given = [found for found in itertools.islice(looks, 5) if found]
    assert sorted(given) == paths
    for path in given:
        assert watch.record_outcome(path, True, path.name[0] * 64) == Final()
    for there, again in ((False, 0), (True, 1)):
        monkeypatch.setattr(_Disk, "there", there)
        assert len([found for found in itertools.islice(looks, 6) if found]) == again


def test_stamps_are_compared_but_for_their_inode_and_are_written_and_read():
    one = Stamp(1, 2, 3, 4)
    assert one.is_but_for_inode(Stamp(1, 2, 3, 5))
    assert not any(one.is_but_for_inode(other) for other in (Stamp(0, 2, 3, 4), Stamp(1, 0, 3, 4), Stamp(1, 2, 0, 4)))
    assert Stamp.parse(str(one)) == one
