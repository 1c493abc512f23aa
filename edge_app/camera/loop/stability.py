"""When a film is still: some good frames in a row, of a film that has not been judged yet. Pure; times in seconds."""

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np

from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect.film_view import View

# Frames of one reading, and the seconds for which all of them must be good: a hand trembles to and fro within some
# tenths of a second.
FRAMES, STILL = 5, 0.6
# Good frames older than this are dropped, and more than this many are not held: each is 3 MB.
OLDEST, MOST_HELD = 2.0, 12
# A film that was out of view for this long may be another one, even if it looks alike.
AWAY = 1.0
# Side of the thumbnail by which a film is recognised, and the correlation from which it is the same film.
THUMBNAIL, SAME = 32, 0.97


class Good(NamedTuple):
    """A frame on which a film is seen well.

    Attributes:
        frame: the frame.
        view: what was seen on it; it has an outline.
    """

    frame: Frame
    view: View


class Stability:
    """Collects good frames until there are enough of one film."""

    def __init__(self, frames: int = FRAMES, still: float = STILL):
        """Begin without frames.

        Args:
            frames: that a reading needs.
            still: seconds for which they must be good.
        """
        self._frames, self._still = frames, still
        self._good: deque[Good] = deque(maxlen=MOST_HELD)
        self._judged: np.ndarray | None = None  # the thumbnail of the film judged last
        self._seen = 0.0  # the time of the last frame with a film

    def add(self, frame: Frame, view: View) -> None:
        """Add a frame with what is seen on it; if it is not good, start again from none."""
        if view.outlines:
            self._seen = frame.time
        elif frame.time - self._seen > AWAY:
            self._judged = None
        if not view.ready:
            self._good.clear()
            return
        self._good.append(Good(frame, view))
        while frame.time - self._good[0].frame.time > OLDEST:
            self._good.popleft()

    @property
    def progress(self) -> float:
        """How far the film in view is on its way to a reading, 0 .. 1."""
        if not self._good:
            return 0.0
        lasted = self._good[-1].frame.time - self._good[0].frame.time
        return min(1.0, len(self._good) / self._frames, lasted / self._still if self._still else 1.0)

    @property
    def is_new(self) -> bool:
        """Whether the film in view differs from the one judged last."""
        if self._judged is None or not self._good:
            return bool(self._good)
        return _correlation(thumbnail(*self._good[-1]), self._judged) < SAME

    def take(self) -> list[Good]:
        """Return the sharpest of the good frames, the best first, and count the film as judged.

        Raises:
            ValueError: there is no good frame.
        """
        best = sorted(self._good, key=lambda good: -good.view.sharpness)[: self._frames]
        if not best:
            raise ValueError("there is no good frame to take")
        self._judged = thumbnail(*best[0])
        self._good.clear()
        return best

    def forget(self) -> None:
        """Start again, such as after the camera was opened again."""
        self._good.clear()
        self._judged = None


def thumbnail(frame: Frame, view: View) -> np.ndarray:
    """Return a straightened film as float32 (32, 32) with mean 0 and length 1, by which it is recognised."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * (8 * THUMBNAIL - 1)
    corners = view.outlines[0].corners.astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, square)
    flat = cv2.warpPerspective(frame.pixels, matrix, (8 * THUMBNAIL,) * 2)
    grey = cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (THUMBNAIL,) * 2, interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-6)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float((one * other).sum())
