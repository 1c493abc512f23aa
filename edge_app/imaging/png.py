"""PNG files: every chunk of the picture is checked, and nothing else in the file can make it unreadable."""

import zlib

SIGNATURE, END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"
# PNG, third edition, 11.3: ancillary chunks that change pixels or how they are shown, or tell of an animation.
KEPT = (b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT")
# Texts in which some programs keep the orientation, and the most bytes of one that is kept. XMP only as it is written
# everywhere, not packed: what is packed may be huge.
TEXTS = {
    b"tEXt": b"Raw profile type exif\0",
    b"zTXt": b"Raw profile type exif\0",
    b"iTXt": b"XML:com.adobe.xmp\0\0",
}
MOST_TEXT = 1 << 16


def essential(content: bytes) -> bytes:
    """Return a PNG file without what is neither picture nor orientation, and with an end.

    A profile of megabytes, a text with a wrong checksum and an end that is missing are no damage to the picture; that
    rows are missing is for the decoder to say, which does not look at checksums.

    Raises:
        ValueError: the checksum of a chunk of the picture is wrong.
    """
    at, view = len(SIGNATURE), memoryview(content)
    parts: list[bytes | memoryview] = [SIGNATURE]
    while at + 12 <= len(content):
        kind, end = content[at + 4 : at + 8], at + 12 + int.from_bytes(content[at : at + 4], "big")
        whole = view[at:end]
        if kind == b"IEND":
            break
        critical = kind[:1].isupper()
        if critical or _kept(kind, content, at, end):
            if end <= len(content) and zlib.crc32(whole[4:-4]) != int.from_bytes(whole[-4:], "big"):
                if critical:
                    raise ValueError(f"wrong checksum of a chunk {kind.decode('latin-1')!r}")
            else:
                parts.append(whole)
        at = end
    return b"".join([*parts, END])


def _kept(kind: bytes, content: bytes, start: int, end: int) -> bool:
    if kind in TEXTS:
        return end - start <= MOST_TEXT and content.startswith(TEXTS[kind], start + 8)
    return kind in KEPT
