"""What follows the judging: a film's pictures, and the film at full depth, made after its sender has an answer.

Make a `Drawing` before anything heavy is imported and before any thread is started: it forks.
"""

import logging
import threading
import time
from collections import namedtuple
from collections.abc import Callable
from queue import Queue
from typing import TYPE_CHECKING

from edge_app.errors import EdgeError
from edge_app.web.readings import film_file
from edge_app.workers.decode_pool import DecodePool

if TYPE_CHECKING:  # heavy: the queue forks before they are imported
    from edge_app.web.readings.reading_store import ReadingStore

# Films that may wait for their pictures, and as many for their file: each holds its upload, of 32 MiB at most. Whoever
# judges waits when there are more.
MOST_WAITING = 8
# Seconds without a film to judge after which drawing begins, so that the next one of a sender does not meet it; but not
# later than after so many, when a page asks for the pictures, or when half of those that may wait do.
CALM, LATEST, GLANCE = 0.1, 5.0, 0.02


class Judgement(namedtuple("Judgement", "id result context film photograph")):
    """A film that was judged: `id` of its reading, result, context, its `UploadJob`, whether it is a photograph."""


class Drawing:
    """Draws in a thread of its own, and has films decoded at full depth by a child of its own, of lowest priority."""

    def __init__(self, is_idle: Callable[[], bool]):
        """Fork the decoder.

        Args:
            is_idle: whether no film waits or is being judged.
        """
        self._is_idle = is_idle
        self._pool = DecodePool(children=1, decode=film_file.decode_apart)
        self._pictures: Queue[Judgement | None] = Queue(MOST_WAITING)
        self._films: Queue[Judgement | None] = Queue(MOST_WAITING)
        self._threads: list[threading.Thread] = []

    def start(self, reading_store: "ReadingStore") -> None:
        """Begin.

        Args:
            reading_store: keeps what is drawn.
        """
        self._reading_store = reading_store
        for work in (self._draw, self._keep_films):
            thread = threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True)
            self._threads.append(thread)
            thread.start()

    def add(self, judgement: Judgement) -> None:
        """Have the pictures of a reading drawn and its film kept; closes the upload when that is done."""
        if not self._threads:  # it has ended: the reading is shown without pictures
            self._end(judgement)
            return
        self._pictures.put(judgement)

    def close(self) -> None:
        """Finish the pictures of the films that were judged, and end; a second call does nothing."""
        threads, self._threads = self._threads, []
        if threads:
            self._pictures.put(None)
            for thread in threads:
                thread.join()
        self._pool.close()

    def _draw(self) -> None:
        while (done := self._pictures.get()) is not None:
            self._wait_for_calm(done.id)
            try:
                self._reading_store.pictures.draw(done.id, done.result, done.context)
                if not done.photograph:
                    self._films.put(done)
                    continue
                self._reading_store.pictures.keep_grey(done.id, done.result)
            except Exception as error:  # one film must not stop the others; it is shown without pictures
                _log(error)
            self._end(done)
        self._films.put(None)

    def _wait_for_calm(self, id: str) -> None:
        """Let films that come be judged first."""
        latest = calm = time.monotonic()
        pictures = self._reading_store.pictures
        while not pictures.being_drawn.is_asked_for(id) and self._pictures.qsize() < MOST_WAITING // 2:
            now = time.monotonic()
            if not self._is_idle():
                calm = now
            if now - calm >= CALM or now - latest >= LATEST or not self._threads:
                return
            time.sleep(GLANCE)

    def _keep_films(self) -> None:
        pictures = self._reading_store.pictures
        while (done := self._films.get()) is not None:
            try:
                if pictures.keeps_films and self._threads:  # not while it is being closed
                    packed = self._pool.film(done.film.path)
                    if isinstance(packed, EdgeError):
                        raise packed
                    pictures.keep_film(done.id, packed.grey.tobytes())
            except Exception as error:  # as above
                _log(error)
            self._end(done)

    def _end(self, done: Judgement) -> None:
        done.film.close()
        self._reading_store.pictures.expect_no_more(done.id)


def _log(error: Exception) -> None:
    """Say what failed, without a word of the film."""
    logging.getLogger("edge_app.web").error("a film's pictures: %s", type(error).__name__)
