"""Resampling of a box of any fractions of pixels: area average where it shrinks, linear where it grows.

A summed-area table gives the sum over any box by four look-ups, and between its whole pixels it is linear. So a box
need not begin at a whole pixel, and a box moved by a thousandth of the film changes the result by as little. All of it
is whole numbers and float64 without a library's own tricks: the same to the last bit on every processor, where OpenCV's
wheels for ARM resize with another library inside (carotene), whose linear interpolation differs by up to 4 grey levels.
"""

from collections.abc import Sequence

import cv2
import numpy as np

WHOLE = (0.0, 0.0, 1.0, 1.0)
# Sums up to this are whole numbers of 32 bits; a larger film's need float64, which holds them exactly up to 2**53.
MOST_SUM = 2**31 - 1


def resample(grey: np.ndarray, rows: int, columns: int, box: Sequence[float] = WHOLE) -> np.ndarray:
    """Resize a box of uint8 (H, W) to uint8 (rows, columns).

    Args:
        grey: the whole picture; what lies outside the box is not looked at, but for the next pixel where it grows.
        rows, columns: of the result, 1 or more.
        box: top, left, bottom, right as shares of the picture's height and width, 0 .. 1, each at least some fraction
            of a pixel before its opposite.

    Returns:
        For each place of the result the mean of the part of the picture that it covers, or of a part of one pixel's
        width where it covers less: that is linear interpolation.
    """
    (height, width), (top, left, bottom, right) = grey.shape, box
    down, across = _Span(top * height, bottom * height, height), _Span(left * width, right * width, width)
    part = grey[down.outer, across.outer]
    table = cv2.integral(part, sdepth=cv2.CV_32S if part.size * 255 <= MOST_SUM else cv2.CV_64F)
    return np.rint(across.means(down.means(table, rows).T, columns).T).astype(np.uint8, order="C")


class _Span:
    """The part of one axis that a box takes, `first` .. `last` pixels of `length`."""

    def __init__(self, first: float, last: float, length: int):
        start = max(0, int(first) - 1)  # linear interpolation looks at the pixel before, and the one behind
        self.outer = slice(start, min(length, int(last) + 2))
        self._first, self._last = first - start, last - start

    def means(self, table: np.ndarray, count: int) -> np.ndarray:
        """Return float64 (count, W), the mean of each window of rows, from the sums above each row, (H + 1, W)."""
        step = (self._last - self._first) / count
        if step >= 1:
            return np.diff(_between(table, self._first + step * np.arange(count + 1)), axis=0) / step
        begin = np.clip(self._first + step * (np.arange(count) + 0.5) - 0.5, 0, len(table) - 2)
        return _between(table, begin + 1) - _between(table, begin)


def _between(table: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return a table between its rows, where it is linear: float64 (places, W) for places 0 .. H."""
    above = np.minimum(places.astype(np.intp), len(table) - 2)
    upper = table.take(above, axis=0)
    lower = table.take(above + 1, axis=0)
    lower -= upper
    return lower * (places - above)[:, np.newaxis] + upper
