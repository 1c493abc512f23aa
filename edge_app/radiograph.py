"""Film formats: a path becomes grey pixels. Knows files and formats; knows nothing of models.

Pillow decodes: its decoding is stable, and it refuses a truncated film where OpenCV returns the upper half of one. The
format is told by content; the name of the file is never looked at.
"""

import struct
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from edge_app import magic
from edge_app.errors import UnreadableRadiograph

# A film at 20 pixels a millimetre, thrice as fine as digital radiography, has 60 megapixels; more than this is a bomb.
MOST_PIXELS = 100_000_000
# Below this no lung structure is left; the smallest films of the public collections are about 150 pixels.
LEAST_SIDE = 64
# Of the 5,539 films of the public collections two are longer; beyond this a picture is a strip or several films in one.
MOST_ELONGATED = 3
# Share of the pixels that may saturate at each end when more than 8 bits are mapped to 8: hot and dead pixels.
TAIL = 0.0005
# What decoders raise on damaged files, as seen on some 3,000: a broken length or type surfaces as almost anything.
DAMAGE = (ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError)
DAMAGE += (TypeError, ValueError, struct.error, zlib.error)

ALLOWED = "a radiograph must be PNG, JPEG or DICOM"
COPY_AGAIN = "copy it again from where it came from"
ORIENTATION = 0x0112  # Exif 2.32, 4.6.4: how to turn the stored picture upright
UPRIGHT = {
    2: np.fliplr,
    3: lambda grey: np.rot90(grey, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda grey: np.rot90(grey, -1),
    7: lambda grey: np.rot90(grey.T, 2),
    8: np.rot90,
}


def read(path: Path, least_side: int = 0) -> np.ndarray:
    """Read a PNG, JPEG or DICOM radiograph, told apart by content.

    Args:
        path: the file.
        least_side: the film is shrunk by whole factors as long as both sides stay at least this long
            (`preprocess.least_side`): a JPEG at the smallest DCT scale, 1, 1/2, 1/4 or 1/8, while it is decoded; a PNG
            or DICOM after decoding, see `reduce`. 0 keeps every pixel. Both belong to the contract: training reads its
            films so, and changing either needs every model retrained.

    Returns:
        uint8 (H, W), 0 = black = air, 255 = white = bone.

    Raises:
        UnreadableRadiograph: not a readable radiograph, in one sentence that begins with the path.
        MissingPackage: a DICOM file, and what decodes it is not installed.
    """
    head = magic.head(path)
    kind = magic.name(head)
    if kind == "DICOM":
        from edge_app import dicom

        return reduce(dicom.read(path), least_side)
    if kind not in ("PNG", "JPEG"):
        raise UnreadableRadiograph(f"{path}: is {kind or magic.looks_like(head)}; {ALLOWED}.")
    try:
        # Pillow warns of odd metadata and of more than 89 megapixels; what matters of both is checked here.
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=(kind,)) as picture:
            return np.array(_read_picture(path, picture, least_side), order="C")
    except UnidentifiedImageError as error:
        raise UnreadableRadiograph(f"{path}: is damaged or cut off (no whole {kind} header); {COPY_AGAIN}.") from error
    except Image.DecompressionBombError as error:
        raise UnreadableRadiograph(
            f"{path}: has far too many pixels; at most {MOST_PIXELS:,} are read; export a smaller picture."
        ) from error
    except DAMAGE as error:
        raise UnreadableRadiograph(f"{path}: is damaged or cut off ({one_line(error)}); {COPY_AGAIN}.") from error


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse what no chest film measures, before a pixel is decoded.

    Raises:
        UnreadableRadiograph: too small, too large or too elongated.
    """
    size = f"{path}: is {width} x {height} pixels"
    if min(width, height) < LEAST_SIDE:
        raise UnreadableRadiograph(f"{size}; a radiograph must be at least {LEAST_SIDE} on each side.")
    if width * height > MOST_PIXELS:
        raise UnreadableRadiograph(f"{size}; at most {MOST_PIXELS:,} in all are read; export a smaller picture.")
    if max(width, height) > MOST_ELONGATED * min(width, height):
        raise UnreadableRadiograph(
            f"{size}; one side may be at most {MOST_ELONGATED} times the other; crop to one film."
        )


def reduce(grey: np.ndarray, least_side: int) -> np.ndarray:
    """Shrink a film by the largest whole factor that keeps both sides at least `least_side` long; part of the contract.

    Args:
        grey: uint8 (H, W).
        least_side: pixels; 0 keeps the film as it is.

    Returns:
        uint8 (ceil(H / n), ceil(W / n)): means of blocks of n x n pixels, at the right and lower edge of what is left.
    """
    factor = min(grey.shape) // least_side if least_side else 1
    return grey if factor < 2 else np.asarray(Image.fromarray(grey).reduce(factor))


def to_grey(values: np.ndarray) -> np.ndarray:
    """Map uint16 (H, W) linearly to uint8 (H, W), all but `TAIL` of the pixels at each end."""
    # 15 times faster than np.bincount; its float32 counts are exact up to 2**24 pixels of one value, enough for a tail.
    counts = cv2.calcHist([values], [0], None, [65536], [0, 65536])[:, 0]
    return grey_table(counts)[values]


def grey_table(counts: np.ndarray) -> np.ndarray:
    """Return the linear map of `to_grey` as a table, uint8 (N,), from how many pixels have each of N values."""
    below = np.cumsum(counts, dtype=np.float64)
    tail = int(below[-1] * TAIL)
    low = int(np.searchsorted(below, tail, side="right"))
    high = max(low + 1, int(np.searchsorted(below, below[-1] - tail)))
    return np.clip((np.arange(len(counts)) - low) * 255 // (high - low), 0, 255).astype(np.uint8)


def one_line(error: Exception) -> str:
    """Return the text of a foreign exception, fit for a sentence of ours."""
    return " ".join(str(error).split())[:120].rstrip(".") or type(error).__name__


def _read_picture(path: Path, picture: Image.Image, least_side: int) -> np.ndarray:
    if picture.format == "PNG" and picture.n_frames > 1:
        raise UnreadableRadiograph(f"{path}: is an animated PNG of {picture.n_frames} frames; export one film.")
    check_size(path, *picture.size)
    if picture.format != "PNG":  # JPEG, or MPO: a phone's JPEG with a second picture behind it
        # Luma straight from the decoder; with `least_side` at the smallest DCT scale that is large enough.
        picture.draft("L", (least_side, least_side) if least_side else picture.size)
    picture.load()
    grey = _grey(picture)
    if picture.format == "PNG":
        grey = reduce(grey, least_side)
    return UPRIGHT.get(_orientation(picture), np.asarray)(grey)


def _orientation(picture: Image.Image) -> int:
    """Return Exif Orientation, 1 = upright; damaged metadata says nothing, and the film is still readable."""
    try:
        return picture.getexif().get(ORIENTATION, 1)
    except DAMAGE:
        return 1


def _grey(picture: Image.Image) -> np.ndarray:
    """Turn a decoded picture of any mode into uint8 (H, W); what is transparent becomes black."""
    if picture.mode.startswith("I"):  # 16 bits, which older Pillow widens to 32
        return to_grey(np.asarray(picture).astype(np.uint16))
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"))
    picture = picture.convert("RGBA")
    grey, alpha = np.asarray(picture.convert("L")), np.asarray(picture.getchannel("A"))
    return grey if alpha.min() == 255 else cv2.multiply(grey, alpha, scale=1 / 255)
