"""Compressed pixel data of DICOM: what libjpeg-turbo, CharLS and OpenJPEG decode."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

PACKAGES = ("imagecodecs", "simplejpeg")
# PS3.5 Annex A.4 and PS3.6 Annex A, Transfer Syntaxes that compress.
RLE = "1.2.840.10008.1.2.5"
# Baseline, Extended, Lossless; and the retired ones of which the same library decodes one: Full Progression.
JPEG = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 55, 57, 70))
JPEG_LS = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (80, 81))
JPEG_2000 = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 201, 202, 203))  # and High-Throughput
SYNTAXES = (RLE, *JPEG, *JPEG_LS, *JPEG_2000)
# The marker that begins a frame of JPEG-LS (ITU-T T.87, C.2.2), and those before the size of JPEG 2000 (T.800, A.5.1).
JPEG_LS_FRAMES, J2K_SIZE = (0xF7,), b"\xff\x4f\xff\x51"
# Those that may lose something: near sharp edges values overshoot the bits that are stored.
LOSSY = (*JPEG[:3], JPEG_LS[1], JPEG_2000[1], JPEG_2000[4])


def is_available() -> bool:
    """Return whether the packages are installed."""
    return all(find_spec(package) for package in PACKAGES)


def told_by(frame: bytes) -> str | None:
    """Return a Transfer Syntax that decodes these bytes, by their beginning; None if there is none."""
    from edge_app.imaging import jpeg

    head = bytes(frame[:12])
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG[0] if jpeg.frame(frame) else JPEG_LS[0]
    if head.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")):
        return JPEG_2000[0]
    # PS3.5 G.5: the number of segments, 1 to 15, and the first offset, which is always 64.
    if 1 <= int.from_bytes(head[:4], "little") <= 15 and int.from_bytes(head[4:8], "little") == 64:
        return RLE
    return None


def size(source: bytes) -> tuple[int, int] | None:
    """Return the rows and columns that a compressed frame states, before they are believed; None if it states none."""
    from edge_app.imaging import jpeg

    if source.startswith(b"\xff\xd8\xff"):
        found = jpeg.frame(source) or jpeg.frame(source, JPEG_LS_FRAMES)
        return (found.height, found.width) if found and found.height else None  # T.81 B.2.5: 0 is told behind the scan
    at = source.find(J2K_SIZE)
    if at < 0 or told_by(source) != JPEG_2000[0]:
        return None
    # T.800 A.5.1: the reference grid, less the image's offset in it.
    right, bottom, left, top = (int.from_bytes(source[at + 8 + n : at + 12 + n], "big") for n in (0, 4, 8, 12))
    return bottom - top, right - left


def decode(source: bytes, syntax: str, layout) -> "np.ndarray":
    """Decode one frame.

    Args:
        source: its compressed bytes.
        syntax: Transfer Syntax UID, of `SYNTAXES`.
        layout: `dicom_pixels.Layout`.

    Returns:
        Integers of 8 or 16 bits, signed if the stream says so: (H, W), or (H, W, 3) if the film has colours.

    Raises:
        ValueError, RuntimeError: it is damaged, in the decoder's words.
    """
    import imagecodecs
    import numpy as np

    from edge_app.imaging import jpeg

    expected = (layout.rows, layout.columns)
    if (stated := size(source) or expected) != expected:
        raise ValueError("they hold {} x {} pixels, not {} x {}".format(*stated, *expected))
    told = told_by(source) or syntax  # some archives say one and send another
    if told == RLE:
        depth = np.dtype(f"<u{layout.allocated // 8}")
        planes = np.frombuffer(imagecodecs.dicomrle_decode(source, depth), depth)
        # PS3.5 G.2: one colour after the other.
        values = np.moveaxis(planes.reshape(layout.samples, layout.rows, layout.columns), 0, -1)
        values = values[..., 0] if layout.samples == 1 else values
    elif told in JPEG:
        values = jpeg.grey(source) if layout.samples == 1 else jpeg.colours(source, layout.photometric == "RGB")
    elif told in JPEG_LS:
        values = imagecodecs.jpegls_decode(source)
    else:
        values = imagecodecs.jpeg2k_decode(source)
    if values.shape[:2] != expected or values.itemsize > 2 or values.ndim > 3:
        found = " x ".join(map(str, values.shape))
        raise ValueError(f"they hold {found} values of {8 * values.itemsize} bits")
    return values
