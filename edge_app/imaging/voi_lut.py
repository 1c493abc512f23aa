"""Stored values of a DICOM radiograph become the grey levels a viewer shows: PS3.4 N.2, in its order.

A LUT or a window that cannot be used is passed over, as a viewer does. Names no pydicom: data sets are handed in.
"""

import numpy as np

from edge_app.imaging import deep_film, lookup_table
from edge_app.imaging.deep_film import DeepFilm, Spacing, Window
from edge_app.imaging.dicom_values import decimal, decimals, items, places, text, whole
from edge_app.imaging.intensity import count, grey_table, look_up

# Fewer grey levels than this between the 1st and the 99th percentile, and the window hides the film: it is not used.
LEAST_LEVELS = 16
# Millimetres between pixels that can be meant: mammography has 0.05, a film of 300 pixels 1.5; others are mistyped.
LEAST_SPACING, MOST_SPACING = 0.01, 10


def show(values: np.ndarray, header) -> np.ndarray:
    """Apply modality LUT, VOI LUT or window, and inversion.

    Args:
        values: integers of at most 16 bits, (H, W), as stored.
        header: the pydicom data set they come from.

    Returns:
        uint8 (H, W), 0 = black = air, 255 = white = bone.
    """
    lowest, stored, counts, padding = _counted(values, header)
    table, _ = _grey(_units(stored, header), counts, header)
    if _is_inverse(header):
        table = 255 - table
    table[padding] = 0  # PS3.3 C.7.5.1.1.2: what lies outside the film
    return look_up(table, values, lowest)


def deep(values: np.ndarray, header) -> DeepFilm:
    """Return the film at full depth, to be shown as `show` does at first; arguments as there."""
    lowest, stored, counts, padding = _counted(values, header)
    units = _units(stored, header)
    table, window = _grey(units, counts, header)
    inverse = _is_inverse(header)
    if window is None:
        window, turned = _straightened(units, table)
        inverse ^= turned
    slopes = np.diff(units)
    if len(units) == 1 or (slopes[0] and np.allclose(slopes, slopes[0])):
        kept = (values.astype(np.int32) - lowest).astype(np.uint16)
        slope, intercept = float(slopes[0]) if len(slopes) else 1.0, float(units[0])
        span = (int(padding.argmax()), int(np.flatnonzero(padding)[-1])) if padding.any() else None
    else:  # a modality LUT
        entries = (units - units.min()).astype(np.uint16)
        # What lies outside the film must stay black.
        entries[padding] = entries.max() if inverse else 0
        kept, slope, intercept = entries[values.astype(np.int64) - lowest], 1.0, float(units.min())
        span = None
    if int(kept.max()) < 1 << 8:
        kept = kept.astype(np.uint8)
    return DeepFilm(kept, slope, intercept, inverse, span, window, spacing(header))


def _straightened(units: np.ndarray, table: np.ndarray) -> tuple[Window, bool]:
    """Return the window that is nearest to a table, uint8 (N,), of units (N,); and whether it turns black into white.

    It is the straight line through the lowest and the highest unit that the table makes neither black nor white.
    """
    between = np.flatnonzero((table > 0) & (table < 255))
    if not len(between):
        return deep_film.spanning(float(units.min()), float(units.max())), False
    ends = [between[units[between].argmin()], between[units[between].argmax()]]
    (low, high), (dark, bright) = units[ends], table[ends].astype(float)
    if bright == dark:
        return deep_film.spanning(float(units.min()), float(units.max())), False
    slope = (high - low) / (bright - dark)
    black, white = low - slope * dark, high + slope * (255 - bright)
    return deep_film.spanning(*sorted((float(black), float(white)))), bool(black > white)


def spacing(header) -> Spacing | None:
    """Return the distance of pixels; None if the header has none that can be used (PS3.3 10.7.1)."""
    detector = _lengths(header, "ImagerPixelSpacing")
    stated = _lengths(header, "PixelSpacing")
    # PS3.3 10.7.1.3: the same in both, and nothing that says it was calibrated: it is that of the detector.
    if stated and (stated != detector or text(header, "PixelSpacingCalibrationType")):
        return Spacing(*stated, "header")
    if detector:
        return Spacing(*detector, "detector")
    scanned = _lengths(header, "NominalScannedPixelSpacing")
    return Spacing(*scanned, "scanned") if scanned else None


def _lengths(header, keyword: str) -> tuple[float, float] | None:
    found = [one for one in decimals(header, keyword)[:2] if one and LEAST_SPACING <= one <= MOST_SPACING]
    return (found[0], found[1]) if len(found) == 2 else None


def _counted(values: np.ndarray, header) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """Return (lowest, stored, counts, padding): the values that may occur, how many do, which lie outside the film."""
    lowest = int(values.min())
    counts = count(values, lowest)
    stored = np.arange(lowest, lowest + len(counts))
    padding = _padding(stored, 8 * values.itemsize, header)
    if counts[~padding].sum() > 0:
        counts[padding] = 0
    return lowest, stored, counts, padding


def _is_inverse(header) -> bool:
    """PS3.3 C.7.6.3.1.2 and C.11.6.1.2: MONOCHROME1 or Presentation LUT Shape INVERSE: the lowest is white."""
    return "MONOCHROME1" in text(header, "PhotometricInterpretation") or (
        text(header, "PresentationLUTShape") == "INVERSE"
    )


def _units(stored: np.ndarray, header) -> np.ndarray:
    """Return float64 (N,) of stored values (N,): by the modality LUT or by slope and intercept, if they can be used.

    One of the two without the other is not used, nor is a slope of 0 (PS3.3 C.11.1 has both or none; DCMTK does so).
    """
    for item in items(header, "ModalityLUTSequence")[:1]:
        table = lookup_table.read(item, signed=whole(header, "PixelRepresentation", 0) == 1)
        if table and int(table.entries.max()) > int(table.entries.min()):
            return table.of(stored).astype(np.float64)
    for place in places(header, "PixelValueTransformationSequence"):
        slope, intercept = decimal(place, "RescaleSlope"), decimal(place, "RescaleIntercept")
        if slope and intercept is not None:
            return stored * slope + intercept
    return stored.astype(np.float64)


def _grey(units: np.ndarray, counts: np.ndarray, header) -> tuple[np.ndarray, Window | None]:
    """Return uint8 (N,) for modality units (N,): by the film's VOI LUT or window if that shows something.

    With it the window, if it is one that the header states.
    """
    window = _window(header)
    for stated, levels in ((None, _voi_lut(units, header)), (window, window and _levels(units, *window))):
        if levels is not None:
            table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
            below = np.cumsum(np.bincount(table, weights=counts, minlength=256)) / counts.sum()
            if np.searchsorted(below, 0.99) - np.searchsorted(below, 0.01, side="right") >= LEAST_LEVELS:
                return table, stated
    return _percentiles(units, counts), None


def _percentiles(units: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return uint8 (N,), linear in `units` between the extremes of the film, a few hot and dead pixels apart."""
    low, high = units.min(), units.max()
    bins = np.rint((units - low) * (65535 / max(high - low, 1e-9))).astype(np.int64)
    return grey_table(np.bincount(bins, weights=counts, minlength=65536))[bins]


def _voi_lut(units: np.ndarray, header) -> np.ndarray | None:
    """Return 0 .. 255 by the first VOI LUT that can be used (PS3.3 C.11.2.1.1); None without one."""
    for item in items(header, "VOILUTSequence"):
        table = lookup_table.read(item, signed=float(units.min()) < 0)
        if table:
            # Its bits are often given as 16 where the largest entry has 12.
            bits = max(1, min(table.bits, int(table.entries.max()).bit_length()))
            return table.of(units) * (255 / ((1 << bits) - 1))
    return None


def _window(header) -> Window | None:
    """Return the first window that can be used (PS3.3 C.11.2.1.2); None without one."""
    for place in places(header, "FrameVOILUTSequence"):
        stated = text(place, "VOILUTFunction")
        function = stated if stated in (deep_film.SIGMOID, deep_film.EXACT) else deep_film.LINEAR
        narrowest = 1 if function == deep_film.LINEAR else 0
        for centre, width in zip(decimals(place, "WindowCenter"), decimals(place, "WindowWidth"), strict=False):
            if centre is not None and width is not None and width > narrowest:
                return Window(centre, width, function)
    return None


def _levels(units: np.ndarray, centre: float, width: float, function: str) -> np.ndarray:
    if function == deep_film.SIGMOID:
        return 255 / (1 + np.exp(np.clip(-4 * (units - centre) / width, -50, 50)))
    if function == deep_film.EXACT:
        return ((units - centre) / width + 0.5) * 255
    return ((units - (centre - 0.5)) / (width - 1) + 0.5) * 255


def _padding(stored: np.ndarray, bits: int, header) -> np.ndarray:
    """Return bool (N,): which stored values are Pixel Padding Value, or in its range.

    Its VR is that of the pixels (PS3.3 C.7.5.1.1.2); where it is written as unsigned beside signed pixels, its bits are
    theirs all the same.
    """
    value = whole(header, "PixelPaddingValue")
    if value is None:
        return np.zeros(len(stored), bool)
    limit = whole(header, "PixelPaddingRangeLimit", value)
    if whole(header, "PixelRepresentation", 0) == 1:
        half = 1 << bits - 1
        value, limit = (((one & (2 * half - 1)) ^ half) - half for one in (value, limit))
    return (stored >= min(value, limit)) & (stored <= max(value, limit))
