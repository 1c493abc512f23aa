"""Files made to harm who reads them: bombs, which are small and unpack to much, and polyglots, two files in one."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

import imagecodecs
import numpy as np
import pydicom
import pydicom.encaps
from PIL import Image

from edge_app.imaging import dicom_file
from edge_app.imaging.dicom_codecs import J2K_SIZE
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film, png
from tests.support.pictures import png_by_hand

# Sides of the largest square that is read, 100 megapixels, and of one beyond.
LARGEST, BEYOND = 10_000, 40_000
# What a hostile sender repeats: chunks, directories, scans, boxes.
MANY = 100_000


def _zeros(count: int, before: bytes = b"", bits: int = zlib.MAX_WBITS) -> bytes:
    """Return bytes and `count` of nothing behind them, deflated, without holding them all."""
    packer, block = zlib.compressobj(9, zlib.DEFLATED, bits), bytes(1 << 20)
    whole = [packer.compress(before), *(packer.compress(block) for _ in range(count >> 20))]
    return b"".join([*whole, packer.compress(bytes(count & (1 << 20) - 1)), packer.flush()])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(
    width: int, height: int, depth: int, colour: int, deflated: bytes, *, before: bytes = b"", lace: int = 0
) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, lace)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + before + _chunk(b"IDAT", deflated) + _chunk(b"IEND", b"")


def _png_of(side: int, depth: int, colour: int, values: int, lace: int = 0) -> bytes:
    """Return a black PNG of `side` x `side`, with `values` of each pixel."""
    return _png(side, side, depth, colour, _zeros(side * (1 + 7 * lace + side * values * depth // 8)), lace=lace)


def _saved(format: str, mode: str = "L", side: int = LARGEST, **options) -> bytes:
    content = io.BytesIO()
    Image.new(mode, (side, side)).save(content, format, **options)
    return content.getvalue()


def _patched(content: bytes, mark: bytes, after: int, form: str, *values: int) -> bytes:
    """Return bytes with numbers set behind a mark."""
    changed = bytearray(content)
    struct.pack_into(form, changed, content.index(mark) + after, *values)
    return bytes(changed)


def _jpeg(side: int = 240, **options) -> bytes:
    content = io.BytesIO()
    Image.fromarray(draw_film(3, side, side)).save(content, "JPEG", quality=80, **options)
    return content.getvalue()


def _jpeg_of_scans(side: int, times: int) -> bytes:
    """Return a progressive JPEG whose last scan comes again and again: each is a pass over all coefficients."""
    whole = _saved("JPEG", side=side, progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * times + whole[-2:]


def _tiff(*entries: tuple[int, int, int, int], following: int = 0, more: bytes = b"") -> bytes:
    """Return a TIFF file of one directory (TIFF 6.0, section 2): (tag, type, count, value) each."""
    fields = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + fields + struct.pack("<I", following) + more


def _tiff_of(width: int, height: int, following: int = 0) -> bytes:
    size = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    return _tiff(*size, (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, width * height), following=following)


def _tiff_of_directories() -> bytes:
    """Return a TIFF of many directories, each of one field."""
    step = 2 + 12 + 4
    fields = struct.pack("<HHII", 256, 4, 1, 100)
    parts = [struct.pack("<H", 1) + fields + struct.pack("<I", 8 + step * (at + 1)) for at in range(MANY)]
    return b"II*\0\x08\0\0\0" + b"".join(parts) + bytes(step)


def _dicom(write_to, **elements) -> bytes:
    return write_dicom(write_to / "bad.dcm", draw_film(3, 240, 200), **elements).read_bytes()


def _deflated_dicom(write_to) -> bytes:
    """Return a DICOM file that inflates to more than any film has."""
    content = _dicom(write_to, syntax=pydicom.uid.DeflatedExplicitVRLittleEndian)
    uid = dicom_file.DEFLATED.encode()  # the last value of the meta information
    start = content.index(uid) + len(uid) + len(uid) % 2
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[start:])
    return content[:start] + _zeros(dicom_file.MOST_INFLATED + (1 << 26), inflated, -zlib.MAX_WBITS)


def _compressed_dicom(write_to, syntax: pydicom.uid.UID, frame: bytes, side: int) -> bytes:
    """Return a DICOM file whose header states `side` x `side` pixels."""
    return _dicom(write_to, syntax=syntax, pixels=pydicom.encaps.encapsulate([frame]), Rows=side, Columns=side)


def bombs(write_to) -> dict[str, Callable[[], bytes]]:
    """Return by name what makes each bomb; `write_to` is a folder for files on the way."""
    return _bombs_of_png() | _bombs_of_jpeg_and_tiff() | _other_bombs() | _bombs_of_dicom(write_to)


def _bombs_of_png() -> dict[str, Callable[[], bytes]]:
    text = b"Comment\0\0" + _zeros(200_000_000)
    many = _chunk(b"tEXt", b"a\0b") * MANY
    return {
        "png of 40,000 x 40,000": partial(_png, BEYOND, BEYOND, 8, 0, b"nonsense"),
        "png of 2,000,000,000 x 2,000,000,000": partial(_png, 2 * 10**9, 2 * 10**9, 8, 0, b""),
        "png, 100 megapixels": partial(_png_of, LARGEST, 8, 0, 1),
        "png, 100 megapixels, colour and transparency": partial(_png_of, LARGEST, 8, 6, 4),
        "png, 100 megapixels, colour and transparency of 16 bits": partial(_png_of, LARGEST, 16, 6, 4),
        "png, 100 megapixels, interlaced": partial(_png_of, LARGEST, 8, 0, 1, 1),
        "png with 200 MB of text": lambda: png_by_hand(64, 64, 8, 0, bytes(65 * 64), (b"zTXt", text)),
        "png of 100,000 texts": lambda: _png(240, 240, 8, 0, _zeros(240 * 241), before=many),
        "png of 100,000 empty chunks of pixels": lambda: _png(
            240, 240, 8, 0, _zeros(240 * 241), before=_chunk(b"IDAT", b"") * MANY
        ),
        "png that inflates to 1 GB more than its rows": lambda: _png(64, 64, 8, 0, _zeros(1 << 30)),
    }


def _bombs_of_jpeg_and_tiff() -> dict[str, Callable[[], bytes]]:
    return {
        "jpeg of 65,500 x 65,500": lambda: _patched(_jpeg(), b"\xff\xc0", 5, ">HH", 65500, 65500),
        "jpeg, 100 megapixels, progressive": partial(_saved, "JPEG", progressive=True),
        "jpeg of 5,000 scans": partial(_jpeg_of_scans, 2000, 5000),
        "jpeg of 100,000 comments": lambda: b"\xff\xd8" + b"\xff\xfe\0\x04ab" * MANY + _jpeg()[2:],
        "jpeg behind 1,000,000 fill bytes": lambda: b"\xff\xd8" + b"\xff" * 1_000_000 + _jpeg()[2:],
        "tiff, 100 megapixels, deflated": partial(_saved, "TIFF", compression="tiff_adobe_deflate"),
        "tiff, 100 megapixels of 32 bits, LZW": partial(_saved, "TIFF", "I", compression="tiff_lzw"),
        "tiff, 100 megapixels, black and white": partial(_saved, "TIFF", "1", compression="group4"),
        "tiff of 40,000 x 40,000": partial(_tiff_of, BEYOND, BEYOND),
        "tiff whose directory follows itself": partial(_tiff_of, 240, 240, 8),
        "tiff of 100,000 directories": _tiff_of_directories,
        "tiff of a field of 4,000,000,000 values": lambda: _tiff((256, 4, 4 * 10**9, 8), (257, 4, 1, 240)),
    }


def _jpeg_2000() -> bytes:
    return imagecodecs.jpeg2k_encode(draw_film(3, 240, 240), level=0, codecformat="j2k")


def _other_bombs() -> dict[str, Callable[[], bytes]]:
    j2k, film = _jpeg_2000(), draw_film(3, 240, 240)
    black = np.zeros((LARGEST, LARGEST), np.uint8)
    return {
        "bmp of 40,000 x 40,000": lambda: _patched(_saved("BMP", side=64), b"BM", 18, "<ii", BEYOND, BEYOND),
        "bmp of -2,147,483,648 rows": lambda: _patched(_saved("BMP", side=64), b"BM", 18, "<ii", 64, -(2**31)),
        "webp of 16,383 x 16,383": partial(_saved, "WEBP", side=16383, lossless=True, method=0),
        "webp, 9,999 x 9,999": partial(_saved, "WEBP", side=9999, lossless=True, method=0),
        "jpeg 2000 of 40,000 x 40,000": lambda: _patched(j2k, J2K_SIZE, 8, ">II", BEYOND, BEYOND),
        "jpeg 2000 of tiles of one pixel": lambda: _patched(j2k, J2K_SIZE, 24, ">II", 1, 1),
        "jpeg 2000, 100 megapixels": lambda: imagecodecs.jpeg2k_encode(black, codecformat="jp2"),
        "jpeg 2000 with a box of 4 GB": lambda: _saved("JPEG2000", side=64)[:12] + b"\xff\xff\xff\xffjp2h" + bytes(99),
        "pnm of 999,999,999 x 999,999,999": lambda: b"P5 999999999 999999999 255\n" + bytes(99),
        "pnm of a number of 1,000,000 digits": lambda: b"P5 " + b"9" * 1_000_000 + b" 9 255\n",
        "pnm of 1,000,000 comments": lambda: b"P5\n" + b"#\n" * 1_000_000 + b"240 240 255\n" + film.tobytes(),
    }


def _bombs_of_dicom(write_to) -> dict[str, Callable[[], bytes]]:
    j2k, plain = _jpeg_2000(), pydicom.uid.JPEG2000Lossless
    jls = imagecodecs.jpegls_encode(draw_film(3, 240, 240))
    return {
        "dicom that inflates to 1,000 times its size": partial(_deflated_dicom, write_to),
        "dicom of 65,535 x 65,535": partial(_dicom, write_to, Rows=65535, Columns=65535),
        "dicom, JPEG 2000 of 100 megapixels that are not there": lambda: _compressed_dicom(
            write_to, plain, _patched(j2k, J2K_SIZE, 8, ">II", LARGEST, LARGEST), LARGEST
        ),
        "dicom, JPEG 2000 of tiles of one pixel": lambda: _compressed_dicom(
            write_to, plain, _patched(j2k, J2K_SIZE, 24, ">II", 1, 1), 240
        ),
        "dicom, JPEG-LS of 100 megapixels that are not there": lambda: _compressed_dicom(
            write_to,
            pydicom.uid.JPEGLSLossless,
            _patched(jls, b"\xff\xf7", 5, ">HH", LARGEST, LARGEST),
            LARGEST,
        ),
    }


def _zip_of(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("film.png", content)
    return packed.getvalue()


def polyglots(write_to) -> dict[str, Callable[[], bytes]]:
    """Return by name what makes each polyglot; arguments as of `bombs`."""
    page = b"<html><script>alert(1)</script></html>"

    def before(preamble: bytes) -> Callable[[], bytes]:
        return lambda: preamble.ljust(128, b"\0")[:128] + _dicom(write_to)[128:]

    return {
        "dicom and tiff": before(b"II*\0\x08\0\0\0" + bytes(18)),
        "dicom and png": before(png()),
        "dicom and jpeg": before(_jpeg()),
        "dicom and bmp": before(_saved("BMP", side=64)),
        "dicom and a program of Windows": before(b"MZ\x90\0"),
        "dicom and a program of Linux": before(b"\x7fELF\2\1\1"),
        "dicom and a shell script": before(b"#!/bin/sh\nrm -rf /\n"),
        "dicom and a page": before(page),
        "png and zip": lambda: png() + _zip_of(png()),
        "png and a page": lambda: _png(240, 240, 8, 0, _zeros(240 * 241), before=_chunk(b"tEXt", b"a\0" + page)),
        "jpeg and zip": lambda: _jpeg() + _zip_of(png()),
        "jpeg and a document": lambda: (
            _jpeg()[:2] + b"\xff\xfe\0\x20" + b"%PDF-1.7 1 0 obj <<>> ".ljust(30) + _jpeg()[2:]
        ),
        "jpeg and a second film": lambda: _jpeg() + _jpeg(200),
        "document and jpeg": lambda: b"%PDF-1.7\n" + _jpeg(),
        "gif and a script": lambda: b"GIF89a/*" + bytes(99) + b"*/=1;alert(1)",
        "zip and png": lambda: _zip_of(png()) + png(),
        "webp and a page": lambda: _saved("WEBP", side=240) + page,
        "pnm and a page": lambda: b"P5\n# " + page + b"\n240 240 255\n" + draw_film(3, 240, 240).tobytes() + page,
    }
