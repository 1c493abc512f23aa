"""Trim the plain margin that digitising leaves round a film; a film on a light box or a screen has none. Pure."""

import numpy as np

# Rows and columns whose grey levels span at most this are plain; JPEG leaves a plain area within some 8 levels.
PLAIN = 12
# At most this share of each side is trimmed: a wider plain area is part of a film that is partly covered.
MOST = 0.2


def trimmed(grey: np.ndarray) -> np.ndarray:
    """Return a film, uint8 (H, W), without its plain margin."""
    return grey[kept(grey)]


def kept(grey: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and the columns of a film, uint8 (H, W), that are not of its plain margin."""
    return _kept(grey, 1), _kept(grey, 0)


def _kept(grey: np.ndarray, axis: int) -> slice:
    # A few pixels of dust or of a marker that reaches over do not make a row part of the film.
    low, high = np.quantile(grey, (0.02, 0.98), axis=axis)
    plain = high - low <= PLAIN
    length, most = len(plain), int(MOST * len(plain))
    first = min(int(np.argmin(plain)), most)
    last = min(int(np.argmin(plain[::-1])), most)
    return slice(first, length - last)
