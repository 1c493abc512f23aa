"""One look at a frame: the films in it, how well the first is seen, and what would help. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from edge_app.camera.detect import advice, frame_quality, outline
from edge_app.camera.detect.advice import Advice
from edge_app.camera.detect.outline import Outline

# A look at hardly anything: by it a frame is known to be the same as the one before.
GLANCE = (48, 27)
# Grey levels that the glance of an unchanged scene differs by at most, where it differs most: noise is averaged away.
UNCHANGED = 3.0


@dataclass(frozen=True)
class View:
    """What is seen in a frame.

    Attributes:
        outlines: the films, the surest first.
        advice: what would help, the most important first.
        figures: of `frame_quality.measure`; empty without a film.
        glance: the frame, float32 (27, 48).
    """

    outlines: list[Outline]
    advice: list[Advice]
    figures: Mapping[str, float] = field(default_factory=dict)
    glance: np.ndarray | None = None

    @property
    def ready(self) -> bool:
        """Whether one film is seen well enough to be judged."""
        return bool(self.outlines) and not any(one.blocking for one in self.advice)

    @property
    def sharpness(self) -> float:
        """By which the best of some frames is chosen."""
        return self.figures.get(frame_quality.SHARPNESS, 0.0)


def look(pixels: np.ndarray, before: View | None = None) -> View:
    """Look at a frame.

    Args:
        pixels: uint8 RGB (H, W, 3).
        before: what was seen in the frame before. Where nothing was in view and nothing has changed, that is returned
            at once.
    """
    glance = cv2.cvtColor(cv2.resize(pixels, GLANCE, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    glance = glance.astype(np.float32)
    if before and not before.outlines and np.abs(glance - before.glance).max() <= UNCHANGED:
        return before
    found = outline.find(pixels)
    if not found:
        return View([], advice.of([], None, pixels.shape[1::-1]), glance=glance)
    known = before.outlines[0].corners if before and before.outlines else None
    seen = frame_quality.measure(pixels, found[0].corners, known)
    return View(found, advice.of(found, seen, pixels.shape[1::-1]), seen.figures, glance)
