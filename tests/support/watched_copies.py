"""A watch that is killed and started again while films arrive slowly and its clock jumps, and what it must keep."""

import contextlib
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support import jumping_clock, slow_copies
from tests.support.watch import LINE, ROOT

# Days by which the clock is wrong, at most.
DAYS = 400
# Seconds for a film on a busy machine, at most.
SLOWEST = 1.0


def kept(store: Path) -> list[tuple[str, str, str | None]]:
    """Return (path, sha256, error) of every row of a store."""
    if not store.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=60)) as base:
        try:
            return base.execute("SELECT path, film, error FROM films").fetchall()
        except sqlite3.OperationalError:  # it is being made
            return []


def replaced(store: Path) -> int:
    """Return how many half films were judged."""
    with contextlib.closing(sqlite3.connect(store)) as base:
        known = base.execute("SELECT 1 FROM sqlite_schema WHERE name = 'replaced'").fetchone()
        return base.execute("SELECT count(*) FROM replaced").fetchone()[0] if known else 0


@contextlib.contextmanager
def copying(writer: str, target: str, count: int, stall: float, processes: int) -> Iterator[Callable[[], bool]]:
    """Copy films beside the block, from a few processes; wait for them at its end; yield whether none of them failed.

    Args:
        writer: MODULE:CLASS of a `slow_copies.Writer`.
        target: where it writes.
        count: of films.
        stall: the longest break of a copy in seconds.
        processes: that copy.
    """
    share = -(-count // processes)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", slow_copies.__name__, writer, target, f"{first}", f"{min(share, count - first)}",
             f"{stall}"],
            cwd=ROOT,
        )
        for first in range(0, count, share)
    ]  # fmt: skip
    try:
        yield lambda: not any(one.poll() for one in running)
        assert [one.wait(600) for one in running] == [0] * len(running)
    finally:
        for one in running:
            one.kill()
            one.wait()


def watch_and_kill(
    inbox: Path, folder: Path, count: int, kills: int, words: list[str], fine: Callable[[], bool]
) -> Path:
    """Watch a folder until the store holds as many films; kill the watch from time to time, and let its clock jump.

    Args:
        inbox: the folder.
        folder: for the store and all that the watch says.
        count: of films.
        kills: of the watch.
        words: more options of it.
        fine: whether films still come, of `copying`.

    Returns:
        The store.
    """

    rng, store, ends = random.Random(2026), folder / "results.db", time.monotonic() + SLOWEST * count + 100
    clock, program = folder / "clock", LINE.index("edge_app")
    line = [*LINE[:program], jumping_clock.__name__, str(clock), *LINE[program + 1 :], *words, str(inbox)]
    for number in range(kills + 1):
        clock.write_text(f"{rng.randint(-DAYS, DAYS)}")
        with (folder / "rows").open("a") as out, (folder / "err").open("a") as err:
            watch = subprocess.Popen([*line, "--store", str(store)], cwd=ROOT, stdout=out, stderr=err)
        wanted = count if number == kills else count * (number + 1) // (kills + 1)
        try:
            while len(kept(store)) < wanted:
                assert watch.poll() is None, (folder / "err").read_text()
                assert time.monotonic() < ends, f"only {len(kept(store))} of {count} films came"
                assert fine(), "a copying process has failed"
                clock.write_text(f"{rng.randint(-DAYS, DAYS)}")
                time.sleep(0.5)
        finally:
            watch.kill()
            watch.wait()
    return store


def check(store: Path, inbox: Path, count: int) -> None:
    """Demand that each film was judged as the whole film, once, and that nothing is left to do."""
    whole = {str(inbox / name): sha256 for name, sha256 in slow_copies.hashes(0, count).items()}
    rows = kept(store)
    assert [row for row in rows if row[2]] == [], "films that could not be read"
    assert sorted(row[:2] for row in rows) == sorted(whole.items())
    assert replaced(store) == 0, "half films were judged"
