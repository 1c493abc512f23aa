"""Uploaded films become readings: a bounded queue, decoding in child processes under limits, networks with one owner.

Uploads stay in memory, in files without a name; the decoders open them through /proc. Make an `InferenceQueue` before
anything heavy is imported and before any thread is started: it forks.
"""

import concurrent.futures
import contextlib
import statistics
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING

from edge_app.errors import EdgeError, UnreadableRadiograph
from edge_app.service.screening_run import LIKELY_LEAST_SIDE
from edge_app.service.systemd import Service
from edge_app.web.http.settings import Settings
from edge_app.web.readings.upload_job import UploadJob
from edge_app.workers.decode_pool import DecodePool

if TYPE_CHECKING:  # heavy: the queue forks before they are imported
    from edge_app.model.model_file import ModelFile
    from edge_app.screening.result import Outcome
    from edge_app.screening.run_context import RunContext
    from edge_app.web.readings.reading_store import Reading, ReadingStore
    from edge_app.web.readings.trial import Trials

# Films that may wait: each holds one of the server's threads, and at a third of a second each, the last waits 3 s.
MOST_WAITING = 8
# Seconds after which a sender stops waiting: the slowest film takes `decode_pool.SECONDS`, and others are before it.
PATIENCE = 120
# Seconds between two checks that the threads still run.
GLANCE = 1
# Least and most seconds that a client is told to wait when the queue is full.
LEAST_RETRY, MOST_RETRY = 1, 60
# Newest films, whose times predict how long the queue will take.
NEWEST = 20


class Busy(Exception):
    """The queue is full; in `retry_after_s` whole seconds it is likely to have room."""

    def __init__(self, retry_after_s: int):
        super().__init__(f"the queue is full; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class InferenceQueue:
    """Judges uploaded films one after another, in threads of its own.

    Attributes:
        counts: films since the start: `judged`, `busy` (turned away by a full queue) and `failed` (not readable).
    """

    def __init__(self, settings: Settings, service: Service | None = None):
        """Fork the decoders; nothing else is done until `start`.

        Args:
            settings: of the page.
            service: is told that the threads work, and of each film; None without systemd.
        """
        from edge_app.web.readings import photographed_film

        self._settings, self._service = settings, service or Service({})
        self._photograph_since: float | None = None
        self._pool = DecodePool(LIKELY_LEAST_SIDE)
        self._pictures = DecodePool(photographed_film.MOST_SIDE, children=1, decode=photographed_film.decode)
        self._queue: Queue[UploadJob | None] = Queue()
        self._photographs: Queue[UploadJob | None] = Queue()
        self._room = threading.BoundedSemaphore(MOST_WAITING)
        self._waiting, self._closed = 0, False
        self._times: deque[float] = deque(maxlen=NEWEST)
        # Seconds that each of them added to the queue, without its own wait for others.
        self._each: deque[float] = deque(maxlen=NEWEST)
        self._newest = 0.0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.counts: dict[str, int] = {"judged": 0, "busy": 0, "failed": 0}

    def start(self, model: "ModelFile", context: "RunContext", reading_store: "ReadingStore") -> None:
        """Load the networks and begin.

        Args:
            model: judges the films.
            context: of uploaded files.
            reading_store: keeps the readings.

        Raises:
            EdgeError: no runtime can run the model.
        """
        from edge_app.model.classifier import Classifier

        self._model, self._context, self._reading_store = model, context, reading_store
        self._classifier = Classifier(model, self._settings.threads)
        for work in (self._read_films, self._read_photographs):
            thread = threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True)
            self._threads.append(thread)
            thread.start()

    def submit(
        self, content: bytes, name: str = "", label: str = "", photograph: bool = False, keeper: "Trials | None" = None
    ) -> "Reading":
        """Queue a film to be judged and kept; wait for its reading.

        Args:
            content: bytes of a file of a format of `file_type.FILMS`.
            name: of the sender's file, for messages to the sender; it is not kept.
            label: of the patient.
            photograph: whether it is a photograph of a film on a light box or a screen.
            keeper: keeps its reading in place of the store.

        Raises:
            Busy: too many films wait.
            EdgeError: it cannot be read as a film, or cannot be kept.
        """
        if photograph and not self.takes_photographs:
            raise UnreadableRadiograph(
                f"{name or 'a photograph'}: this model has no thresholds for photographs of films; send the film's own "
                "file."
            )
        if not self.alive:  # `/ready` reports it too
            raise Busy(MOST_RETRY)
        if not self._room.acquire(blocking=False):
            self._count("busy")
            raise Busy(self.retry_after())
        self._waits(1)
        film = None
        try:
            film = UploadJob(content, name, label, keeper)
            (self._photographs if photograph else self._queue).put(film)
            return self._outcome(film)
        except OSError as error:
            raise EdgeError(
                f"{name or 'the film'}: there is not enough memory for it ({error.strerror}); send it again."
            ) from error
        except EdgeError:
            self._count("failed")
            raise
        finally:
            self._waits(-1)
            self._room.release()

    def _outcome(self, film: UploadJob) -> "Reading":
        """Wait for the reading of a film while the threads run."""
        end = time.monotonic() + PATIENCE
        while self.alive and (left := end - time.monotonic()) > 0:
            # Not `result(timeout)`: the film's own fault may be a TimeoutError too.
            if concurrent.futures.wait([film.outcome], min(left, GLANCE)).done:
                return film.outcome.result()
        film.abandoned = True
        if not self.alive:
            film.close()  # its reader has ended
        raise Busy(MOST_RETRY)

    def retry_after(self) -> int:
        """Return in how many seconds the films that wait are likely to be read."""
        each = list(self._each)
        likely = statistics.median(each) if each else LEAST_RETRY
        return max(LEAST_RETRY, min(MOST_RETRY, round(likely * self.waiting + 0.5)))

    @property
    def median_seconds(self) -> float | None:
        """Median seconds of the newest films from their arrival to their reading; None before the first."""
        times = list(self._times)
        return statistics.median(times) if times else None

    @property
    def takes_photographs(self) -> bool:
        """Whether photographs of films can be read: the model's card has a part for them."""
        return self._model.card.camera is not None

    @property
    def waiting(self) -> int:
        """Count of films that wait or are being judged."""
        return self._waiting

    @property
    def alive(self) -> bool:
        """Whether its threads run."""
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """End the threads and the decoders; films that still wait are not judged."""
        self._closed = True
        for queue in (self._queue, self._photographs):
            queue.put(None)
        for thread in self._threads:
            thread.join()
        self._pool.close()
        self._pictures.close()

    def _read_films(self) -> None:
        """Judge films as they come, in the order in which they came."""
        from edge_app.workers import pipeline

        under_way: deque[UploadJob] = deque()
        results = pipeline.results(
            self._films(under_way), self._classifier, self._pool, self._context.limits, keep_grey=True
        )
        with contextlib.closing(results):
            for result in results:
                self._keep(under_way.popleft(), result, self._context)
                self._lives()

    def _films(self, under_way: deque[UploadJob]) -> Iterator[Path | None]:
        while True:
            try:
                film = self._queue.get_nowait()
            except Empty:
                yield None  # first finish all films under way
                film = self._next()
            if film is None:
                return
            if film.abandoned:
                film.close()
                continue
            under_way.append(film)
            yield film.path

    def _next(self) -> UploadJob | None:
        """Wait for a film."""
        while True:
            self._lives()
            with contextlib.suppress(Empty):
                return self._queue.get(timeout=GLANCE)

    def _lives(self) -> None:
        """Tell systemd that both threads work, so that it notices if one of them hangs."""
        since = self._photograph_since
        if since is None or time.monotonic() - since < PATIENCE:
            self._service.alive()

    def _read_photographs(self) -> None:
        """Judge photographs of films, with networks and a card of their own."""
        from edge_app.web.readings import photographed_film

        judge = None
        while (film := self._photographs.get()) is not None:
            if film.abandoned:
                film.close()
                continue
            self._photograph_since = time.monotonic()
            try:
                judge = judge or photographed_film.Judge(self._model, self._context, self._settings.threads)
                _, decoded = next(filter(None, self._pictures.films([film.path])))
                if isinstance(decoded, EdgeError):
                    raise decoded
                result = judge.result(decoded, film.path)
            except EdgeError as error:
                film.fail(error)
                continue
            except Exception as error:  # one film must not stop the others
                film.fail(_fault(film, error))
                continue
            finally:
                self._photograph_since = None
            self._keep(film, result, judge.context, photograph=True)

    def _keep(self, film: UploadJob, result: "Outcome", context: "RunContext", photograph: bool = False) -> None:
        from edge_app.screening.result import Failed

        film.close()
        if isinstance(result, Failed):
            film.fail(UnreadableRadiograph(result.error))
            return
        if film.abandoned:  # its sender was told to send it again
            return
        try:
            kept = (film.keeper or self._reading_store).keep(result, context, film.label, photograph)
        except EdgeError as error:
            film.fail(error)
        except Exception as error:  # as above
            film.fail(_fault(film, error))
        else:
            now = time.monotonic()
            self._times.append(now - film.since)
            self._each.append(now - max(self._newest, film.since))
            self._newest = now
            if not film.keeper:
                self._count("judged")
                self._service.judged()
            film.outcome.set_result(kept)

    def _count(self, name: str) -> None:
        with self._lock:
            self.counts[name] += 1

    def _waits(self, more: int) -> None:
        with self._lock:
            self._waiting += more


def _fault(film: UploadJob, error: Exception) -> EdgeError:
    return EdgeError(f"{film.path}: failed inside this program ({type(error).__name__}: {error}); report it.")
