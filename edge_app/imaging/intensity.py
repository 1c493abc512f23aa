"""More than 256 grey levels become 256: linear between the extremes of the film, a few hot and dead pixels apart."""

import numpy as np

# Share of the pixels that may saturate at each end when more than 8 bits are mapped to 8: hot and dead pixels.
TAIL = 0.0005
# Pixels that are counted or looked up at a time: numpy makes 8 bytes of every index it is given.
PART = 1 << 20


def to_grey(values: np.ndarray) -> np.ndarray:
    """Map uint16 (H, W) linearly to uint8 (H, W), all but `TAIL` of the pixels at each end."""
    return look_up(grey_table(count(values)), values)


def count(values: np.ndarray, lowest: int = 0) -> np.ndarray:
    """Return how many pixels of integers (H, W), at most 16 bits, have each value from `lowest` on: int64 (N,)."""
    counts = np.zeros(int(values.max()) - lowest + 1, np.int64)
    for part in _parts(values):
        counts += np.bincount((part.astype(np.int64) - lowest).ravel(), minlength=len(counts))
    return counts


def look_up(table: np.ndarray, values: np.ndarray, lowest: int = 0) -> np.ndarray:
    """Return uint8 (H, W): for each of `values`, integers (H, W), what uint8 `table` holds from `lowest` on."""
    grey = np.empty(values.shape, np.uint8)
    for part, out in zip(_parts(values), _parts(grey), strict=True):
        out[:] = table[part.astype(np.int64) - lowest]
    return grey


def _parts(values: np.ndarray):
    rows = max(1, PART // values.shape[1])
    return (values[start : start + rows] for start in range(0, len(values), rows))


def grey_table(counts: np.ndarray) -> np.ndarray:
    """Return the linear map of `to_grey` as a table, uint8 (N,), from how many pixels have each of N values."""
    low, high = span(counts)
    return np.clip((np.arange(len(counts)) - low) * 255 // (high - low), 0, 255).astype(np.uint8)


def span(counts: np.ndarray) -> tuple[int, int]:
    """Return the values that `to_grey` makes black and white, from how many pixels have each of N values."""
    below = np.cumsum(counts, dtype=np.float64)
    tail = int(below[-1] * TAIL)
    low = int(np.searchsorted(below, tail, side="right"))
    return low, max(low + 1, int(np.searchsorted(below, below[-1] - tail)))
