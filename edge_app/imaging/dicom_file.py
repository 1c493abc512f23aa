"""The parts of a DICOM file: its header, and its pixel data. They are found in files that break PS3.10 and PS3.5 too.

Preamble, meta information, Transfer Syntax or delimiters may be missing: what they say is then told from the bytes that
are there, as DCMTK does. The only file that names pydicom, which reads the header.
"""

import contextlib
import io
import zlib
from collections import namedtuple
from collections.abc import Iterator

from edge_app.imaging import dicom_codecs, limits
from edge_app.imaging.dicom_values import text

# PS3.5 Annex A: Implicit and Explicit VR Little Endian, Explicit VR Big Endian, deflated; and pixels in items that are
# not compressed.
EXPLICIT, DEFLATED, IN_ITEMS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.1.98"
UNCOMPRESSED = ("1.2.840.10008.1.2", EXPLICIT, "1.2.840.10008.1.2.2", DEFLATED, IN_ITEMS)
# Bytes: three colours of the largest picture that is read, and a header; what inflates to more is a bomb.
MOST_INFLATED = 3 * limits.MOST_PIXELS + (1 << 24)
PREAMBLE, MARK = 128, b"DICM"
META = b"\x02\x00"
# (7FE0,0008) and (7FE0,0009) hold floating-point pixels.
FIRST_PIXELS, PIXEL_DATA = 0x7FE00008, 0x7FE00010
ITEM = b"\xfe\xff\x00\xe0"
UNDEFINED = 0xFFFFFFFF


class Broken(ValueError):
    """The file is damaged; the text says how, to stand in brackets."""


class Parts(namedtuple("Parts", "header declared body at explicit little_endian")):
    """A DICOM file.

    Attributes:
        header: a pydicom data set of all that stands before the pixel data.
        declared: its Transfer Syntax UID; "" without one.
        body: bytes in which the pixel data begin `at`.
        explicit: whether VRs are written there.
        little_endian: in which order its words are written.
    """


class Pixels(namedtuple("Pixels", "value syntax compressed swapped little_endian")):
    """Pixel data.

    Attributes:
        value: bytes of the only frame.
        syntax: Transfer Syntax UID, declared or told from the bytes.
        compressed: whether they must be decoded.
        swapped: whether values of 8 bits stand in words that are big-endian.
        little_endian: in which order values of 16 bits are written.
    """


def read(content: bytes) -> Parts:
    """Take a DICOM file to pieces.

    Raises:
        Broken: it is damaged.
    """
    from pydicom.filereader import read_dataset

    file = io.BytesIO(content)
    at, declared = _start(content), ""
    if content[at : at + 2] == META:
        file.seek(at)
        # Group 2 is Explicit VR Little Endian whatever follows it (PS3.10 7.1).
        meta = read_dataset(file, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
        declared, at = text(meta, "TransferSyntaxUID"), file.tell()
    if declared == DEFLATED:
        content, at = _inflated(memoryview(content)[at:]), 0
        file = io.BytesIO(content)
    if len(content) < at + 8:
        raise Broken("nothing follows its first lines")
    first = content[at : at + 2]
    little_endian = int.from_bytes(first, "little") <= int.from_bytes(first, "big")  # groups at its beginning are low
    vr = content[at + 4 : at + 6]
    explicit = vr.isalpha() and vr.isupper()
    file.seek(at)
    header = _header(file, explicit, little_endian)
    if header is None and explicit:
        # A VR that is none: pydicom takes what follows for Implicit VR, DCMTK for a length of 2 bytes. Both occur.
        file.seek(at)
        with _unknown_vrs_are_short():
            header = _header(file, explicit, little_endian)
    if header is None:
        raise Broken("its header breaks off or contradicts itself")
    return Parts(header, declared, content, file.tell(), explicit, little_endian)


def pixels(parts: Parts) -> Pixels | None:
    """Return the pixel data, None without any; raises `Broken` if a part of them is missing."""
    found = _element(parts)
    if found is None:
        return None
    vr, value, undefined = found
    compressed = parts.declared not in (*UNCOMPRESSED, "")
    if undefined or (compressed and value[:4] == ITEM):
        frame = _frame(value)
        if parts.declared == IN_ITEMS:
            return Pixels(frame, IN_ITEMS, False, False, True)
        told = parts.declared if compressed else dicom_codecs.told_by(frame)
        if told is None:
            raise Broken("its pixel data are compressed, and nothing says how")
        return Pixels(frame, told, True, False, True)
    if compressed and dicom_codecs.told_by(bytes(value[:64])):
        return Pixels(bytes(value), parts.declared, True, False, True)
    swapped = not parts.little_endian and vr != b"OB"
    return Pixels(value, EXPLICIT if compressed else parts.declared, False, swapped, parts.little_endian)


def _header(file: io.BytesIO, explicit: bool, little_endian: bool):
    """Return the pydicom data set before the pixel data, where the file then stands; None if it is broken off."""
    from pydicom.filereader import read_dataset

    try:
        header = read_dataset(file, not explicit, little_endian, stop_when=lambda tag, vr, length: tag >= FIRST_PIXELS)
    except limits.damage():
        return None
    for element in header.values():  # as they were read: not converted
        value = element.value
        if isinstance(value, bytes) and len(value) < getattr(element, "length", 0) != UNDEFINED:
            return None
    return header


@contextlib.contextmanager
def _unknown_vrs_are_short() -> Iterator[None]:
    from pydicom import config

    before, config.assume_implicit_vr_switch = config.assume_implicit_vr_switch, False
    try:
        yield
    finally:
        config.assume_implicit_vr_switch = before


def _start(content: bytes) -> int:
    """Return where the first element begins: behind the preamble and its mark, if there are any."""
    if content[PREAMBLE : PREAMBLE + 4] == MARK:
        return PREAMBLE + 4
    return len(MARK) if content.startswith(MARK) else 0


def _inflated(deflated: memoryview) -> bytes:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # PS3.5 A.5: without header
    try:
        found = inflate.decompress(deflated, MOST_INFLATED)
    except zlib.error as error:
        raise Broken("what it deflated cannot be inflated") from error
    if not inflate.eof:
        # A whole stream ends; one that does not is cut off, or larger than any film.
        raise Broken(
            f"it inflates to more than {MOST_INFLATED:,} bytes" if inflate.unconsumed_tail else "it breaks off"
        )
    return found


def _element(parts: Parts) -> tuple[bytes, memoryview, bool] | None:
    """Return (VR, value and all behind it if its length is not defined, whether that is so) of Pixel Data."""
    body, at = memoryview(parts.body), parts.at
    order = "little" if parts.little_endian else "big"
    while at + 8 <= len(body):
        group, element = (int.from_bytes(body[at + start : at + start + 2], order) for start in (0, 2))
        vr = bytes(body[at + 4 : at + 6])
        if not (parts.explicit and vr.isalpha() and vr.isupper()):
            vr, start, size = b"", 4, 4
        elif vr in (b"US", b"SS"):  # PS3.5 7.1.2: the others here have a length of 4 bytes behind 2 of nothing
            start, size = 6, 2
        else:
            start, size = 8, 4
        length = int.from_bytes(body[at + start : at + start + size], order)
        value = body[at + start + size :]
        if group << 16 | element == PIXEL_DATA:
            undefined = size == 4 and length == UNDEFINED
            if not undefined and not length:
                return None
            return vr, value if undefined else value[:length], undefined
        if length == UNDEFINED:
            return None
        at += start + size + length
    return None


def _frame(value: memoryview) -> bytes:
    """Return what the items of one frame hold together (PS3.5 A.4); the delimiter behind them may be missing."""
    found, at = [], 0
    while value[at : at + 4] == ITEM:
        length = int.from_bytes(value[at + 4 : at + 8], "little")
        at += 8 + length
        found.append(value[at - length : at])
        if at > len(value):
            raise Broken(f"its pixel data break off {at - len(value):,} bytes before their end")
    # The first holds offsets, or nothing; some writers leave it out.
    return b"".join(found if len(found) == 1 else found[1:])
