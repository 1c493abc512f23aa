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
    means = across.means(down.means(table, rows, axis=0), columns, axis=1)
    return np.rint(means, out=means).astype(np.uint8)


class _Span:
    """The part of one axis that a box takes, `first` .. `last` pixels of `length`."""

    def __init__(self, first: float, last: float, length: int):
        start = max(0, int(first) - 1)  # linear interpolation looks at the pixel before, and the one behind
        self.outer = slice(start, min(length, int(last) + 2))
        self._first, self._last = first - start, last - start

    def means(self, table: np.ndarray, count: int, axis: int) -> np.ndarray:
        """Return the mean of each of `count` windows, float64, from the sums before each row (or column, `axis` 1)."""
        step = (self._last - self._first) / count
        if step >= 1:
            sums = _between(table, self._first + step * np.arange(count + 1), axis)
            means = sums[1:] - sums[:-1] if axis == 0 else sums[:, 1:] - sums[:, :-1]
            means /= step
            return means
        begin = np.clip(self._first + step * (np.arange(count) + 0.5) - 0.5, 0, table.shape[axis] - 2)
        means = _between(table, begin + 1, axis)
        means -= _between(table, begin, axis)
        return means


def _between(table: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Return a table between its rows (or columns), where it is linear: float64, `places` long on that axis."""
    before = np.minimum(places.astype(np.intp), table.shape[axis] - 2)
    share = places - before
    first = table.take(before, axis=axis)
    second = table.take(before + 1, axis=axis)
    second -= first
    found = np.multiply(second, share[:, np.newaxis] if axis == 0 else share)  # in place from here on: half the time
    found += first
    return found
