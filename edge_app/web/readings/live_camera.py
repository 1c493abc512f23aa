"""The camera of the page: a thread of its own looks through it and keeps the reading of each film that is assessed."""

import threading
from dataclasses import replace

from flask import url_for

from edge_app.camera.capture.camera import Camera
from edge_app.camera.loop.loop import Loop, Moment
from edge_app.camera.ui.live_view import LastFilm, LiveView
from edge_app.errors import CameraEnded, CameraLost
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening.run_context import RunContext
from edge_app.store.reading_tables import CAMERA
from edge_app.web.http.settings import Settings
from edge_app.web.readings.reading_store import ReadingStore

# Width and height of the frames to ask a camera for, as the command `camera` does by default.
SIZE = (1280, 720)


class LiveCamera(LiveView):
    """Looks through the camera; only its shutter has a film judged.

    It has networks of its own: those of the uploads belong to another thread, and photographs have another card.
    """

    def __init__(self, name: str, settings: Settings, context: RunContext, reading_store: ReadingStore):
        """Open the camera and begin to look.

        Args:
            name: of the camera, as of `Camera`.
            settings: of the page.
            context: of uploaded files; photographs are judged by the same rule and prevalence.
            reading_store: keeps the readings.

        Raises:
            EdgeError: the model has no thresholds for photographs, or there is no camera of this name.
        """
        super().__init__()
        model = model_file.read(settings.model).for_camera()
        self._context = replace(context, card=model.card, sha256=model.sha256)
        self._reading_store = reading_store
        self._label, self._last = "", ""
        self._ended = threading.Event()
        self._camera = Camera(name, SIZE)
        classifier = Classifier(model, settings.threads)
        # A film that lies in front of the camera by chance must not get into a clinic's history.
        self._loop = Loop(self._camera, classifier, self._context.limits, automatic=False)
        self._thread = threading.Thread(target=self._look, name="live", daemon=True)
        self._camera.__enter__()
        self._thread.start()

    def use(self, context: RunContext) -> None:
        """Judge from now on by the prevalence of a context of uploaded files."""
        stated = {"prevalence": context.prevalence, "pneumonia_prevalence": context.pneumonia_prevalence}
        self._context = replace(self._context, **stated)

    @property
    def trouble(self) -> str:
        """Why the camera gives no picture now, in one sentence; empty if it does."""
        moment, _ = self.newest()
        return self.fault or (moment.status.sentence if moment and moment.frame is None else "")

    def close(self) -> None:
        """Stop looking and close the camera."""
        super().close()
        self._ended.set()
        self._thread.join()
        self._camera.__exit__(None, None, None)

    def press(self, label: str = "") -> None:
        """Press the shutter; the film in view is kept under this patient label."""
        with self._news:
            self._label = label
        self._loop.press()

    def last(self) -> LastFilm | None:
        """Return the reading of the film that was judged last, unless it was deleted."""
        reading = self._reading_store.get(self._last) if self._last else None
        return reading and LastFilm(reading.row, url_for("pages.result", id=reading.id))

    def _look(self) -> None:
        try:
            for moment in self._loop.moments(self._ended.wait):
                if self._ended.is_set():
                    break
                self._take(moment)
        except (CameraEnded, CameraLost) as end:
            self.fault = str(end)

    def _take(self, moment: Moment) -> None:
        if moment.result:
            with self._news:
                label, self._label = self._label, ""
            self._last = self._reading_store.keep(moment.result, self._context, label, source=CAMERA).id
        self.show(moment)
