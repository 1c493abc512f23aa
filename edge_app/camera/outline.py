"""Where the film is in a frame: its four sides found as lines, judged by what lies on both sides of them. Pure.

1. The frame is shrunk to `SMALL` pixels across; line segments (LSD, von Gioi et al. 2012) that continue each other
   become lines, some near level and some near upright. Every two level and two upright lines make a quadrangle.
2. A film's sides have contrast along their whole length, and round the film lies one plain surface: the bare light box,
   brighter than any of the film, or the viewer window of a monitor. The light box's own outline has the bare rim inside
   and so is no film; nor are bezel, screen and window, as they hold a better quadrangle.
3. The sides of what is left are moved to the steepest place at full size, and meet in the corners.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from edge_app.camera import sides
from edge_app.camera.sides import Sides

# Width that a frame is shrunk to: lines of 2 pixels are left of the edge of a film, and a screen's grid is averaged.
SMALL = 640
# Sides of a film as shares of the frame's height, and width to height or its inverse (`radiograph.MOST_ELONGATED`).
LEAST_SIDE, MOST_ELONGATED = 0.2, 3
# Of each side at least this share must show contrast, and of all together the second share: a clip, a finger, a dark
# border before a dark window hide some.
LEAST_OF_SIDE, LEAST_OF_ALL = 0.3, 0.6
# Share of what lies just outside that must be plain.
LEAST_PLAIN = 0.55
# The bare light box is at least this times as bright as the brightest of the film, in grey levels; 1 where both clip.
LIGHT_BOX = 0.98
# Two outlines that share this much (intersection over union) are one film.
SAME = 0.5
# Pixels of the small frame within which a side is moved, and the points of it that are looked at.
REACH, REFINED_POINTS = 3.0, 48
# Candidates looked at closely; the best are nearly the same quadrangle many times over.
MOST_CANDIDATES = 80


@dataclass(frozen=True)
class Outline:
    """A film found in a frame.

    Attributes:
        corners: float64 (4, 2), x and y in pixels of the frame, from the upper left clockwise; the middle of the first
            pixel is (0, 0).
        confidence: 0 .. 1, how much of the outline is there to be seen.
        on_light_box: whether what lies round it is brighter than the film.
    """

    corners: np.ndarray
    confidence: float
    on_light_box: bool


def find(frame: np.ndarray) -> list[Outline]:
    """Find the films in a frame.

    Args:
        frame: uint8 (H, W, 3), red, green, blue.

    Returns:
        The films, the surest first; none overlaps another.

    Raises:
        ValueError: `frame` is not uint8 (H, W, 3).
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ValueError(f"frame is {frame.dtype} {frame.shape}; it must be uint8 (H, W, 3)")
    scale = max(1.0, frame.shape[1] / SMALL)
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    size = (round(frame.shape[1] / scale), round(frame.shape[0] / scale))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    found = _distinct(_judged(small))
    return [_refined(grey, one, scale) for one in found]


def _judged(small: np.ndarray) -> list[Outline]:
    """Return all quadrangles of uint8 (H, W) that may be films, in its pixels, the surest first."""
    level, upright = sides.lines(small)
    if len(level) < 2 or len(upright) < 2:
        return []
    soft, step = cv2.GaussianBlur(small, (0, 0), 1), sides.least_contrast(small)
    quads = _quadrangles(sides.measure(soft, level, upright, step), sides.measure(soft.T, upright, level, step))
    x, y = sides.crossings(level, upright)
    value = _value(quads, LEAST_SIDE * len(small))
    found = []
    for row, column in np.argwhere(value > 0)[np.argsort(-value[value > 0])[:MOST_CANDIDATES]]:
        (top, bottom), (left, right) = (
            [order[place] for order in np.triu_indices(len(many), 1)]
            for place, many in ((row, level), (column, upright))
        )
        at = np.array([top, top, bottom, bottom]), np.array([left, right, right, left])
        corners = np.column_stack([x[at], y[at]])
        outline = _closely(soft, corners, quads[:, :, row, column], value[row, column])
        if outline:
            found.append(outline)
    return sorted(found, key=lambda one: -one.confidence)


# Rows of what `_quadrangles` returns; columns are the upper, right, lower and left side.
LENGTH, CONTRAST, BRIGHTER, PLAIN, PLAIN_INSIDE, OUTSIDE, INSIDE = range(7)


def _quadrangles(across: Sides, down: Sides) -> np.ndarray:
    """Put four sides together in every way: float (7, 4, pairs of level lines, pairs of upright lines)."""
    upper, lower = np.triu_indices(len(across.length), 1)
    left, right = np.triu_indices(len(down.length), 1)
    first = [across.length, across.contrast, across.brighter, across.before_plain, across.after_plain]
    first = np.stack([*first, across.before_level, across.after_level])
    second = [across.length, across.contrast, -across.brighter, across.after_plain, across.before_plain]
    second = np.stack([*second, across.after_level, across.before_level])
    beside = [down.length, down.contrast, down.brighter, down.before_plain, down.after_plain]
    beside = np.stack([*beside, down.before_level, down.after_level])
    beyond = [down.length, down.contrast, -down.brighter, down.after_plain, down.before_plain]
    beyond = np.stack([*beyond, down.after_level, down.before_level])
    return np.stack(
        [first[:, upper], beyond[:, right].transpose(0, 2, 1), second[:, lower], beside[:, left].transpose(0, 2, 1)],
        axis=1,
    )


def _value(quads: np.ndarray, least_side: float) -> np.ndarray:
    """Return how much each quadrangle looks like the outline of something on a plain surface: 0 .. 1, 0 is not."""
    length, contrast, plain = quads[LENGTH], quads[CONTRAST], quads[PLAIN]
    wide, high = length[0] + length[2], length[1] + length[3]
    allowed = (length.min(axis=0) >= least_side) & (np.maximum(wide, high) <= MOST_ELONGATED * np.minimum(wide, high))
    allowed &= (contrast.min(axis=0) >= LEAST_OF_SIDE) & (contrast.mean(axis=0) >= LEAST_OF_ALL)
    allowed &= plain.mean(axis=0) >= LEAST_PLAIN
    return allowed * contrast.mean(axis=0) * plain.mean(axis=0) * (0.5 + 0.5 * contrast.min(axis=0))


def _closely(soft: np.ndarray, corners: np.ndarray, sides_of: np.ndarray, value: float) -> Outline | None:
    """Judge one quadrangle by what it holds; None if it is no film."""
    inner = _straight(soft, corners)
    bright = float(np.quantile(inner, 0.9))
    bare, rim = sides_of[OUTSIDE], sides_of[INSIDE]
    plain_rim = float(sides_of[PLAIN_INSIDE].min())
    on_light_box = bool(np.median(bare) >= LIGHT_BOX * bright and sides_of[BRIGHTER].mean() > 0.6)
    if on_light_box:
        return Outline(corners, value, True)
    if rim.min() >= 0.9 * bright and plain_rim > 0.7:
        return None  # the light box itself
    same = plain_rim > 0.7 and np.ptp(rim) < 0.25 * max(np.ptp(inner), 1)
    return Outline(corners, 0.9 * value * (0.5 if same else 1), False)


def _straight(soft: np.ndarray, corners: np.ndarray, side: int = 24) -> np.ndarray:
    """Return what lies well within a quadrangle, uint8 (side, side)."""
    end = 1.1 * side
    square = np.array([[-0.1 * side] * 2, [end, -0.1 * side], [end, end], [-0.1 * side, end]], np.float32)
    onto = cv2.getPerspectiveTransform(corners.astype(np.float32), square)
    return cv2.warpPerspective(soft, onto, (side, side), borderMode=cv2.BORDER_REPLICATE)


def _distinct(found: list[Outline]) -> list[Outline]:
    """Keep the surest of those that overlap."""
    kept: list[Outline] = []
    for one in found:
        if all(_overlap(one.corners, other.corners) < 0.1 for other in kept):
            kept.append(one)
    return kept


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the area that two quadrangles share, as a share of the smaller one's."""
    one, other = one.astype(np.float32), other.astype(np.float32)
    return cv2.intersectConvexConvex(one, other)[0] / max(min(cv2.contourArea(one), cv2.contourArea(other)), 1)


def _refined(grey: np.ndarray, one: Outline, scale: float) -> Outline:
    """Move an outline found in a picture `scale` times smaller to the steepest place of uint8 (H, W)."""
    corners = (one.corners + 0.5) * scale - 0.5
    reach = REACH * scale
    found = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        found.append(_steepest(grey, start, end, reach, one.on_light_box))
    normal, offset = np.array([side[:2] for side in found]), np.array([side[2] for side in found])
    meet = [np.linalg.solve(normal[[at - 1, at]], offset[[at - 1, at]]) for at in range(4)]
    return Outline(np.array(meet), one.confidence, one.on_light_box)


def _steepest(grey, start, end, reach: float, outside_brighter: bool) -> np.ndarray:
    """Fit a line to the steepest places near the one from start to end: (nx, ny, c) with n the normal, n x = c."""
    along = (end - start) / np.linalg.norm(end - start)
    outwards = np.array([along[1], -along[0]])  # clockwise in a picture, where y points down
    away = np.arange(-reach, reach + 0.25, 0.5)
    shares = np.linspace(0.05, 0.95, REFINED_POINTS)
    points = start + shares[:, None] * (end - start)
    at = points[:, None] + away[:, None] * outwards
    seen = cv2.remap(grey, at.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    slope = cv2.GaussianBlur(np.gradient(seen.astype(np.float32), axis=1), (0, 0), sigmaX=2, sigmaY=1)
    steep = np.maximum(slope, 0) if outside_brighter else abs(slope)
    best = steep.argmax(axis=1)
    weight = steep.max(axis=1)
    good = weight >= 0.3 * np.median(weight)
    edge = points[good] + away[best[good], None] * outwards
    vx, vy, x, y = cv2.fitLine(edge.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel().astype(float)
    return np.array([-vy, vx, -vy * x + vx * y])
