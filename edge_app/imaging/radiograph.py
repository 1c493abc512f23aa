"""Film formats: a path becomes grey pixels. Knows files and formats; knows nothing of models.

Pillow decodes all but JPEG: its decoding is stable, and it refuses a truncated film where OpenCV returns the upper half
of one. The format is told by content; the name of the file is never looked at. numpy is imported only by what needs it:
a child of `decode_pool` that meets neither JPEG nor DICOM nor 16 bits does without, which saves it 25 MB.
"""

import contextlib
import io
import warnings
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import file_type, png
from edge_app.imaging.limits import DAMAGE, MOST_PIXELS, check_size, one_line

if TYPE_CHECKING:
    import numpy as np

    from edge_app.imaging.deep_film import DeepFilm

ALLOWED = f"a radiograph must be {file_type.ALLOWED}"
COPY_AGAIN = "copy it again from where it came from"
# Pillow's names of formats that it calls otherwise.
PILLOW = {"WebP": "WEBP", "JPEG 2000": "JPEG2000", "PNM": "PPM"}
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0  # TIFF 6.0, section 8, PhotometricInterpretation
ORIENTATION = 0x0112  # Exif 2.32, 4.6.4: how to turn the stored picture upright
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Film(namedtuple("Film", "picture age facts", defaults=({},))):
    """A decoded film.

    Attributes:
        picture: of Pillow, mode L, 0 = black = air.
        age: of the patient in years, None if unknown.
        facts: of a DICOM header, as `dicom_facts.of`; empty of other formats.
    """


def read(path: Path, least_side: int = 0) -> "np.ndarray":
    """Read a radiograph of one of `file_type.FILMS`, told apart by content.

    Args:
        path: the file.
        least_side: the film is shrunk by a whole factor as long as both sides stay at least this long
            (`preprocess.least_side`), see `reduce`. 0 keeps every pixel. It belongs to the contract: training reads its
            films so, and changing it needs every model retrained.

    Returns:
        uint8 (H, W), 0 = black = air, 255 = white = bone.

    Raises:
        UnreadableRadiograph: not a readable radiograph, in one sentence that begins with the path.
        MissingPackage: a DICOM file, and what decodes it is not installed.
    """
    import numpy as np

    return np.array(decode(path, file_type.content(path), least_side).picture, order="C")


def decode(path: Path, content: bytes, least_side: int = 0) -> Film:
    """As `read`, from the bytes of the file; `path` begins the sentence of a refusal."""
    with _in_one_sentence(path, content) as kind:
        if kind == "DICOM":
            from edge_app.imaging import dicom

            grey, age, facts = dicom.decode(path, content)
            return Film(reduce(Image.fromarray(grey), least_side), age, facts)
        return Film(_picture(path, kind, content, least_side), None)


def deep(path: Path, content: bytes) -> "DeepFilm":
    """Decode a film with all its pixels and grey levels; arguments and errors as of `decode`."""
    import numpy as np

    from edge_app.imaging import deep_film, intensity

    with _in_one_sentence(path, content) as kind:
        if kind == "DICOM":
            from edge_app.imaging import dicom

            return dicom.deep(path, content)
        values = np.asarray(_picture(path, kind, content, 0, Image.fromarray))
    if values.dtype == np.uint8:
        return deep_film.plain(values)
    return deep_film.plain(values, *intensity.span(intensity.count(values)))


@contextlib.contextmanager
def _in_one_sentence(path: Path, content: bytes) -> Iterator[str]:
    """Yield the kind of a film's file; say in one sentence that it is none, or what fails while it is decoded."""
    kind = file_type.name(content)
    if kind != "DICOM" and kind not in file_type.FILMS:
        found = kind or file_type.looks_like(content[: file_type.HEAD_LENGTH])
        advice = f"; {file_type.ADVICE[kind]}" if kind in file_type.ADVICE else ""
        raise UnreadableRadiograph(f"{path}: is {found}; {ALLOWED}{advice}.")
    try:
        # Pillow warns of odd metadata and of more than 89 megapixels; what matters of both is checked here.
        with warnings.catch_warnings(action="ignore"):
            yield kind
    except UnidentifiedImageError as error:
        raise UnreadableRadiograph(f"{path}: is damaged or cut off (no whole {kind} header); {COPY_AGAIN}.") from error
    except Image.DecompressionBombError as error:
        raise UnreadableRadiograph(
            f"{path}: has far too many pixels; at most {MOST_PIXELS:,} are read; export a smaller picture."
        ) from error
    except MemoryError as error:
        raise UnreadableRadiograph(f"{path}: takes more memory than there is; export a smaller picture.") from error
    except DAMAGE as error:
        raise UnreadableRadiograph(f"{path}: is damaged or cut off ({one_line(error)}); {COPY_AGAIN}.") from error


def reduce(picture: Image.Image, least_side: int) -> Image.Image:
    """Shrink a film by the largest whole factor that keeps both sides at least `least_side` long; part of the contract.

    Args:
        picture: mode L.
        least_side: pixels; 0 keeps the film as it is.

    Returns:
        Mode L, W // n x H // n: means of blocks of n x n pixels, in the middle of the film. What is left at opposite
        edges, n - 1 pixels at most together, is cut off: a block of less, stretched to a whole one, would move all.
    """
    factor = min(picture.size) // least_side if least_side else 1
    if factor < 2:
        return picture
    width, height = (side // factor * factor for side in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.reduce(factor, (left, top, left + width, top + height))


def _picture(
    path: Path,
    kind: str,
    content: bytes,
    least_side: int,
    of_16_bits: "Callable[[np.ndarray], Image.Image] | None" = None,
) -> Image.Image:
    """Return a picture as mode L, upright and reduced; `of_16_bits` makes one of uint16 (H, W), else of mode L too."""
    of_16_bits = of_16_bits or _grey_of_16_bits
    if kind == "JPEG":
        from edge_app.imaging import jpeg

        frame = jpeg.frame(content)
        if frame and frame.bits != 8:  # Pillow does not know it
            check_size(path, frame.width, frame.height)
            values = jpeg.luma(content)
            jpeg.check_end(content, values)
            return reduce(_from_16_bits(values, of_16_bits), least_side)
    if kind == "PNG":
        content = png.essential(content)
    with Image.open(io.BytesIO(content), formats=(PILLOW.get(kind, kind),)) as picture:
        frames = getattr(picture, "n_frames", 1)  # formats that may hold several have it
        if frames > 1 and picture.format != "MPO":  # a phone's JPEG with a second picture behind it
            raise UnreadableRadiograph(f"{path}: is a {kind} file of {frames} pictures; export one film.")
        check_size(path, *picture.size)
        grey = _luma(picture, content) if kind == "JPEG" else _grey(picture, of_16_bits)
        if picture.mode != "1":  # the gate is to see that it is black and white only
            grey = reduce(grey, least_side)
        turn = UPRIGHT.get(_orientation(picture))
        return grey if turn is None else grey.transpose(turn)


def _orientation(picture: Image.Image) -> int:
    """Return Exif Orientation, 1 = upright; damaged metadata says nothing, and the film is still readable."""
    try:
        return picture.getexif().get(ORIENTATION, 1)
    except DAMAGE:
        return 1


def _luma(picture: Image.Image, content: bytes) -> Image.Image:
    """Decode a JPEG of 8 bits, which Pillow has opened."""
    from edge_app.imaging import jpeg

    try:
        return Image.fromarray(jpeg.luma(content))
    except jpeg.Unusual:
        picture.draft("L", picture.size)  # luma straight from the decoder, at full size
        return _grey(picture, _grey_of_16_bits)


def _grey(picture: Image.Image, of_16_bits: "Callable[[np.ndarray], Image.Image]") -> Image.Image:
    """Turn a picture of any mode into mode L, or what `of_16_bits` makes; what is transparent becomes black."""
    picture.load()
    if picture.mode == "F":
        raise ValueError("its pixels are not whole numbers")
    if picture.mode.startswith("I"):  # 16 bits, which Pillow may widen to 32
        import numpy as np

        values = np.asarray(picture)
        if getattr(picture, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO:
            values = values.max() - values
        return _from_16_bits(values, of_16_bits)
    if not picture.has_transparency_data:
        return picture if picture.mode == "L" else picture.convert("L")
    if picture.mode not in ("LA", "RGBA"):
        picture = picture.convert("RGBA")
    grey, alpha = picture.convert("L"), picture.getchannel("A")
    return grey if alpha.getextrema()[0] == 255 else Image.composite(grey, Image.new("L", grey.size), alpha)


def _from_16_bits(values: "np.ndarray", of_16_bits: "Callable[[np.ndarray], Image.Image]") -> Image.Image:
    """Return a picture of integers that span 16 bits."""
    import numpy as np

    lowest = min(0, int(values.min()))
    if int(values.max()) - lowest >= 1 << 16:
        raise ValueError("its pixels have more than 16 bits")
    return of_16_bits((values - lowest).astype(np.uint16, copy=False))


def _grey_of_16_bits(values: "np.ndarray") -> Image.Image:
    """Return mode L of uint16 (H, W)."""
    from edge_app.imaging.intensity import to_grey

    return Image.fromarray(to_grey(values))
