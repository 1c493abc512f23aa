"""The camera's loop: look at each frame, say what would help, and judge a film once it is seen well and still.

A verdict comes from several sharp and steady frames, never from one: a score that jumps thirty times a second would be
believed at its highest. Between two films the networks rest, and while nothing is in view hardly anything is done.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge_app.camera.capture.camera import LIVE, Camera
from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect import film_view, straighten
from edge_app.camera.loop.aggregate import confirm
from edge_app.camera.loop.stability import Good, Stability
from edge_app.gate import gate, refusal
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from edge_app.screening.inference import Rejection
from edge_app.screening.result import Failed, Outcome, Refused, Screened, Shot

# Seconds for which a frame is waited for before the camera's status is told again, and from look to look while nothing
# is in view: somebody who holds a film up does so for longer.
WAIT, IDLE = 0.5, 0.2
# Seconds that somebody who pressed the shutter is given to hold still, before a refusal says why there is no verdict.
PATIENCE = 3.0
# Quarter turns against the clock, by degrees clockwise.
TURNS = {0: 0, 90: 3, 180: 2, 270: 1}


@dataclass(frozen=True)
class Moment:
    """One turn of the loop.

    Attributes:
        frame: the newest frame; None if none has come.
        view: what is seen on it, `film_view.View`.
        status: of the camera, `camera.Status`.
        advice: sentences, the most important first; those of a refusal while the refused film is in view.
        progress: how far the film is from being frozen, 0 .. 1.
        result: of the film that was judged just now.
    """

    status: object
    frame: Frame | None = None
    view: object = None
    advice: tuple[str, ...] = ()
    progress: float = 0.0
    result: Outcome | None = None


@dataclass
class Loop:
    """Looks through a camera.

    Attributes:
        camera: opened.
        classifier: both networks, with a card for photographs.
        limits: thresholds by label and the band, of `Card.limits`.
        automatic: judge every film that is seen well, once; else only when `press` was called.
        turn: degrees, clockwise, by which each frame is turned first, as where the camera hangs sideways.
    """

    camera: Camera
    classifier: Classifier
    limits: screening.Limits
    automatic: bool = True
    turn: int = 0
    freeze: Stability = field(default_factory=Stability)
    _pressed: threading.Event = field(default_factory=threading.Event)
    _until: float | None = None
    _refused: str | None = None

    def press(self) -> None:
        """Press the shutter: the film in view is judged as soon as it is seen well; from any thread."""
        self._pressed.set()

    def moments(self, idle: Callable[[float], None] = time.sleep) -> Iterator[Moment]:
        """Yield moments as long as the camera gives frames.

        Args:
            idle: waits for so many seconds while nothing is in view.

        Raises:
            CameraEnded: a recording is at its end.
            CameraLost: the camera was given up.
        """
        before = None
        while True:
            frame = self.camera.newest(WAIT)
            if frame is None:
                if self.camera.status.state != LIVE:
                    self.freeze.forget()
                    before = None
                yield Moment(self.camera.status)
                continue
            if self.turn:
                turned = np.ascontiguousarray(np.rot90(frame.pixels, TURNS[self.turn]))
                frame = Frame(turned, frame.number, frame.time)
            view = film_view.look(frame.pixels, before)
            before = view
            self.freeze.add(frame, view)
            result = self._judge_if_due(frame, view)
            yield Moment(self.camera.status, frame, view, self._advice(view), self.freeze.progress, result)
            if not view.outlines and self.camera.live and not self._pressed.is_set():
                idle(IDLE)

    def _advice(self, view) -> tuple[str, ...]:
        said = tuple(one.sentence for one in view.advice)
        if not view.outlines:
            self._refused = None
        return (self._refused, *said) if self._refused else said

    def _judge_if_due(self, frame: Frame, view) -> Outcome | None:
        """Judge the film in view if it is time; refuse it if somebody pressed and it cannot be seen well."""
        if self._pressed.is_set() and self._until is None:
            self._until = frame.time + PATIENCE
        asked = self._until is not None
        if self.freeze.progress == 1 and (asked or (self.automatic and self.freeze.news)):
            result = self._judged(frame)
        elif asked and frame.time > self._until:
            result = refused(frame, view, self.camera.name)
        else:
            return None
        self._pressed.clear()
        self._until = None
        self._refused = result.refusal.sentence if isinstance(result, Refused) else None
        return result

    def _judged(self, frame: Frame) -> Outcome:
        """Judge what is frozen; whatever happens becomes its outcome, so that the films after it are still judged."""
        try:
            return judge(self.freeze.take(), self.classifier, self.limits, self.camera.name)
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            path = _named(datetime.now(UTC))
            return Failed(path, f"{path}: failed inside this program ({fault}); report it.")


def judge(good: list[Good], classifier: Classifier, limits: screening.Limits, name: str) -> Screened:
    """Judge a film by frames of it.

    Args:
        good: the sharpest first.
        classifier: both networks, with a card for photographs.
        limits: thresholds by label and the band.
        name: of the camera.
    """
    started, now = time.perf_counter(), datetime.now(UTC)
    films = [straighten.straighten(frame.pixels, view.outlines[0].corners) for frame, view in good]
    result, spread, at = confirm([screening.judge(grey, classifier, limits) for grey in films], limits)
    frame, view = good[at]
    shot = Shot(name, len(good), spread, view.figures, corners(frame, view))
    ms = (time.perf_counter() - started) * 1000
    return replace(result, path=_named(now), sha256=sha256(films[at]), time=now, ms=ms, shot=shot)


def refused(frame: Frame, view, name: str) -> Refused:
    """Refuse a film that cannot be seen well enough, with the advice that would help."""
    now = datetime.now(UTC)
    said = next((one.sentence for one in view.advice), "hold the film and the camera still for a second")
    why = gate.refuse(refusal.PHOTOGRAPH, said)
    grey = np.ascontiguousarray(frame.pixels.mean(axis=2).astype(np.uint8))
    shot = Shot(name, 0, {}, view.figures, corners(frame, view) if view.outlines else ())
    return Refused(_named(now), sha256(grey), Rejection(why), time=now, grey=grey, shot=shot)


def corners(frame: Frame, view) -> tuple[tuple[float, float], ...]:
    """Return where the film's corners are, as shares of the frame's width and height."""
    height, width = frame.pixels.shape[:2]
    return tuple((float(x / width), float(y / height)) for x, y in view.outlines[0].corners)


def sha256(grey: np.ndarray) -> str:
    """Return what a straightened film is known by in a store: the hash of its size and pixels, hex."""
    return hashlib.sha256(f"{grey.shape}".encode() + grey.tobytes()).hexdigest()


def _named(now: datetime) -> Path:
    """Return the name under which a film of a camera is kept: there is no file."""
    return Path(f"camera-{now:%Y%m%dT%H%M%S}-{now.microsecond // 1000:03d}")
