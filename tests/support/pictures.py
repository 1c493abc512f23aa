"""Picture files for tests, by Pillow and by hand."""

import struct
import zlib

from PIL import Image


def save(picture, path, **options):
    """Write a picture of Pillow, or an array uint8 or uint16 (H, W); return its path."""
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def png_by_hand(width, height, depth, colour_type, rows: bytes, *chunks, interlace=0) -> bytes:
    """Write a PNG by hand (PNG 3rd edition, clause 5): what no encoder here makes."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace)
    parts = [chunk(b"IHDR", head), *(chunk(*item) for item in chunks), chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def interlaced(grey) -> bytes:
    """Write uint8 (H, W) as an Adam7 interlaced PNG."""
    rows = b""
    for y, x, down, across in (
        (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1),
    ):  # fmt: skip
        rows += b"".join(b"\0" + row.tobytes() for row in grey[y::down, x::across])
    return png_by_hand(grey.shape[1], grey.shape[0], 8, 0, rows, interlace=1)


def exif_of(orientation: int) -> Image.Exif:
    """Return Exif data with an orientation, 1 to 8."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif
