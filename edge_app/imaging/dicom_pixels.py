"""Pixel data of DICOM become integers as they are stored: PS3.5 chapter 8, and what breaks it."""

from collections import namedtuple

import numpy as np

from edge_app.imaging import dicom_codecs
from edge_app.imaging.dicom_file import Broken, Pixels
from edge_app.imaging.dicom_values import text, whole

HALVED = "YBR_FULL_422"  # PS3.3 C.7.6.3.1.2: two pixels share Cb and Cr


class Layout(namedtuple("Layout", "rows columns samples allocated stored high signed by_plane photometric")):
    """How pixels are stored (PS3.3 C.7.6.3): what the header leaves out, or cannot mean, is what most films have."""

    @property
    def needed(self) -> int:
        """Bytes of the frame, uncompressed."""
        samples = 2 if self.photometric == HALVED else self.samples
        return self.rows * self.columns * samples * self.allocated // 8


def layout(header) -> Layout:
    """Return the layout that a pydicom data set states."""
    allocated = whole(header, "BitsAllocated", 0)
    stored = whole(header, "BitsStored", allocated) or allocated
    stored = stored if 1 <= stored <= allocated else allocated
    high = whole(header, "HighBit", stored - 1)
    high = high if stored - 1 <= high < allocated else stored - 1
    return Layout(
        rows=whole(header, "Rows", 0),
        columns=whole(header, "Columns", 0),
        samples=whole(header, "SamplesPerPixel", 1) or 1,
        allocated=allocated,
        stored=stored,
        high=high,
        signed=whole(header, "PixelRepresentation", 0) == 1,
        by_plane=whole(header, "PlanarConfiguration", 0) == 1,
        photometric=text(header, "PhotometricInterpretation"),
    )


def stored(found: Pixels, how: Layout) -> np.ndarray:
    """Return the stored values.

    Args:
        found: pixel data.
        how: their layout, of 8 or 16 bits.

    Returns:
        Integers of 8 or 16 bits: (H, W), or (H, W, 3) of a film in colour.

    Raises:
        Broken: rows are missing.
        ValueError, RuntimeError: compressed data are damaged, in the decoder's words.
    """
    values = dicom_codecs.decode(bytes(found.value), found.syntax, how) if found.compressed else _native(found, how)
    if values.dtype.kind == "i":
        if not how.signed and int(values.min()) < 0:
            # The stream was written as signed and the header says unsigned: PS3.5 8.2.4 has both agree. The level shift
            # of JPEG 2000 (T.800 G.1.1), which the stream left out, is that between the two.
            return (values.astype(np.int32) + (1 << how.stored - 1)).astype(f"u{values.itemsize}")
        return values
    lossy = found.compressed and found.syntax in dicom_codecs.LOSSY
    return values if lossy and not how.signed else _meant(values, how)


def _native(found: Pixels, how: Layout) -> np.ndarray:
    """Return unsigned values of data that are not compressed."""
    value = found.value
    missing = how.needed - len(value)
    if missing > 0:
        if missing >= how.columns * how.samples * how.allocated // 8:
            raise Broken(f"{missing:,} of {how.needed:,} bytes of its pixel data are missing")
        value = bytes(value) + bytes(missing)  # less than a row: the length was counted wrongly
    if found.swapped and how.allocated == 8:
        value = np.frombuffer(value, ">u2", len(value) // 2).astype("<u2").tobytes()
    depth = np.dtype("u1" if how.allocated == 8 else "<u2" if found.little_endian else ">u2")
    values = np.frombuffer(value, depth, how.needed * 8 // how.allocated)
    if how.photometric == HALVED:
        four = values.reshape(how.rows, how.columns // 2, 4)
        luma, chroma = four[..., :2].reshape(how.rows, -1), np.repeat(four[..., 2:], 2, axis=1)
        return np.concatenate([luma[..., None], chroma], axis=-1)
    if how.samples == 1:
        return values.reshape(how.rows, how.columns)
    if how.by_plane:
        return np.moveaxis(values.reshape(how.samples, how.rows, how.columns), 0, -1)
    return values.reshape(how.rows, how.columns, how.samples)


def _meant(values: np.ndarray, how: Layout) -> np.ndarray:
    """Take out of unsigned values the bits that are the pixel's, PS3.5 8.1.1; others may hold overlays."""
    size, largest = values.itemsize, int(values.max())
    values = values.astype(f"u{size}", copy=False)
    bits = min(how.stored, 8 * size)
    # High Bit may be wrong where nothing lies above the lower bits.
    if how.high + 1 > bits and largest >> bits:
        values = values >> (how.high + 1 - bits)
        largest >>= how.high + 1 - bits
    if largest >> bits:
        values = values & ((1 << bits) - 1)
    if not how.signed:
        return values
    spare = 8 * size - bits
    return (values << spare).view(f"i{size}") >> spare
