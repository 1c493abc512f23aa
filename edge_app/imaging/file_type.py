"""The type of a file, by its first bytes. Its name does not count: exports of hospitals carry any name."""

import stat
from pathlib import Path

from edge_app.errors import UnreadableRadiograph

# Bytes. The longest mark, "DICM", ends at 132; more is quoted if the file turns out to be text.
HEAD_LENGTH = 256
# Formats that are read, and how a sentence names them.
FILMS = ("DICOM", "PNG", "JPEG", "TIFF", "BMP", "WebP", "JPEG 2000", "PNM")
ALLOWED = "DICOM, PNG, JPEG, TIFF, BMP, WebP, JPEG 2000 or PNM"
# (offset, mark, name). Names of what is refused read after "is".
MARKS = (
    (128, b"DICM", "DICOM"),  # PS3.10 7.1
    (0, b"DICM\2\0", "DICOM"),  # without its preamble
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"BM", "BMP"),
    (8, b"WEBP", "WebP"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    *((0, b"P%c%c" % (kind, space), "PNM") for kind in b"2356" for space in b" \n\r\t"),
    (0, b"GIF8", "a GIF picture"),
    *((4, b"ftyp" + brand, "an HEIC picture") for brand in (b"hei", b"hev", b"mif1", b"msf1")),
    (4, b"ftypavi", "an AVIF picture"),
    (4, b"ftyp", "a video"),
    (8, b"AVI ", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),  # Matroska, WebM
    (0, b"\0\0\x01\xba", "a video"),  # MPEG
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
)
# PS3.6 chapters 6 and 7: groups with which a data set without preamble begins: meta information, or what follows it.
FIRST_GROUPS = (0x0002, 0x0008)
BIG_ENDIAN_GROUPS = (b"\0\2", b"\0\x08")
# PS3.5 7.1.2: VRs before a length of 2 bytes, and before 2 bytes of nothing and a length of 4.
SHORT_VRS = tuple(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
LONG_VRS = tuple(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
# What to do with what is no film but may hold one.
ADVICE = {
    "a GIF picture": "export it as PNG",
    "an HEIC picture": "share or export it as JPEG, or set the phone's camera to the most compatible format",
    "an AVIF picture": "export it as PNG",
    "a video": "export one picture of it, or show it to 'camera --source FILE'",
    "a PDF document": "export the film itself from where the document came from, as DICOM or PNG",
    "a zip archive": "unpack it",
    "a gzip archive": "unpack it",
}


def head(path: Path) -> bytes:
    """Return the first bytes of a regular file.

    Raises:
        UnreadableRadiograph: there is none, it is empty, or may not be read; one sentence that begins with the path.
    """
    return _read(path, HEAD_LENGTH)


def content(path: Path) -> bytes:
    """Return all bytes of a regular file; raises as `head`, and if they do not fit into memory."""
    try:
        return _read(path, -1)
    except (MemoryError, OverflowError) as error:
        raise UnreadableRadiograph(f"{path}: takes more memory than there is; export a smaller picture.") from error


def _read(path: Path, length: int) -> bytes:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # a FIFO or a device would be waited for, perhaps for ever
            kind = "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"
            raise UnreadableRadiograph(f"{path}: is {kind}; name a film: {ALLOWED}.")
        with path.open("rb") as file:
            found = file.read(length)
    except FileNotFoundError as error:
        raise UnreadableRadiograph(f"{path}: there is no such file; check the name.") from error
    except PermissionError as error:
        raise UnreadableRadiograph(f"{path}: may not be read by this user; change its permissions.") from error
    except OSError as error:
        raise UnreadableRadiograph(f"{path}: cannot be read ({error.strerror}); check the disk.") from error
    if not found:
        raise UnreadableRadiograph(f"{path}: is empty; copy it again from where it came from.")
    return found


def name(content: bytes) -> str | None:
    """Return the format that the first bytes of a file announce, or None."""
    for offset, mark, found in MARKS:
        if content[offset : offset + len(mark)] == mark:
            return found
    return "DICOM" if _is_data_set(content[:HEAD_LENGTH]) else None


def _is_data_set(head: bytes) -> bool:
    """Return whether DICOM without a preamble begins so: elements whose tags rise from one of the first groups.

    PS3.5 7.1: group and element, then a VR and a length of 2 bytes, or a length of 4.
    """
    order = "big" if head[:2] in BIG_ENDIAN_GROUPS else "little"
    at, last, elements = 0, -1, 0
    while at + 12 <= len(head):
        group, element = (int.from_bytes(head[at + start : at + start + 2], order) for start in (0, 2))
        tag, vr = group << 16 | element, head[at + 4 : at + 6]
        if tag <= last or (last < 0 and group not in FIRST_GROUPS):
            return False
        if vr in SHORT_VRS:
            at += 8 + int.from_bytes(head[at + 6 : at + 8], order)
        elif vr in LONG_VRS:
            at += 12 + int.from_bytes(head[at + 8 : at + 12], order)
        else:
            at += 8 + int.from_bytes(head[at + 4 : at + 8], order)
        last, elements = tag, elements + 1
    # Two that fit are not chance, and neither is one with a VR that is longer than what is looked at.
    return elements >= 2 or (elements == 1 and head[4:6] in (*SHORT_VRS, *LONG_VRS))


def looks_like(content: bytes) -> str:
    """Describe the first bytes of a file of no known format, to read after "is"."""
    text = content.decode("utf-8", errors="replace").rstrip("\ufffd")  # the last letter may be cut in half
    if "\ufffd" in text or not all(letter.isprintable() or letter.isspace() for letter in text):
        return f"of an unknown format that begins with bytes {content[:8].hex(' ')}"
    return f"text that begins {' '.join(text.split())[:30]!r}" if text.strip() else "text of white space only"
