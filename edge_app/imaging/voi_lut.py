"""Stored values of a DICOM radiograph become the grey levels a viewer shows: PS3.4 N.2, in its order."""

import numpy as np

from edge_app.imaging.intensity import count, grey_table, look_up

# Fewer grey levels than this between the 1st and the 99th percentile, and the window hides the film: it is not used.
LEAST_LEVELS = 16


def show(values: np.ndarray, data_set) -> np.ndarray:
    """Apply modality LUT, VOI LUT or window, and inversion.

    Args:
        values: integers of at most 16 bits, (H, W), as stored.
        data_set: the pydicom data set they come from.

    Returns:
        uint8 (H, W), 0 = black = air, 255 = white = bone.
    """
    from pydicom.pixels.processing import apply_modality_lut

    if values.ndim != 2:
        raise ValueError(f"pixel data of shape {values.shape}")
    lowest = int(values.min())
    counts = count(values, lowest)
    stored = np.arange(lowest, lowest + len(counts))
    padding = _padding(stored, data_set)
    if counts[~padding].sum() > 0:
        counts[padding] = 0
    # `stored` keeps the film's own integer type: a LUT Sequence counts from it.
    table = _grey(apply_modality_lut(stored.astype(values.dtype), data_set).astype(np.float64), counts, data_set)
    # PS3.3 C.7.6.3.1.2 and C.11.6.1.2: MONOCHROME1 or Presentation LUT Shape INVERSE: the lowest is white.
    if data_set.PhotometricInterpretation == "MONOCHROME1" or data_set.get("PresentationLUTShape") == "INVERSE":
        table = 255 - table
    table[padding] = 0  # PS3.3 C.7.5.1.1.2: what lies outside the film
    return look_up(table, values, lowest)


def _grey(units: np.ndarray, counts: np.ndarray, data_set) -> np.ndarray:
    """Return uint8 (N,) for modality units (N,): by the film's VOI LUT or window if that shows something."""
    for levels in (_voi_lut(units, data_set), _window(units, data_set)):
        if levels is not None:
            table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
            below = np.cumsum(np.bincount(table, weights=counts, minlength=256)) / counts.sum()
            if np.searchsorted(below, 0.99) - np.searchsorted(below, 0.01, side="right") >= LEAST_LEVELS:
                return table
    return _percentiles(units, counts)


def _percentiles(units: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return uint8 (N,), linear in `units` between the extremes of the film, a few hot and dead pixels apart."""
    low, high = units.min(), units.max()
    bins = np.rint((units - low) * (65535 / max(high - low, 1e-9))).astype(np.int64)
    return grey_table(np.bincount(bins, weights=counts, minlength=65536))[bins]


def _voi_lut(units: np.ndarray, data_set) -> np.ndarray | None:
    """Return 0 .. 255 by the first VOI LUT (PS3.3 C.11.2.1.1), scaled by its own largest entry; None without one."""
    sequence = data_set.get("VOILUTSequence")
    if not sequence:
        return None
    from pydicom.pixels.processing import apply_voi

    shown = apply_voi(np.rint(units).astype(np.int32), data_set).astype(np.float64)
    return shown * (255 / max(shown.max(), 1))


def _window(units: np.ndarray, data_set) -> np.ndarray | None:
    """Return 0 .. 255 by the first window (PS3.3 C.11.2.1.2); None without a usable one."""
    centre, width = _first(data_set.get("WindowCenter")), _first(data_set.get("WindowWidth"))
    function = data_set.get("VOILUTFunction") or "LINEAR"
    if centre is None or width is None or not np.isfinite(centre) or not 1 < width < np.inf:
        return None
    if function == "SIGMOID":
        return 255 / (1 + np.exp(np.clip(-4 * (units - centre) / width, -50, 50)))
    if function == "LINEAR_EXACT":
        return ((units - centre) / width + 0.5) * 255
    return ((units - (centre - 0.5)) / (width - 1) + 0.5) * 255


def _first(value) -> float | None:
    """Return the first of the values of an element, or None."""
    if value is None or value == "":
        return None
    return float(value[0]) if hasattr(value, "__getitem__") and not isinstance(value, str) else float(value)


def _padding(stored: np.ndarray, data_set) -> np.ndarray:
    """Return bool (N,): which stored values are Pixel Padding Value, or in its range."""
    value = data_set.get("PixelPaddingValue")
    if value is None:
        return np.zeros(len(stored), bool)
    limit = data_set.get("PixelPaddingRangeLimit")
    limit = value if limit is None else limit
    return (stored >= min(value, limit)) & (stored <= max(value, limit))
