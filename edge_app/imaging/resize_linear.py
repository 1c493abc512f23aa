"""Linear enlargement in whole numbers, the same to the last bit on every processor.

OpenCV's wheels for ARM resize with another library inside (carotene), whose linear interpolation differs by up to 4 of
255 grey levels from what the same call gives on x86, where models are trained; its area average differs by 1, seldom.
This is what OpenCV computes on x86 (resize.cpp of 4.11: `HResizeLinear`, `VResizeLinear` of 8 bits), in NumPy: films
are small where they must be enlarged.
"""

import numpy as np

# OpenCV's weights are whole numbers of 2048ths (INTER_RESIZE_COEF_BITS = 11).
ONE = np.float32(2048)


def linear(grey: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize uint8 (H, W) to uint8 (height, width), which are at least H and W."""
    left, right, nearer, farther = _taps(grey.shape[1], width)
    inside = (left >= 0) & (left < grey.shape[1] - 1)
    left, right = np.clip(left, 0, grey.shape[1] - 1), np.clip(right, 0, grey.shape[1] - 1)
    # Beyond the outermost pixels there is nothing to weigh; in the other direction OpenCV weighs a row with itself.
    nearer, farther = np.where(inside, nearer, int(ONE)), np.where(inside, farther, 0)
    wide = grey.astype(np.int32)
    rows = (wide[:, left] * nearer + wide[:, right] * farther) >> 4
    above, below, nearer, farther = _taps(grey.shape[0], height)
    above, below = np.clip(above, 0, grey.shape[0] - 1), np.clip(below, 0, grey.shape[0] - 1)
    sums = (nearer[:, np.newaxis] * rows[above] >> 16) + (farther[:, np.newaxis] * rows[below] >> 16)
    return ((sums + 2) >> 2).astype(np.uint8)


def _taps(old: int, new: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return which two of the old pixels make up each new one, and their weights in 2048ths."""
    place = ((np.arange(new) + 0.5) * (old / new) - 0.5).astype(np.float32)
    first = np.floor(place)
    share = place - first
    first = first.astype(np.int64)
    near = np.rint((np.float32(1) - share) * ONE).astype(np.int32)
    return first, first + 1, near, np.rint(share * ONE).astype(np.int32)
