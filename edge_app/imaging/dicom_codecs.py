"""Compressed pixel data of DICOM, as a plugin of pydicom: what libjpeg-turbo, CharLS and OpenJPEG decode.

pydicom looks for `DECODER_DEPENDENCIES`, `is_available` and the function that it is told of. It is told to use this
plugin alone: Pillow's would take a damaged JPEG for the film.
"""

from importlib.util import find_spec

NAME = "imagecodecs"
PACKAGES = (NAME, "simplejpeg")
# PS3.5 Annex A.4 and PS3.6 Annex A, Transfer Syntaxes that compress.
RLE = "1.2.840.10008.1.2.5"
JPEG = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70))  # Baseline, Extended, Lossless
JPEG_LS = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (80, 81))
JPEG_2000 = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 201, 202, 203))  # and High-Throughput
DECODER_DEPENDENCIES = dict.fromkeys((RLE, *JPEG, *JPEG_LS, *JPEG_2000), PACKAGES)


def is_available(uid: str) -> bool:
    """Return whether the packages are installed and decode this Transfer Syntax."""
    return uid in DECODER_DEPENDENCIES and all(find_spec(package) for package in PACKAGES)


def decode_frame(source: bytes, runner) -> bytes:
    """Decode one grey frame.

    Args:
        source: its compressed bytes.
        runner: pydicom's `DecodeRunner`; is told of the size of a value.

    Returns:
        Values of 8 or 16 bits, little-endian, row by row.

    Raises:
        ValueError, RuntimeError: it is damaged, in the decoder's words; or has several colours.
    """
    import imagecodecs
    import numpy as np

    from edge_app.imaging import jpeg

    if runner.samples_per_pixel != 1:
        raise ValueError(f"{runner.samples_per_pixel} colours in compressed data")
    syntax = str(runner.transfer_syntax)
    if syntax == RLE:
        return bytes(imagecodecs.dicomrle_decode(source, np.dtype(f"<u{runner.bits_allocated // 8}")))
    if syntax in JPEG:
        values = jpeg.luma(source)
    elif syntax in JPEG_LS:
        values = imagecodecs.jpegls_decode(source)
    else:
        values = imagecodecs.jpeg2k_decode(source)
    if values.shape != (runner.rows, runner.columns) or values.itemsize > 2:
        raise ValueError(
            f"compressed data hold {values.dtype} {values.shape}, not {runner.rows} x {runner.columns} pixels"
        )
    if values.dtype.kind == "i" and not runner.pixel_representation and values.min() < 0:
        # The stream was written as signed and the header says unsigned: PS3.5 8.2.4 has both agree. The level shift of
        # JPEG 2000 (T.800 G.1.1), which the stream left out, is that between the two.
        values = (values.astype(np.int32) + (1 << runner.bits_stored - 1)).astype(f"u{values.itemsize}")
    runner.set_option("bits_allocated", 8 * values.itemsize)
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
