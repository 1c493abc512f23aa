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
    if values.shape[:2] != (layout.rows, layout.columns) or values.itemsize > 2 or values.ndim > 3:
        found, expected = " x ".join(map(str, values.shape)), f"{layout.rows} x {layout.columns}"
        raise ValueError(f"they hold {found} values, not {expected}")
    return values
