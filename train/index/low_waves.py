"""A film described by its low spatial frequencies, whole and without its edges. Pure."""

from itertools import product

import numpy as np

# Shares of the film cut off left, top, right and bottom before it is matched. With 0 and 5 % no crop of up to 6 %
# is further than 2.5 % from one of these, a third of the finest half wave. The last six undo margins lost on one or two
# sides: with them 197 groups of films span two of the collections here, without them 189.
CROPS: tuple[tuple[float, float, float, float], ...] = (
    *product((0.0, 0.05), (0.0, 0.05), (0.0, 0.05), (0.0, 0.05)),
    (0.1, 0.1, 0.1, 0.1),
    (0.1, 0.0, 0.1, 0.0),
    (0.0, 0.1, 0.0, 0.1),
    (0.1, 0.0, 0.0, 0.0),
    (0.0, 0.1, 0.0, 0.0),
    (0.0, 0.0, 0.1, 0.0),
    (0.0, 0.0, 0.0, 0.1),
)

# Half waves kept in each direction.
WAVES = 12


def waves(thumbnails: np.ndarray, crop: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)) -> np.ndarray:
    """Describe a window of each film by its low spatial frequencies.

    Args:
        thumbnails: uint8 (N, S, S).
        crop: shares cut off left, top, right and bottom.

    Returns:
        float32 (N, K), each row of length 1, so that a product of rows is a correlation. Mean grey and the plain slopes
        are left out (exposure), and the rest is weighted by frequency, as films have energy in inverse proportion.
    """
    left, top, right, bottom = crop
    side = thumbnails.shape[1]
    down, across = cosines(side, top, bottom), cosines(side, left, right)
    spectrum = down @ (thumbnails.astype(np.float32) @ across.T)
    return _described(spectrum)


def of_crops(thumbnails: np.ndarray) -> np.ndarray:
    """Describe films, uint8 (N, S, S), once for each of `CROPS`: float32 (N, crops, K), as `waves` but for rounding.

    What several crops share is computed once: a fifth of the time.
    """
    side = thumbnails.shape[1]
    rows, columns = (sorted({(crop[first], crop[first + 2]) for crop in CROPS}) for first in (1, 0))
    down, across = (np.concatenate([cosines(side, *ends) for ends in some]) for some in (rows, columns))
    spectra = down @ (thumbnails.astype(np.float32).reshape(-1, side) @ across.T).reshape(-1, side, len(across))
    spectra = spectra.reshape(-1, len(rows), WAVES, len(columns), WAVES)
    chosen = [(rows.index((top, bottom)), columns.index((left, right))) for left, top, right, bottom in CROPS]
    return np.stack([_described(spectra[:, row, :, column]) for row, column in chosen], axis=1)


def _described(spectrum: np.ndarray) -> np.ndarray:
    """Return float32 (N, K) of length 1 of spectra, float32 (N, WAVES, WAVES)."""
    rows, columns = np.mgrid[:WAVES, :WAVES]
    frequency = np.hypot(rows, columns).astype(np.float32)
    kept = (rows + columns >= 2) & (frequency <= WAVES)
    described = (spectrum * frequency)[:, kept]
    # A film without any structure has no direction; 1e-6 leaves it at 0.
    return described / np.maximum(np.linalg.norm(described, axis=1, keepdims=True), 1e-6)


def cosines(side: int, before: float, after: float) -> np.ndarray:
    """Return float32 (WAVES, side): half waves over the window that is left when the shares are cut off, 0 outside."""
    start, end = before * side, side - after * side
    pixels = np.arange(side)
    covered = np.clip(np.minimum(pixels + 1, end) - np.maximum(pixels, start), 0, 1)
    phase = np.clip(pixels + 0.5 - start, 0, end - start) / (end - start)
    return (np.cos(np.pi * np.arange(WAVES)[:, np.newaxis] * phase) * covered / (end - start)).astype(np.float32)
