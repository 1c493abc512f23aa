"""JPEG files, and JPEG in DICOM: decoded by libjpeg-turbo, whose warnings count.

Decoders take what is left of damaged data for the film: libjpeg only warns, and Pillow does not pass that on, but
simplejpeg does. It knows 8 bits alone; imagecodecs decodes the other depths, by the same library, but tells of no
warning: of these only an end that is missing is seen, and values that cannot be.
"""

from collections import namedtuple
from collections.abc import Container
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# ITU-T T.81, table B.1: markers without a length, and those that begin a frame.
BARE = {0x01, *range(0xD0, 0xD9)}
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
SCAN, END = 0xDA, b"\xff\xd9"
# Sequential frames and the rows of their blocks; bytes that `check_end` adds, no marker in them, and how many it takes.
SEQUENTIAL, BLOCK, MORE, LESS = (0xC0, 0xC1), 8, b"\x5a\xa5" * 32, 6
# A progressive JPEG has some 10 scans. Each is a pass over all of the picture, of a few bytes if nothing in it changes;
# libjpeg-turbo's own fuzzers stop at 500 (TJPARAM_SCANLIMIT).
MOST_SCANS = 500
# What simplejpeg says of sampling factors and colours that are not damaged; Pillow decodes those.
UNUSUAL = ("subsampling", "colorspace", "color conversion", "Unsupported")


class Frame(namedtuple("Frame", "bits height width components")):
    """What the header of a JPEG's frame says."""


class Unusual(Exception):
    """A JPEG of a kind that only other libraries read."""


def frame(content: bytes, markers: Container[int] = FRAMES) -> Frame | None:
    """Return what the first frame's header says; None if there is none that begins with one of the markers."""
    at = 2
    while at + 10 <= len(content):
        marker = content[at + 1]
        if content[at] != 0xFF or marker == SCAN:
            return None
        if marker == 0xFF or marker in BARE:  # a fill byte, T.81 B.1.1.2
            at += 1 if marker == 0xFF else 2
        elif marker in markers:
            height, width = (int.from_bytes(content[at + start : at + start + 2], "big") for start in (5, 7))
            return Frame(content[at + 4], height, width, content[at + 9])
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def check_scans(content: bytes) -> None:
    """Refuse a JPEG that says little in very many scans.

    Raises:
        ValueError: it has more than `MOST_SCANS`.
    """
    scans = content.count(bytes([0xFF, SCAN]))
    if scans > MOST_SCANS:
        raise ValueError(f"it has {scans} scans, {MOST_SCANS} are the most")


def luma(content: bytes) -> "np.ndarray":
    """Decode a JPEG to its luma.

    A missing end alone is forgiven: another is put behind the data, and the decoder says whether rows are missing.

    Returns:
        (H, W): uint8 of 8 bits, uint16 of more.

    Raises:
        ValueError, RuntimeError: it is damaged, in the decoder's words.
        Unusual: it is not, but it has sampling factors or colours for which simplejpeg is not made.
    """
    check_scans(content)
    found = frame(content)
    if found is None or found.bits != 8:
        return _deep(content, found)
    import simplejpeg

    if found.components not in (1, 3):
        raise Unusual(f"{found.components} colours")
    try:
        return simplejpeg.decode_jpeg(content + END, "GRAY", strict=True)[..., 0]
    except ValueError as error:
        if any(word in str(error) for word in UNUSUAL):
            raise Unusual(str(error)) from error
        raise


def colours(content: bytes, plain: bool) -> "np.ndarray":
    """Decode a JPEG of 8 bits to red, green and blue.

    Args:
        content: its bytes.
        plain: whether three components are these already where the JPEG itself does not say (T.871, Adobe's marker).

    Returns:
        uint8 (H, W, 3); (H, W) as `luma` if it has one component.

    Raises:
        ValueError, RuntimeError: it is damaged, in the decoder's words.
    """
    import imagecodecs
    import simplejpeg

    check_scans(content)
    found = frame(content)
    if found is None or found.bits != 8 or found.components != 3:
        return grey(content)
    try:
        values = simplejpeg.decode_jpeg(content + END, "RGB", strict=True)
    except ValueError as error:
        if not any(word in str(error) for word in UNUSUAL):
            raise
        values = imagecodecs.jpeg8_decode(content, outcolorspace="RGB")
    head = content[:4096]  # the first segments
    if plain and b"JFIF\0" not in head and b"Adobe" not in head:
        return imagecodecs.jpeg8_decode(content, colorspace="YCBCR", outcolorspace="YCBCR")  # as they are
    return values


def grey(content: bytes) -> "np.ndarray":
    """As `luma`, whatever the sampling factors: those that simplejpeg does not know are decoded without warnings."""
    try:
        return luma(content)
    except Unusual:
        import imagecodecs

        return imagecodecs.jpeg8_decode(content, outcolorspace="GRAYSCALE")


def check_end(content: bytes, values: "np.ndarray") -> None:
    """Tell damage of a JPEG of another depth than 8 bits, for which no library passes libjpeg's warnings on.

    Where the codes were damaged, a decoder comes to the end of the picture before that of its data, or after it: then
    data that are missing change nothing, or those that are added do. It is decoded twice more for this.

    Args:
        content: its bytes.
        values: `luma` of them.

    Raises:
        ValueError: it is damaged.
    """
    import imagecodecs
    import numpy as np

    end = content.rindex(END)
    if not np.array_equal(imagecodecs.jpeg8_decode(content[:end] + MORE + content[end:]), values):
        raise ValueError("Premature end of JPEG data")
    # A decoder fills what is missing with one grey, which a film may end with; lossless, with the last value. Of
    # several scans the last may be shorter than what is taken.
    if frame(content, SEQUENTIAL) is None or np.ptp(values[-BLOCK:]) == 0:
        return
    if np.array_equal(imagecodecs.jpeg8_decode(content[: end - LESS] + content[end:]), values):
        raise ValueError("Extraneous bytes at the end of JPEG data")


def _deep(content: bytes, found: Frame | None) -> "np.ndarray":
    """Decode a grey JPEG of another depth than 8 bits."""
    import imagecodecs

    if END not in content[-len(content) // 16 - 2 :]:
        raise ValueError("Premature end of JPEG file")
    values = imagecodecs.jpeg8_decode(content)
    if values.ndim != 2:
        raise ValueError(f"JPEG of {found.bits if found else 'unknown'} bits in colour")
    if found and values.max() >> found.bits:
        raise ValueError(f"Corrupt JPEG data: a value of {values.max()} in {found.bits} bits")
    return values
