"""The driver: lots of films go to workers, parts come back and get their names, dead workers are replaced.

Each worker has two lots in hand, so that it never waits and never has more: the rest stays in the listing.
"""

import contextlib
import os
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from edge_app.errors import EdgeError, StoreFault, remedy
from train.archive import table
from train.archive.done import Done
from train.archive.listing import Film, Listed
from train.archive.storage import Store
from train.archive.worker import Lot, Worker

# Lots that a worker has in hand.
IN_HAND = 2
# Films of a lot, which is a part of the table: few enough for all workers to end together, MOST for parts of a
# quarter of a megabyte, and for what a kill costs: ten seconds of a worker.
LEAST, MOST, LOTS = 8, 1000, 16
# Seconds that workers get to remove what they fetched.
PATIENCE = 10
# A lot over which this many workers died is given up: a machine that kills workers for want of memory kills any.
DEATHS = 5


@dataclass
class Counts:
    """What became of films so far."""

    judged: int = 0
    refused: int = 0
    failed: int = 0
    copies: int = 0
    skipped: int = 0
    deaths: int = 0

    @property
    def films(self) -> int:
        """How many films are through, and files that were none."""
        return self.judged + self.refused + self.failed + self.skipped

    def add(self, lot: Lot) -> None:
        """Add a lot."""
        for name in ("judged", "refused", "failed", "copies", "skipped"):
            setattr(self, name, getattr(self, name) + getattr(lot, name))


class WorkersDied(EdgeError):
    """Workers die again and again over the same films."""


@dataclass
class Crew:
    """The workers of a run, and the lots in their hands.

    Attributes:
        ray: connected.
        start: starts a worker.
    """

    ray: ModuleType
    start: Callable[[], Any]
    starting: dict[Any, Any] = field(default_factory=dict)  # worker by the answer of `ready`
    ready: dict[Any, int] = field(default_factory=dict)  # lots in hand by worker
    lots: dict[Any, tuple[Any, list[Film]]] = field(default_factory=dict)  # (worker, films) by answer

    def hire(self, workers: int = 1) -> None:
        """Start workers."""
        for worker in (self.start() for _ in range(workers)):
            self.starting[worker.ready.remote()] = worker

    def free(self) -> Any | None:
        """Return the worker with the fewest lots in hand; None if all have enough."""
        worker = min(self.ready, key=self.ready.__getitem__, default=None)
        return None if worker is None or self.ready[worker] >= IN_HAND else worker

    def give(self, worker: Any, films: list[Film]) -> None:
        """Hand a lot to a worker."""
        self.lots[worker.judge.remote(films)] = (worker, films)
        self.ready[worker] += 1

    def dismiss(self) -> None:
        """Let the workers end in order; one that does not is ended with Ray."""
        ended = [worker.close.remote() for worker in self.ready]
        self.ray.wait(ended, num_returns=len(ended), timeout=PATIENCE)

    def stop(self) -> None:
        """End the workers where they are; nobody takes what they have in hand."""
        for worker in [*self.ready, *self.starting.values()]:
            self.ray.kill(worker)
        if left := [*self.lots, *self.starting]:
            self.ray.wait(left, num_returns=len(left), timeout=PATIENCE)

    def bury(self, worker: Any) -> list[list[Film]]:
        """Take back the lots of a worker that has died."""
        self.ready.pop(worker, None)
        lost = [answer for answer, (holder, _) in self.lots.items() if holder is worker]
        return [self.lots.pop(answer)[1] for answer in lost]


def lot_size(films: int, workers: int) -> int:
    """Return how many films a lot has."""
    return max(LEAST, min(MOST, films // (workers * LOTS)))


def judge(
    ray: ModuleType, store: Store, key: str, listed: Listed, done: Done, settings: dict, workers: int, nameless: bool
) -> Iterator[tuple[Counts, Lot]]:
    """Judge what is listed, and keep the results.

    Args:
        ray: connected.
        store: of the table.
        key: of `table.key`.
        listed: the films.
        done: what the table has already.
        settings: as of `judge.Judge`.
        workers: how many, each of one core.
        nameless: as of `Worker`.

    Yields:
        What became of films so far, and the lot that came last.

    Raises:
        EdgeError: a worker cannot begin, or workers die again and again.
    """
    run = f"{uuid.uuid4().hex[:12]}-{os.getpid()}"
    given = ray.put(done)
    actor = ray.remote(num_cpus=1, max_restarts=0)(Worker)
    crew = Crew(ray, lambda: actor.remote(settings, run, store.place, nameless, given))
    chunks = listed.chunks(lot_size(listed.films, workers))
    again: deque[list[Film]] = deque()
    counts, deaths = Counts(), Counter[bytes]()
    with _staged(store, run, crew):
        crew.hire(workers)
        while True:
            while (worker := crew.free()) is not None:
                if (films := again.popleft() if again else next(chunks, None)) is None:
                    break
                crew.give(worker, films)
            if worker is not None and not crew.lots:
                crew.dismiss()
                return
            (answer, *_), _ = ray.wait([*crew.lots, *crew.starting], num_returns=1)
            lot = _taken(crew, answer, again, deaths, counts)
            if lot is not None:
                with _writing():
                    for kind, name in lot.parts:
                        store.rename(table.staged(run, kind, name), table.final(kind, key, name))
                counts.add(lot)
                yield counts, lot


@contextlib.contextmanager
def _staged(store: Store, run: str, crew: Crew) -> Iterator[None]:
    """Hold the folder into which workers write, and remove it; a block that fails ends them first."""
    with _writing():
        for kind in (table.RESULTS, table.FAILED):
            store.make(f"{table.STAGING}/{run}/{kind}")
    try:
        yield
    except BaseException:
        crew.stop()
        with contextlib.suppress(OSError):  # what stays is cleared by the next run, and why this one ended is told
            store.remove(f"{table.STAGING}/{run}")
        raise
    with _writing():
        store.remove(f"{table.STAGING}/{run}")


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Say in one sentence that the table cannot be written.

    Raises:
        StoreFault: in place of `OSError`.
    """
    try:
        yield
    except OSError as error:
        why, what = error.strerror or error, remedy(error, "make room")
        raise StoreFault(f"--out: cannot be written ({why}); {what}, and start again: what is judged stays.") from error


def _taken(crew: Crew, answer: Any, again: deque, deaths: Counter, counts: Counts) -> Lot | None:
    """Take an answer; of a worker that has died take its lots back and start another."""
    exceptions = crew.ray.exceptions
    worker, films = crew.lots.get(answer) or (crew.starting.get(answer), [])
    try:
        found = crew.ray.get(answer)
    except exceptions.RayTaskError as error:
        if isinstance(error.cause, EdgeError):
            raise error.cause from None
        with _writing():
            if isinstance(error.cause, OSError):
                raise error.cause from error
        raise
    except exceptions.RayError as error:  # the worker died, or its machine
        crew.starting.pop(answer, None)
        counts.deaths += 1
        lost = crew.bury(worker)
        again.extend(lost)
        begun = lost[0][0].stamp if lost else b""  # the lot that it was at
        deaths[begun] += 1
        if deaths[begun] >= DEATHS:
            raise WorkersDied(
                f"{films[0].name if films else '--cluster'}: {DEATHS} workers died over the films from here on "
                f"({type(error).__name__}); see whether memory is short, and start again: what is done stays."
            ) from error
        crew.hire()
        return None
    if answer in crew.starting:
        crew.ready[crew.starting.pop(answer)] = 0
        return None
    del crew.lots[answer]
    crew.ready[worker] -= 1
    return found
