"""Film formats: a path becomes grey pixels. Knows files and formats; knows nothing of models.

Pillow decides what a file is and decodes it: its decoding is stable, and it refuses a truncated film where OpenCV
returns the upper half of one. The format is told by content; the name of the file is never looked at.
"""

import stat
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from edge_app.errors import UnreadableRadiograph

# A film at 10 pixels a millimetre, twice as fine as digital radiography, has 100 megapixels; more is a decompression bomb.
MOST_PIXELS = 100_000_000
# Below this no lung structure is left; the smallest films of the public collections are about 150 pixels.
LEAST_SIDE = 64
# The longest chest films are under 2:1; beyond this a picture is a strip, a panorama or several films in one.
MOST_ELONGATED = 3
# Share of the pixels that may saturate at each end when more than 8 bits are mapped to 8: hot and dead pixels.
TAIL = 0.0005

ALLOWED = "a radiograph must be PNG, JPEG or DICOM"


def read(path: Path, least_side: int = 0) -> np.ndarray:
    """Read a PNG, JPEG or DICOM radiograph, told apart by content.

    Args:
        path: the file.
        least_side: a JPEG may be decoded at the smallest DCT scale that keeps both sides at least this long
            (`preprocess.least_side`); 0 decodes every pixel.

    Returns:
        uint8 (H, W), 0 = black = air, 255 = white = bone.

    Raises:
        UnreadableRadiograph: not a readable radiograph, in one sentence that begins with the path.
    """
    head = _head(path)
    if head[128:132] == b"DICM":  # PS3.10 7.1
        from edge_app import dicom

        return dicom.read(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what matters is checked here
            return _read_picture(path, least_side)
    except UnreadableRadiograph:
        raise
    except UnidentifiedImageError as error:
        raise UnreadableRadiograph(f"{path}: {_looks_like(head)}; {ALLOWED}.") from error
    except Image.DecompressionBombError as error:
        raise UnreadableRadiograph(f"{path}: {error}; at most {MOST_PIXELS:,} pixels are read.") from error
    except Exception as error:  # Pillow's decoders raise almost anything on damaged files
        raise UnreadableRadiograph(
            f"{path}: is damaged or cut off ({_one_line(error)}); copy it again from where it came from."
        ) from error


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
        raise UnreadableRadiograph(f"{size}; one side may be at most {MOST_ELONGATED} times the other; crop to one film.")


def to_grey(values: np.ndarray) -> np.ndarray:
    """Map unsigned integers of more than 8 bits, (H, W), linearly to uint8, all but `TAIL` of them at each end."""
    counts = np.cumsum(np.bincount(values.ravel()))
    tail = int(counts[-1] * TAIL)
    low = int(np.searchsorted(counts, tail, side="right"))
    high = max(low + 1, int(np.searchsorted(counts, counts[-1] - tail)))
    return ((np.clip(values, low, high).astype(np.int64) - low) * 255 // (high - low)).astype(np.uint8)


def _read_picture(path: Path, least_side: int) -> np.ndarray:
    with Image.open(path) as picture:
        if picture.format not in ("PNG", "JPEG", "MPO"):  # MPO: a phone's JPEG with a second picture behind it
            raise UnreadableRadiograph(f"{path}: is a {picture.format} picture; {ALLOWED}.")
        if picture.format == "PNG" and getattr(picture, "n_frames", 1) > 1:
            raise UnreadableRadiograph(f"{path}: is an animated PNG of {picture.n_frames} frames; {ALLOWED}, one film.")
        check_size(path, *picture.size)
        if picture.format != "PNG":
            # Luma straight from the decoder; with `least_side` at the smallest DCT scale that is large enough.
            picture.draft("L", (least_side, least_side) if least_side else picture.size)
        picture.load()
        return _grey(ImageOps.exif_transpose(picture))


def _grey(picture: Image.Image) -> np.ndarray:
    """Turn a decoded picture of any mode into uint8 (H, W); what is transparent becomes black."""
    if picture.mode.startswith("I"):  # 16 bits, which Pillow may widen to 32
        return to_grey(np.clip(np.asarray(picture), 0, 65535).astype(np.uint16))
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, picture.convert("RGBA"))
    return np.array(picture.convert("L"))


def _head(path: Path) -> bytes:
    """Return the first bytes of a regular file."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise UnreadableRadiograph(f"{path}: is {kind}; name a PNG, JPEG or DICOM file.")
        with path.open("rb") as file:
            head = file.read(256)
    except FileNotFoundError as error:
        raise UnreadableRadiograph(f"{path}: there is no such file; check the name.") from error
    except PermissionError as error:
        raise UnreadableRadiograph(f"{path}: may not be read by this user; change its permissions.") from error
    except OSError as error:
        raise UnreadableRadiograph(f"{path}: cannot be read ({_one_line(error)}).") from error
    if not head:
        raise UnreadableRadiograph(f"{path}: is empty; copy it again from where it came from.")
    return head


def _looks_like(head: bytes) -> str:
    """Say what the first bytes of an unknown file look like."""
    text = head.decode("ascii", errors="replace")
    if text.isprintable() or all(letter.isprintable() or letter.isspace() for letter in text):
        return f"is text that begins {text.split(chr(10))[0].strip()[:30]!r}"
    return f"is of an unknown format that begins with bytes {head[:8].hex(' ')}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
