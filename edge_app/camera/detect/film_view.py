"""One look at a frame: the films in it, how well the first is seen, and what would help. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from edge_app.camera.detect import advice, frame_quality, outline
from edge_app.camera.detect.advice import Advice
from edge_app.camera.detect.outline import Outline

# Width and height of a frame's thumbnail, by which an unchanged scene is recognised.
GLANCE = (48, 27)
# Most grey levels by which a pixel of an unchanged scene's thumbnail differs: noise is averaged out.
UNCHANGED = 3.0
# Seconds for which a film's place is remembered: one that comes back later may lie elsewhere.
RECALLED = 1.0


class Place(NamedTuple):
    """Where the surest film of a frame was: `corners` as of `Outline`, `time` as of `Frame`."""

    corners: np.ndarray
    time: float


@dataclass(frozen=True)
class View:
    """What is seen in a frame.

    Attributes:
        outlines: the films, the surest first.
        advice: what would help, the most important first.
        glance: the frame's thumbnail, float32 (27, 48), 0 .. 255.
        figures: of `frame_quality.measure`; empty without a film.
        places: where the film was in this and earlier frames, the oldest first: one at least `frame_quality.STEP`
            seconds old, if there is one, and all after it.
    """

    outlines: list[Outline]
    advice: list[Advice]
    glance: np.ndarray
    figures: Mapping[str, float] = field(default_factory=dict)
    places: tuple[Place, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether one film is seen well enough to be judged."""
        return bool(self.outlines) and not any(advice.blocking for advice in self.advice)

    @property
    def sharpness(self) -> float:
        """Its sharpness, by which the best of several frames is chosen; 0 without a film."""
        return self.figures.get(frame_quality.SHARPNESS, 0.0)


def look(pixels: np.ndarray, before: View | None = None, time: float = 0.0) -> View:
    """Look at a frame.

    Args:
        pixels: uint8 RGB (H, W, 3).
        before: what was seen in the frame before. If no film was in view and nothing has changed, it is returned at
            once.
        time: of the frame, in seconds, as of `Frame`.
    """
    small = cv2.resize(pixels, GLANCE, interpolation=cv2.INTER_AREA)
    glance = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    if before and not before.outlines and np.abs(glance - before.glance).max() <= UNCHANGED:
        return before
    places = _recalled(before.places if before else (), time)
    found, fills = outline.search(pixels, known=places[-1].corners if places else None)
    frame = (pixels.shape[1], pixels.shape[0])
    if not found:
        return View([], [advice.plain(advice.NEAR if fills else advice.NO_FILM)], glance, places=places)
    corners = found[0].corners
    known = places[0] if places else Place(corners, time)
    seen = frame_quality.measure(pixels, corners, known.corners if places else None, time - known.time)
    return View(found, advice.of(found, seen, frame), glance, seen.figures, (*places, Place(corners, time)))


def _recalled(places: tuple[Place, ...], now: float) -> tuple[Place, ...]:
    """Return those of the places that movement is measured from: see `View.places`."""
    recent = [place for place in places if 0 < now - place.time <= RECALLED]
    old = [at for at, place in enumerate(recent) if now - place.time >= frame_quality.STEP]
    return tuple(recent[old[-1] :] if old else recent)
