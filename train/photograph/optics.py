"""The lens: where each point of a flat scene falls in the frame, and how sharp.

The scene is seen through a pinhole and then displaced along the radius: a point that the pinhole shows at radius r is
shown at the radius s with r = s (1 + k s**2), 1 = half the frame's diagonal (the one-term model of Brown, 1971).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from train.photograph.severity import Severity

# The focal length in widths of the frame: 54 (Pi camera 1) to 70 degrees (a phone's main camera) across.
FOCAL = (0.72, 0.98)


@dataclass(frozen=True)
class View:
    """A camera before a scene.

    Attributes:
        homography: float64 (3, 3), from the scene to the frame of a perfect lens.
        distortion: k above; negative bows straight lines outwards.
        size: (width, height) of the frame in pixels.
    """

    homography: np.ndarray
    distortion: float
    size: tuple[int, int]

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """Return where points of the scene, float (..., 2), are seen in the frame: float (..., 2)."""
        flat = cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), self.homography)[:, 0]
        middle, reach = self._middle()
        straight = (flat - middle) / reach
        bent = straight
        for _ in range(10):  # r = s (1 + k s**2) solved for s; each step gains a digit at |k| < 0.1
            bent = straight / (1 + self.distortion * (bent**2).sum(axis=1, keepdims=True))
        return (bent * reach + middle).reshape(points.shape)

    def to_scene(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y in the scene of every pixel of the frame: float32 (height, width) twice."""
        width, height = self.size
        middle, reach = self._middle()
        columns = ((np.arange(width) - middle[0]) / reach).astype(np.float32)
        rows = ((np.arange(height) - middle[1]) / reach).astype(np.float32)[:, np.newaxis]
        stretch = 1 + np.float32(self.distortion) * (columns**2 + rows**2)
        x, y = columns * reach * stretch + np.float32(middle[0]), rows * reach * stretch + np.float32(middle[1])
        back = np.linalg.inv(self.homography).astype(np.float32)
        depth = back[2, 0] * x + back[2, 1] * y + back[2, 2]
        across = (back[0, 0] * x + back[0, 1] * y + back[0, 2]) / depth
        down = (back[1, 0] * x + back[1, 1] * y + back[1, 2]) / depth
        return across, down

    def _middle(self) -> tuple[np.ndarray, float]:
        return (np.array(self.size) - 1) / 2, float(np.hypot(*self.size) / 2)


def place(corners: np.ndarray, rng: np.random.Generator, how: Severity, size: tuple[int, int]) -> View:
    """Draw a camera before the scene from which all films are whole in the frame.

    Args:
        corners: float (films, 4, 2), of the films in the scene.
        rng: draws the pose and the lens.
        how: the ranges.
        size: (width, height) of the frame in pixels.
    """
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    for _ in range(1000):
        view = _pose((low + high) / 2, high - low, rng, how, size)
        seen = view.to_frame(corners)
        if (seen > 0.02 * min(size)).all() and (seen < np.array(size) - 1 - 0.02 * min(size)).all():
            return view
    raise ValueError(f"no camera of severity {how} sees films of {high - low} pixels whole")


def _pose(middle, extent, rng, how, size) -> View:
    focal = rng.uniform(*FOCAL) * max(size)
    tilt, towards = np.deg2rad(rng.uniform(*how.tilt)), rng.uniform(0, 2 * np.pi)
    axis = np.array([np.cos(towards), np.sin(towards), 0]) * tilt
    turn = cv2.Rodrigues(np.array([0, 0, np.deg2rad(rng.uniform(-how.roll, how.roll))]))[0] @ cv2.Rodrigues(axis)[0]
    fill = rng.uniform(*how.fill)
    distance = focal / (fill * min(size[0] / extent[0], size[1] / extent[1]))
    room = np.array(size) * (1 - fill * extent * min(size[0] / extent[0], size[1] / extent[1]) / size) / 2
    shift = rng.uniform(-1, 1, 2) * how.off_centre * room
    camera = np.array([[focal, 0, (size[0] - 1) / 2], [0, focal, (size[1] - 1) / 2], [0, 0, 1]])
    onto = np.column_stack([turn[:, 0], turn[:, 1], np.array([*(shift / focal), 1]) * distance])
    to_middle = np.array([[1, 0, -middle[0]], [0, 1, -middle[1]], [0, 0, 1]])
    return View(camera @ onto @ to_middle, rng.uniform(-how.distortion, how.distortion), size)


def defocus(light: np.ndarray, radius: float) -> np.ndarray:
    """Blur float32 (H, W, 3) by a disc of a radius in pixels, soft at its rim."""
    if radius < 0.3:
        return light
    side = 2 * int(np.ceil(radius)) + 1
    rows, columns = np.mgrid[:side, :side] - side // 2
    disc = np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1)
    return cv2.filter2D(light, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)


def smear(light: np.ndarray, length: float, angle: float) -> np.ndarray:
    """Move float32 (H, W, 3) along a line of a length in pixels, at an angle in radians, while it is exposed."""
    if length < 0.5:
        return light
    side = 2 * int(np.ceil(length / 2)) + 3
    line = np.zeros((side, side), np.float32)
    for step in np.linspace(-length / 2, length / 2, 8 * side):  # each point falls on four pixels
        x, y = side // 2 + step * np.cos(angle), side // 2 + step * np.sin(angle)
        column, row = int(x), int(y)
        across, down = x - column, y - row
        line[row : row + 2, column : column + 2] += np.outer([1 - down, down], [1 - across, across])
    return cv2.filter2D(light, -1, line / line.sum(), borderType=cv2.BORDER_REPLICATE)
