"""Looks after the device while the page runs, and tells faults as events: camera, disk, store, decoders, threads."""

import threading
import time
from collections.abc import Callable, Iterator

from edge_app.diagnostics import health, store_health
from edge_app.errors import StoreFault
from edge_app.events.hub import Hub
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.readings.reading_store import ReadingStore
from edge_app.workers.decode_pool import DecodePool

# Seconds between two looks: a person who is told a minute later comes early enough.
GLANCE = 60.0
# Seconds without another death after which the decoders count as well again.
QUIET = 600.0
SOURCE = "page"


class FaultWatch:
    """A thread that looks from time to time.

    Attributes:
        faults: what the newest look found: by the name of each kind of fault a sentence, empty where all is well; empty
            before the first look.
    """

    def __init__(
        self,
        hub: Hub,
        settings: Settings,
        inference_queue: InferenceQueue,
        reading_store: ReadingStore,
        camera_fault: Callable[[], str],
        problems: tuple[str, ...] = (),
    ):
        """Begin to look.

        Args:
            hub: is told the faults.
            settings, inference_queue, reading_store: of the page.
            camera_fault: returns why the camera gives no picture; empty if it does, or if there is none.
            problems: of the settings, found at the start.
        """
        self._hub, self._settings = hub, settings
        self._inference_queue, self._reading_store = inference_queue, reading_store
        self._camera_fault, self._problems = camera_fault, problems
        self._deaths, self._last_death = 0, float("-inf")
        self.faults: dict[str, str] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop to look."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.is_set():
            self.look()
            self._done.wait(GLANCE)

    def look(self) -> None:
        """Look once, and tell what was found if anybody is to be told."""
        self.faults = dict(self.found())
        for name, words in self.faults.items() if self._hub.is_used else ():
            if words:
                self._hub.fault_lasts(name, words, SOURCE)
            else:
                self._hub.fault_ends(name, SOURCE)

    def found(self) -> Iterator[tuple[str, str]]:
        """Yield the name of each kind of fault, and what was found; empty where all is well."""
        for check in health.device(self._settings.state_dir):
            yield check.name, check.words if check.state == health.FAULT else ""
        yield "live camera", self._camera_fault()
        yield "settings", " ".join(self._problems)
        yield "threads", "" if self._inference_queue.alive else "the threads that read films have ended"
        yield "store", self._store()
        yield "decoder", self._decoders()

    def _store(self) -> str:
        try:
            self._reading_store.count()
        except StoreFault as fault:
            return str(fault)
        path = self._settings.store
        return "" if store_health.may_write(path) else f"{path} may not be written; change its permissions"

    def _decoders(self) -> str:
        deaths, before = DecodePool.deaths, self._deaths
        self._deaths = deaths
        if deaths > before:
            self._last_death = time.monotonic()
        lately = time.monotonic() - self._last_death < QUIET
        return f"the decoder of a film died, {deaths} since the start" if lately else ""
