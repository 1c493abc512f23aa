"""More than 256 grey levels become 256: linear between the extremes of the film, a few hot and dead pixels apart."""

import numpy as np

# Share of the pixels that may saturate at each end when more than 8 bits are mapped to 8: hot and dead pixels.
TAIL = 0.0005
# Counted in parts: `np.bincount` makes 8 bytes of every pixel it is given.
PART = 1 << 20


def to_grey(values: np.ndarray) -> np.ndarray:
    """Map uint16 (H, W) linearly to uint8 (H, W), all but `TAIL` of the pixels at each end."""
    flat = values.ravel()
    counts = np.zeros(65536, np.int64)
    for start in range(0, len(flat), PART):
        counts += np.bincount(flat[start : start + PART], minlength=65536)
    return grey_table(counts)[values]


def grey_table(counts: np.ndarray) -> np.ndarray:
    """Return the linear map of `to_grey` as a table, uint8 (N,), from how many pixels have each of N values."""
    below = np.cumsum(counts, dtype=np.float64)
    tail = int(below[-1] * TAIL)
    low = int(np.searchsorted(below, tail, side="right"))
    high = max(low + 1, int(np.searchsorted(below, below[-1] - tail)))
    return np.clip((np.arange(len(counts)) - low) * 255 // (high - low), 0, 255).astype(np.uint8)
