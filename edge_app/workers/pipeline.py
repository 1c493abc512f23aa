"""Films in order: children decode the next ones while the networks judge the present ones; one result a film."""

import contextlib
import gc
import threading
from _queue import SimpleQueue  # `queue` itself imports for a millisecond what is not needed here
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import cv2

from edge_app.errors import EdgeError
from edge_app.imaging import preprocess
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from edge_app.screening.result import Failed, Outcome
from edge_app.workers.crash_tracker import MOST_DEATHS, CrashTracker
from edge_app.workers.decode_pool import Decoded, DecodePool

# Threads that look at films, each with networks of its own, and films that are given to them before the oldest is
# waited for: with one more than threads none of them ever waits for the next.
JUDGES = 2
AHEAD = JUDGES + 1

T = TypeVar("T")


def results(
    paths: Iterable[Path | None],
    classifier: Classifier,
    pool: DecodePool,
    limits: screening.Limits,
    keep_grey: bool = False,
    known: Callable[[Path, str], T | None] | None = None,
    crash_tracker: CrashTracker | None = None,
    most_judges: int = JUDGES,
) -> Generator[Outcome | T, None, None]:
    """Judge films.

    Args:
        paths: any number; None says that none is there yet (`DecodePool.films`).
        classifier: both networks.
        pool: decodes them.
        limits: thresholds and bands by label, of `Card.limits`.
        keep_grey: give the film along with its result.
        known: gives what is known already of the film at a path with a sha256; such a film is not judged again.
        crash_tracker: knows the films on which an earlier run crashed.
        most_judges: threads that judge, each with networks of its own.

    Yields:
        One outcome a film in the order given. Whatever happens to a film becomes its outcome, so that the films after
        it are still judged.
    """
    gc.freeze()  # what was imported stays
    gc.enable()  # see `__main__`
    pool.least_side = preprocess.least_side(classifier.card.size)
    judges = _Judges(classifier, limits, keep_grey, crash_tracker or CrashTracker(), most_judges)
    busy: deque[Callable[[], Outcome | T]] = deque()  # each waits for one outcome
    try:
        for film in pool.films(paths):
            if film is not None:
                path, decoded = film
                if isinstance(decoded, EdgeError):
                    busy.append(_ready(Failed(path, str(decoded), decoded.sha256)))
                elif known and (found := known(path, decoded.sha256)):
                    busy.append(_ready(found))
                else:
                    if busy:  # side by side, OpenCV's own threads cost more than they give
                        cv2.setNumThreads(1)
                    busy.append(judges.begin(path, decoded, len(busy)).get)
            while busy and (film is None or len(busy) == AHEAD):
                yield busy.popleft()()
        while busy:
            yield busy.popleft()()
    finally:
        judges.close()


def _ready(outcome: T) -> Callable[[], T]:
    return lambda: outcome


class _Judges:
    """Threads that judge films; another is started when those before it have enough to do."""

    def __init__(
        self,
        classifier: Classifier,
        limits: screening.Limits,
        keep_grey: bool,
        crash_tracker: CrashTracker,
        most: int,
    ):
        self._classifier, self._limits, self._keep_grey = classifier, limits, keep_grey
        self._crash_tracker, self._most = crash_tracker, most
        self._films: SimpleQueue[tuple[Path, Decoded, SimpleQueue[Outcome]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def begin(self, path: Path, decoded: Decoded, waiting: int) -> "SimpleQueue[Outcome]":
        """Return where the result of a film will come; `waiting` films are on their way."""
        most = 1 if self._crash_tracker.at_large else self._most
        if len(self._threads) < most and len(self._threads) <= waiting:
            classifier = self._classifier.twin if self._threads else self._classifier
            # A daemon: one that waits for films never keeps Python from ending.
            thread = threading.Thread(target=self._run, args=(classifier,), daemon=True)
            self._threads.append(thread)
            thread.start()
        answer: SimpleQueue[Outcome] = SimpleQueue()
        self._films.put((path, decoded, answer))
        return answer

    def close(self) -> None:
        """Wait for all: a thread that is still in the runtime's C++ when Python ends brings the whole process down."""
        self._closed = True
        for _ in self._threads:
            self._films.put(None)
        for thread in self._threads:
            # One whose start a signal cut short can't be waited for; if it runs at all, it finds that all is closed.
            with contextlib.suppress(RuntimeError):
                thread.join()

    def _run(self, classifier: Classifier) -> None:
        for path, decoded, answer in iter(self._films.get, None):
            if self._closed:  # the result is not wanted any more
                return
            answer.put(self._judged(path, decoded, classifier))

    def _judged(self, path: Path, decoded: Decoded, classifier: Classifier) -> Outcome:
        """Judge a film, unless the program dies of it each time."""
        deaths = self._crash_tracker.begin(decoded.sha256)
        if deaths >= MOST_DEATHS:
            why = (
                f"this program died {deaths} times while it judged this film, and leaves it out until the service is "
                "stopped; have a person read it, and report the fault"
            )
            return Failed(path, f"{path}: {why}.", decoded.sha256)
        result = judged(path, decoded, classifier, self._limits, self._keep_grey)
        self._crash_tracker.end(decoded.sha256)
        return result


def judged(
    path: Path, film: Decoded, classifier: Classifier, limits: screening.Limits, keep_grey: bool = False
) -> Outcome:
    """Judge one decoded film; arguments as of `results`."""
    try:
        result = screening.judge(film.grey, classifier, limits, film.age, path, film.sha256)
    except EdgeError as error:
        return Failed(path, f"{path}: {error}.", film.sha256)
    except Exception as error:  # the guard of a long run: one film never stops the others
        fault = f"{type(error).__name__}: {error}"
        return Failed(path, f"{path}: failed inside this program ({fault}); report it.", film.sha256)
    return replace(result, ms=film.ms + result.ms, grey=film.grey if keep_grey else None, facts=film.facts)
