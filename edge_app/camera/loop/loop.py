"""The camera's loop: look at each frame, advise, and judge a film once it is seen well and held still.

A verdict comes from several sharp and steady frames, never from one: people would believe the highest of scores that
change thirty times a second. Between two films the networks rest, and an empty view costs next to nothing.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge_app.camera.capture.camera import LIVE, Camera, Status
from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect import advice, film_view, straighten
from edge_app.camera.detect.advice import Advice
from edge_app.camera.detect.film_view import View
from edge_app.camera.loop import aggregate
from edge_app.camera.loop.stability import Good, Stability
from edge_app.camera.loop.steady import SteadyAdvice
from edge_app.gate import gate
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from edge_app.screening.result import Failed, Outcome, Refused, Rejection, Screened, Shot

# Seconds to wait for a frame before the camera's status is reported again, and between two looks while nothing is in
# view: people hold a film up for longer.
WAIT, IDLE = 0.5, 0.2
# Seconds within which a film must be held still after the shutter was pressed; then it is refused with the reason.
PATIENCE = 3.0
# Quarter turns against the clock, by degrees clockwise.
TURNS = {0: 0, 90: 3, 180: 2, 270: 1}


@dataclass(frozen=True)
class Moment:
    """One turn of the loop.

    Attributes:
        status: of the camera.
        frame: the newest frame; None if none has come.
        view: what is seen on it; None without a frame.
        advice: what to say, the most important first; it changes at most once a second (`steady`). While the film that
            was judged last is in view, it is that it is done, or why it was refused.
        progress: how far the film in view is on its way to a reading, 0 .. 1.
        result: of the film that was judged just now; None if none was.
    """

    status: Status
    frame: Frame | None = None
    view: View | None = None
    advice: tuple[Advice, ...] = ()
    progress: float = 0.0
    result: Outcome | None = None


@dataclass
class Loop:
    """Looks through a camera.

    Attributes:
        camera: opened.
        classifier: both networks, with a card for photographs.
        limits: thresholds and bands by label, of `Card.limits`.
        automatic: whether every film that is seen well is judged once; otherwise only after `press`.
        turn: degrees clockwise by which each frame is turned first: 0, 90, 180 or 270.
        stability: collects the good frames of the film in view.
    """

    camera: Camera
    classifier: Classifier
    limits: screening.Limits
    automatic: bool = True
    turn: int = 0
    stability: Stability = field(default_factory=Stability)
    _pressed: threading.Event = field(default_factory=threading.Event)
    _until: float | None = None
    _done: Advice = field(default_factory=lambda: advice.plain(advice.DONE))
    _steady: SteadyAdvice = field(default_factory=SteadyAdvice)

    def press(self) -> None:
        """Press the shutter, from any thread: the film in view is judged as soon as it is seen well."""
        self._pressed.set()

    def moments(self, idle: Callable[[float], object] = time.sleep) -> Iterator[Moment]:
        """Yield moments as long as the camera gives frames.

        Args:
            idle: waits for the given seconds; called while nothing is in view.

        Raises:
            CameraEnded: a recording is at its end.
            CameraLost: the camera was given up.
        """
        before = None
        while True:
            frame = self.camera.newest(WAIT)
            if frame is None:
                if self.camera.status.state != LIVE:
                    self.stability.forget()
                    self._steady.forget()
                    before = None
                yield Moment(self.camera.status)
                continue
            if self.turn:
                turned = np.ascontiguousarray(np.rot90(frame.pixels, TURNS[self.turn]))
                frame = Frame(turned, frame.number, frame.time)
            view = film_view.look(frame.pixels, before, frame.time)
            before = view
            self.stability.add(frame, view)
            result = self._judge_if_due(frame, view)
            said = self._steady.say(frame.time, self._advice(view), at_once=result is not None)
            yield Moment(self.camera.status, frame, view, said, self.stability.progress, result)
            if not view.outlines and self.camera.live and not self._pressed.is_set():
                idle(IDLE)

    def _advice(self, view: View) -> tuple[Advice, ...]:
        """Return what is to be said of a frame by itself."""
        if self.stability.is_done and not self._pressed.is_set():
            return (self._done,)
        if not view.ready:
            return tuple(view.advice)
        waits = not self.automatic and not self._pressed.is_set()
        return (*view.advice, advice.plain(advice.PRESS if waits else advice.READY))

    def _judge_if_due(self, frame: Frame, view: View) -> Outcome | None:
        """Judge the film in view if it is time; refuse it if the shutter was pressed and it is still not seen well."""
        if self._pressed.is_set() and self._until is None:
            self._until = frame.time + PATIENCE
        until = self._until
        if self.stability.progress == 1 and (until is not None or (self.automatic and self.stability.is_new)):
            result = self._judge_good_frames()
        elif until is not None and frame.time > until:
            result = refused(frame, view, self.camera.name)
        else:
            return None
        self._pressed.clear()
        self._until = None
        refused_for = isinstance(result, Refused) and result.refusal.sentence
        self._done = Advice(advice.DONE, refused_for) if refused_for else advice.plain(advice.DONE)
        return result

    def _judge_good_frames(self) -> Outcome:
        """Judge the good frames; a fault becomes their outcome, so that later films are still judged."""
        try:
            return judge(self.stability.take(), self.classifier, self.limits, self.camera.name)
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            path = _named(datetime.now(UTC))
            return Failed(path, f"{path}: failed inside this program ({fault}); report it.")


def judge(good: list[Good], classifier: Classifier, limits: screening.Limits, name: str) -> Screened:
    """Judge a film by good frames of it.

    Args:
        good: the frames, the sharpest first.
        classifier: both networks, with a card for photographs.
        limits: thresholds and bands by label.
        name: of the camera.
    """
    started, now = time.perf_counter(), datetime.now(UTC)
    films = [straighten.straighten(frame.pixels, view.outlines[0].corners) for frame, view in good]
    result, spread, at = aggregate.combine([screening.judge(grey, classifier, limits) for grey in films], limits)
    frame, view = good[at]
    shot = Shot(name, len(good), spread, view.figures, corners(frame, view))
    ms = (time.perf_counter() - started) * 1000
    return replace(result, path=_named(now), sha256=sha256(films[at]), time=now, ms=ms, shot=shot)


def refused(frame: Frame, view: View, name: str) -> Refused:
    """Refuse a film that cannot be seen well enough; the most important advice becomes the reason."""
    now = datetime.now(UTC)
    sentence = next((one.sentence for one in view.advice), "hold the film and the camera still for a second")
    why = gate.of_photograph(sentence)
    grey = np.ascontiguousarray(frame.pixels.mean(axis=2).astype(np.uint8))
    shot = Shot(name, 0, {}, view.figures, corners(frame, view) if view.outlines else ())
    return Refused(_named(now), sha256(grey), Rejection(why), time=now, grey=grey, shot=shot)


def corners(frame: Frame, view: View) -> tuple[tuple[float, float], ...]:
    """Return the film's corners as shares of the frame's width and height, from its upper left clockwise."""
    height, width = frame.pixels.shape[:2]
    return tuple((float(x / width), float(y / height)) for x, y in view.outlines[0].corners)


def sha256(grey: np.ndarray) -> str:
    """Return the hash of a straightened film's size and pixels, hex, by which a store recognises it."""
    return hashlib.sha256(f"{grey.shape}".encode() + grey.tobytes()).hexdigest()


def _named(now: datetime) -> Path:
    """Return the path under which a film of a camera is kept; there is no file."""
    return Path(f"camera-{now:%Y%m%dT%H%M%S}-{now.microsecond // 1000:03d}")
