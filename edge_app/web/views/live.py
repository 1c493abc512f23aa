"""The live page: what the device's camera sees, advice, a shutter, and the reading of the last film.

A browser asks for one picture after another. A stream would hold one of the server's threads for each who watches.
"""

import threading
from collections.abc import Mapping

from flask import Blueprint, Response, abort, redirect, render_template, url_for

from edge_app.errors import CameraEnded, CameraLost
from edge_app.web.http.request_helpers import form_label, services, wants_json
from edge_app.web.text import labels, wording

live = Blueprint("live", __name__, url_prefix="/live")

# Size of a frame that a camera is asked for, as of the command `camera`.
SIZE = (1280, 720)
# Width of the picture that is sent, and its JPEG quality: some 30 kB, five times a second.
WIDTH, QUALITY = 640, 75
# Lines of advice at once: who holds a film reads no more.
MOST_ADVICE = 2


class Live:
    """Looks through the camera in a thread of its own, and keeps what is read of each film.

    It has networks of its own: those of the uploads belong to another thread, and photographs have another card.
    """

    def __init__(self, settings, services):
        """Take the settings, with `camera`, `model` and `threads`, and services with `reading_store` and `terms`."""
        self._settings, self._services = settings, services
        self._lock = threading.Lock()
        self._moment, self._number, self._label, self._last, self._fault = None, 0, "", None, ""
        self._pictures: tuple[int, bytes] = (-1, b"")
        self._loop = self._camera = self._thread = None
        self._closed = threading.Event()

    def start(self) -> None:
        """Open the camera and begin to look.

        Raises:
            EdgeError: the model was never shown photographs.
        """
        from edge_app.camera.capture.camera import Camera
        from edge_app.camera.loop.loop import Loop
        from edge_app.model import model_file
        from edge_app.model.classifier import Classifier
        from edge_app.screening import run_context

        model = model_file.read(self._settings.model).for_camera()
        self._terms = run_context.RunContext(
            model.card, model.sha256, self._services.terms.rule, self._services.terms.prevalence
        )
        self._camera = Camera(self._settings.camera, SIZE)
        self._camera.__enter__()
        classifier = Classifier(model, self._settings.threads)
        # Only the shutter judges: what lies before the camera by chance must not get into a clinic's history.
        self._loop = Loop(self._camera, classifier, self._terms.limits, automatic=False)
        self._thread = threading.Thread(target=self._look, name="live", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking and let the camera go."""
        self._closed.set()
        if self._thread:
            self._thread.join()
            self._camera.__exit__(None, None, None)

    def press(self, label: str = "") -> None:
        """Press the shutter; the film in view is kept under this patient label."""
        with self._lock:
            self._label = label
        self._loop.press()

    def picture(self) -> bytes | None:
        """Return the newest frame with the film's outline as JPEG; None before the first."""
        with self._lock:
            moment, number, (drawn, content) = self._moment, self._number, self._pictures
        if moment is None or moment.frame is None:
            return None
        if drawn != number:
            content = draw(moment)
            with self._lock:
                self._pictures = (number, content)
        return content

    def state(self) -> Mapping:
        """Return what is to be said now: `number` of the frame, `advice`, `progress`, `last` reading's id or None."""
        with self._lock:
            moment, number, last, fault = self._moment, self._number, self._last, self._fault
        if fault:
            advice = [fault]
        elif moment is None or moment.frame is None:
            advice = [str(labels.BROKEN if moment and moment.status.sentence else labels.WAITING)]
        else:
            advice = [str(labels.ADVICE[one.kind]) for one in moment.view.advice][:MOST_ADVICE] or [str(labels.READY)]
        return {"number": number, "advice": advice, "progress": moment.progress if moment else 0.0, "last": last}

    def _look(self) -> None:
        try:
            for moment in self._loop.moments(self._closed.wait):
                if self._closed.is_set():
                    break
                self._take(moment)
        except (CameraEnded, CameraLost) as end:
            with self._lock:
                self._fault = str(end)

    def _take(self, moment) -> None:
        last = None
        if moment.result:
            with self._lock:
                label, self._label = self._label, ""
            last = self._services.reading_store.keep(moment.result, self._terms, label).id
        with self._lock:
            self._moment, self._number, self._last = moment, self._number + 1, last or self._last


def draw(moment) -> bytes:
    """Draw a frame, `WIDTH` pixels wide, with the outlines of films, as JPEG; left stays left."""
    import cv2
    import numpy as np

    from edge_app.camera.ui import screen

    pixels = moment.frame.pixels
    scale = WIDTH / pixels.shape[1]
    picture = cv2.resize(pixels, (WIDTH, round(pixels.shape[0] * scale)), interpolation=cv2.INTER_AREA)
    for outline in moment.view.outlines:
        edge = np.round(outline.corners * scale).astype(np.int32)
        cv2.polylines(picture, [edge], True, screen.GOOD if moment.view.ready else screen.NOT_YET, 2, cv2.LINE_AA)
    return screen.jpeg(picture, QUALITY)


def init_app(app) -> None:
    """Give an app its live page; without a camera it answers 404."""
    app.register_blueprint(live)


def _camera() -> Live:
    return services().camera or abort(404)


@live.get("")
def show() -> str:
    """Show the page."""
    return render_template("live.html", state=_state())


@live.get("/picture.jpg")
def picture():
    """Send the newest picture; nothing yet before the first."""
    content = _camera().picture()
    return Response(content, mimetype="image/jpeg") if content else Response(status=204)


@live.get("/state")
def state() -> dict:
    """Say what is to be said now."""
    return _state()


@live.post("/shutter")
def shutter():
    """Press the shutter."""
    _camera().press(form_label())
    if wants_json():
        return {}
    return redirect(url_for("live.show"), 303)


def _state() -> dict:
    said = dict(_camera().state())
    last = said.pop("last")
    reading = last and services().reading_store.get(last)
    if not reading:
        return said | {"url": ""}
    words = wording.of(reading.row)
    url = url_for("pages.result", id=reading.id)
    return said | {"url": url, "title": str(words.title), "kind": words.kind, "symbol": words.symbol}
