"""Many films: children decode the next ones while the networks look at this one. One outcome a film, in order."""

import gc
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import cv2

from edge_app import judging, preprocess
from edge_app.classifier import Classifier
from edge_app.errors import EdgeError
from edge_app.nursery import Decoded, Nursery
from edge_app.result import Known, Result

# Films that are looked at together: one is cropped and stretched while a network has the other.
JUDGES = 2


def results(
    paths: Iterable[Path | None],
    one: Classifier,
    nursery: Nursery,
    limits: judging.Limits,
    keep_grey: bool = False,
    known: Callable[[str], Mapping | None] | None = None,
) -> Iterator[Result | Known]:
    """Judge films.

    Args:
        paths: any number; None says that none is there yet (`Nursery.films`).
        one: both networks.
        nursery: decodes them.
        limits: thresholds by label and the band, of `Card.limits`.
        keep_grey: give the film along with its result.
        known: the row kept of a film with this sha256, if any; such a film is not judged again.

    Yields:
        One outcome a film in the order given. Whatever happens to a film becomes its outcome, so that the films after
        it are still judged.
    """
    gc.freeze()  # what was imported stays
    gc.enable()  # see `__main__`
    nursery.least_side = preprocess.least_side(one.card.size)
    busy: deque[_Work] = deque()
    for film in nursery.films(paths):
        if film is not None:
            if busy:  # side by side, OpenCV's own threads cost more than they give
                cv2.setNumThreads(1)
            busy.append(_Work(*film, one, limits, keep_grey, known))
        while busy and (film is None or len(busy) == JUDGES):
            yield busy.popleft().outcome()
    while busy:
        yield busy.popleft().outcome()


class _Work:
    """One film on its way, in a thread of its own if a network must look at it."""

    def __init__(self, path: Path, decoded: Decoded | EdgeError, one, limits, keep_grey, known):
        self._thread = None
        if isinstance(decoded, EdgeError):
            self._outcome = Result(path, sha256=decoded.sha256, error=str(decoded))
        elif known and (kept := known(decoded.sha256)):
            self._outcome = Known(path, kept)
        else:
            # No daemon: one that is still in the runtime's C++ when Python ends brings the whole process down.
            self._thread = threading.Thread(target=self._run, args=(path, decoded, one, limits, keep_grey))
            self._thread.start()

    def _run(self, *arguments) -> None:
        self._outcome = judged(*arguments)

    def outcome(self) -> Result | Known:
        if self._thread:
            self._thread.join()
        return self._outcome


def judged(path: Path, film: Decoded, one: Classifier, limits: judging.Limits, keep_grey: bool = False) -> Result:
    """Judge one decoded film; arguments as of `results`."""
    started = time.perf_counter()
    try:
        verdict, seen, corrected = judging.judge(film.grey, one, limits, film.age)
    except EdgeError as error:
        return Result(path, film.sha256, error=f"{path}: {error}.")
    except Exception as error:  # the guard of a long run: one film never stops the others
        fault = f"{type(error).__name__}: {error}"
        return Result(path, film.sha256, error=f"{path}: failed inside this program ({fault}); report it.")
    ms = film.ms + (time.perf_counter() - started) * 1000
    grey = film.grey if keep_grey else None
    return Result(path, film.sha256, verdict, seen, corrected, ms=ms, grey=grey)
