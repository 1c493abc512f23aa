"""Whether a file that arrives looks whole: a copy may stall when the file has its full size but not yet its bytes.

Only the beginning and the end of a file are read. What looks unfinished is waited for, not refused: some films end in
zeros because their lower edge is black, and some programs leave an end out.
"""

import os

from edge_app.imaging import file_type

# A sector: the last pixels of many films are black, and fewer zeros than this at an end cost no more than half a row.
LEAST_ZEROS = 512
# Bytes from the end in which a format's end is looked for: some programs write a few bytes behind it.
TAIL = 4096
# Marks of an end: PNG 11.2.5, JPEG T.81 B.1.1.3, which JPEG 2000 (T.800 A.4.4) shares; DICOM's Sequence Delimitation
# Item, which stands behind compressed pixels (PS3.5 A.4).
ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9", "JPEG 2000": b"\xff\xd9"}
DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
# Beginnings of the Transfer Syntaxes of compressed pixels, PS3.5 10: JPEG and its like, RLE. They stand in the file
# meta information, within this many bytes (PS3.10 7.1; a private part of it may move them behind).
COMPRESSED, META = (b"1.2.840.10008.1.2.4.", b"1.2.840.10008.1.2.5"), 1024
# Names under which programs keep what is still on its way: they rename it when it is whole.
UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", ".temp")


def seems_whole(path: str) -> bool:
    """Say whether a film looks as if all its bytes were there; one that cannot be read does, for the reader tells why.

    It does not if its name says that it is on its way, if a part of it was never written (a hole), if it ends in zeros
    or lacks the end that its format has.
    """
    if path.lower().endswith(UNFINISHED):
        return False
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (text, as scandir gives it)
            size = os.fstat(file.fileno()).st_size
            head = file.read(META)
            file.seek(max(0, size - TAIL))
            tail = file.read(TAIL)
            return not _has_hole(file.fileno(), size) and _ends(head, tail, size)
    except OSError:
        return True


def _has_hole(descriptor: int, size: int) -> bool:
    """Say whether a part was never written, where the file system tells; else it takes all for written."""
    try:
        return os.lseek(descriptor, 0, os.SEEK_HOLE) < size
    except (AttributeError, OSError):
        return False


def _ends(head: bytes, tail: bytes, size: int) -> bool:
    kind = file_type.name(head)
    if kind in ENDS:
        return ENDS[kind] in tail
    if kind == "WebP" and size < 8 + int.from_bytes(head[4:8], "little"):  # RIFF: the length behind its first 8 bytes
        return False
    if kind == "DICOM" and any(syntax in head for syntax in COMPRESSED):
        return DELIMITER in tail
    return len(tail) < LEAST_ZEROS or any(tail[-LEAST_ZEROS:])
