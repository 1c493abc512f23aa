"""Lines in a frame that may be sides of a film, and what lies on both sides of each between two crossings. Pure.

A line is (a, b): y = a x + b if it is nearly level, x = a y + b if nearly upright. What is written for level lines
serves upright ones in the transposed picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

# Segments within this many pixels of a line belong to it; LSD breaks an edge wherever something crosses it.
SAME_LINE = 2.0
# Segments shorter than this share of the picture's height are text; lines with less in all are ribs and devices.
LEAST_SEGMENT, LEAST_LINE = 0.03, 0.08
# Lines kept each way. Window, list, screen and bezel of a monitor make eight; ribs, clavicles and spine add some.
MOST_LINES = 18
# Points measured along a side, and the share left out at both ends: films have rounded corners.
POINTS, END = 24, 0.05
# Pixels from the line to either side: beyond the blur of an edge, well within the bare rim of a light box.
AWAY = 3
# Grey levels between film and surroundings that can be told in any picture, and as a multiple of the noise.
LEAST_STEP, OF_NOISE = 4.0, 3.0


@dataclass(frozen=True)
class Sides:
    """What lies on both sides of lines between their crossings with others; each array is float32 (lines, pairs).

    Attributes:
        length: pixels between the crossings.
        contrast: share of the points at which both sides differ.
        brighter: share of the points that are brighter before the line (above it, left of it), less that of darker.
        before_plain, after_plain: share of the steps from point to point that change nothing.
        before_level, after_level: median grey level.
    """

    length: np.ndarray
    contrast: np.ndarray
    brighter: np.ndarray
    before_plain: np.ndarray
    after_plain: np.ndarray
    before_level: np.ndarray
    after_level: np.ndarray


def lines(small: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the longest lines of uint8 (H, W): level from top to bottom, upright from left to right, float (n, 2)."""
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(small)[0]
    if found is None:
        return np.empty((0, 2)), np.empty((0, 2))
    segments = found[:, 0].astype(np.float64)
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    segments = segments[lengths >= LEAST_SEGMENT * len(small)]
    level = abs(segments[:, 2] - segments[:, 0]) >= abs(segments[:, 3] - segments[:, 1])
    least, (height, width) = LEAST_LINE * len(small), small.shape
    return _joined(segments[level], least, width), _joined(segments[~level][:, [1, 0, 3, 2]], least, height)


def _joined(segments: np.ndarray, least: float, width: int) -> np.ndarray:
    """Join segments x0, y0, x1, y1 that continue each other: float (n, 2), in the order in which they cross."""
    x, y = segments[:, [0, 2]], segments[:, [1, 3]]
    lengths = np.hypot(x[:, 1] - x[:, 0], y[:, 1] - y[:, 0])
    free, kept, weights = np.ones(len(segments), bool), [], []

    def on_line(line: np.ndarray, longest: np.intp) -> np.ndarray:
        on = (abs(line[0] * x + line[1] - y) < SAME_LINE).all(axis=1)
        on[longest] = True
        return on

    for longest in np.argsort(lengths)[::-1]:
        if not free[longest]:
            continue
        (x0, x1), (y0, y1) = x[longest], y[longest]
        slope = (y1 - y0) / (x1 - x0)
        on = on_line(np.array([slope, y0 - slope * x0]), longest)
        on = on_line(_through(x[on], y[on], lengths[on, np.newaxis]), longest)
        line = _through(x[on], y[on], lengths[on, np.newaxis])
        if lengths[on & free].sum() >= least:
            kept.append(line)
            weights.append(lengths[on].sum())
        free &= ~on
    best = np.argsort(weights)[::-1][:MOST_LINES]
    found = np.array(kept).reshape(-1, 2)[best]
    return found[np.argsort(found @ [width / 2, 1])]


def _through(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    whole = x.shape[1] * weight.sum()
    middle_x, middle_y = (weight * x).sum() / whole, (weight * y).sum() / whole
    off = weight * (x - middle_x)
    slope = (off * (y - middle_y)).sum() / max((off * (x - middle_x)).sum(), 1e-9)
    return np.array([slope, middle_y - slope * middle_x])


def crossings(level: np.ndarray, upright: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y, float (level, upright) each, of where lines meet."""
    (slope, start), (lean, foot) = level.T[:, :, np.newaxis], upright.T[:, np.newaxis, :]
    x = (lean * start + foot) / (1 - lean * slope)
    return x, slope * x + start


def least_contrast(small: np.ndarray) -> float:
    """Return the difference of grey levels of uint8 (H, W) that is more than its noise."""
    # Immerkaer 1996: a mask that does not respond to lines, with the median in place of the mean.
    detail = cv2.filter2D(small, cv2.CV_32F, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32))
    return max(LEAST_STEP, OF_NOISE * float(np.median(abs(detail))) / 0.6745 / 6)


def measure(soft: np.ndarray, level: np.ndarray, upright: np.ndarray, step: float) -> Sides:
    """Measure both sides of every level line between every two upright ones.

    Args:
        soft: uint8 (H, W), a little blurred.
        level: float (n, 2), lines.
        upright: float (m, 2), lines, in order; a pair is (first, second) of `np.triu_indices(m, 1)`.
        step: grey levels that count as a difference.
    """
    first, second = np.triu_indices(len(upright), 1)
    x, _ = crossings(level, upright)
    along = np.linspace(END, 1 - END, POINTS)
    points = x[:, first, np.newaxis] + (x[:, second] - x[:, first])[..., np.newaxis] * along
    slope, start = level.T[:, :, np.newaxis, np.newaxis]
    heights = slope * points + start
    steep = np.sqrt(1 + slope**2)
    before, after = (
        _look(soft, points - side * AWAY * slope / steep, heights + side * AWAY / steep) for side in (-1, 1)
    )
    differ = before - after
    return Sides(
        length=abs(x[:, second] - x[:, first]) * steep[..., 0],
        contrast=(abs(differ) > step).mean(axis=-1),
        brighter=(differ > step).mean(axis=-1) - (differ < -step).mean(axis=-1),
        before_plain=_plain(before, step),
        after_plain=_plain(after, step),
        before_level=np.median(before, axis=-1),
        after_level=np.median(after, axis=-1),
    )


def _look(soft: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the grey levels at points, float32; outside the picture those of its border."""
    columns = np.clip(np.rint(x), 0, soft.shape[1] - 1).astype(np.int32)
    rows = np.clip(np.rint(y), 0, soft.shape[0] - 1).astype(np.int32)
    return soft[rows, columns].astype(np.float32)


def _plain(levels: np.ndarray, step: float) -> np.ndarray:
    return (abs(np.diff(levels, axis=-1)) <= step).mean(axis=-1)
