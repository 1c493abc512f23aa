"""When a film is still: seen well for a time, whatever the frame rate, and not judged yet. Pure; times in seconds."""

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np

from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect.film_view import View

# Frames of one reading, and the seconds for which the film must be seen well: a hand trembles to and fro within some
# tenths of a second.
FRAMES, STILL = 5, 0.6
# Seconds within which frames that are not good do not count: at 60 frames a second some always are not.
LAPSE = 0.15
# Seconds that may lie between two good frames: the slowest Pi looks at two frames a second.
SILENCE = 1.0
# Good frames older than this are dropped once there are enough, and more than this many are not held: each is 3 MB.
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
    """Collects good frames until there are enough of one film.

    Time is divided into parts, as many as frames are needed, and of each part the sharpest frame is held: a camera of
    60 frames a second gives a reading frames that lie as far apart as one of 10, and needs no more memory.
    """

    def __init__(self, frames: int = FRAMES, still: float = STILL):
        """Begin without frames.

        Args:
            frames: that a reading needs, up to `MOST_HELD`.
            still: seconds for which the film must be seen well.
        """
        self._frames, self._still = frames, still
        self._good: deque[Good] = deque(maxlen=MOST_HELD)
        self._part = 0  # of time, which the last frame held belongs to
        self._began = self._last = 0.0  # the times of the first and the last good frame
        self._look: np.ndarray | None = None  # the thumbnail of the last good frame
        self._judged: np.ndarray | None = None  # that of the film judged last
        self._seen = float("-inf")  # the time of the last frame with a film

    def add(self, frame: Frame, view: View) -> None:
        """Add a frame with what is seen on it; begin again if the film was not seen well for `LAPSE` seconds."""
        if frame.time < self._last:  # a clock that went back says nothing of how long
            self._good.clear()
        if view.outlines:
            self._seen = frame.time
        elif self.is_away(frame.time):
            self._judged = None
        if self._good and frame.time - self._last > (SILENCE if view.ready else LAPSE):
            self._good.clear()
        if view.ready:
            self._hold(Good(frame, view))

    def _hold(self, good: Good) -> None:
        look, now = thumbnail(*good), good.frame.time
        if self._good and self._look is not None and _correlation(look, self._look) < SAME:
            self._good.clear()  # another film at the same place, as on a monitor
        if not self._good:
            self._began = now
        self._look, self._last = look, now
        if self._judged is not None and _correlation(look, self._judged) >= SAME:
            self._judged = look  # it may change little by little, as the light does
        part = int((now - self._began) * self._frames / self._still) if self._still else self._part + 1
        if not self._good or part != self._part:
            self._good.append(good)
        elif good.view.sharpness > self._good[-1].view.sharpness:
            self._good[-1] = good
        self._part = part
        while len(self._good) > self._frames and now - self._good[0].frame.time > OLDEST:
            self._good.popleft()

    def is_away(self, now: float) -> bool:
        """Return whether no film has been in view for `AWAY` seconds, at the time of a frame."""
        return now - self._seen > AWAY

    @property
    def progress(self) -> float:
        """How far the film in view is on its way to a reading, 0 .. 1."""
        if not self._good:
            return 0.0
        lasted = self._last - self._began
        return min(1.0, len(self._good) / self._frames, lasted / self._still if self._still else 1.0)

    @property
    def is_new(self) -> bool:
        """Whether the film in view differs from the one judged last."""
        if self._judged is None or self._look is None or not self._good:
            return bool(self._good)
        return _correlation(self._look, self._judged) < SAME

    @property
    def is_done(self) -> bool:
        """Whether the film in view is the one judged last."""
        return self._judged is not None and not self.is_new

    def take(self) -> list[Good]:
        """Return the sharpest of the good frames, the best first, and count the film as judged.

        Raises:
            ValueError: there is no good frame.
        """
        best = sorted(self._good, key=lambda good: -good.view.sharpness)[: self._frames]
        if not best:
            raise ValueError("there is no good frame to take")
        self._judged = self._look
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
