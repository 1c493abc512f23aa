"""DICOM radiographs (CR, DX): a file becomes grey pixels as a viewer shows them.

The stored values have at most 16 bits, so the whole chain (modality LUT, window, inversion) is worked out once for each
value that occurs and applied as a table: on a Pi that takes milliseconds where arithmetic on the film takes seconds.
"""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_app.errors import MissingPackage, UnreadableRadiograph
from edge_app.imaging import (
    deep_film,
    dicom_checks,
    dicom_codecs,
    dicom_colour,
    dicom_facts,
    dicom_file,
    dicom_pixels,
    limits,
    patient_age,
    voi_lut,
)
from edge_app.imaging.deep_film import DeepFilm
from edge_app.imaging.dicom_file import Broken, Pixels
from edge_app.imaging.dicom_pixels import Layout

SEND_AGAIN = "send it again from the modality or PACS"
# What the doctor tells of.
COMPRESSIONS = (
    "RLE",
    "JPEG Baseline",
    "JPEG Extended",
    "JPEG Lossless",
    "JPEG-LS",
    "JPEG 2000",
    "High-Throughput JPEG 2000",
)


def decode(path: Path, content: bytes) -> tuple[np.ndarray, float | None, dict[str, str]]:
    """Decode a DICOM radiograph.

    Args:
        path: the file, which begins the sentence of a refusal.
        content: its bytes.

    Returns:
        uint8 (H, W), 0 = black = air, 255 = white = bone; the patient's age in years, None if it is not known; and
        what else the header says of the film, as `dicom_facts.of`.

    Raises:
        UnreadableRadiograph: not one frontal chest radiograph, or damaged; one sentence that begins with the path.
        MissingPackage: pydicom, or the decoder of the file's compression, is not installed.
    """
    with _in_one_sentence(path):
        values, layout, header = _opened(path, content)
        age = patient_age.years(header)
        return _grey(path, values, layout, header), age, dicom_facts.of(header, age)


def deep(path: Path, content: bytes) -> DeepFilm:
    """Decode a DICOM radiograph with all its grey levels; arguments and errors as of `decode`."""
    with _in_one_sentence(path):
        values, layout, header = _opened(path, content)
        if values.ndim == 3 or layout.photometric == dicom_colour.PALETTE:
            return deep_film.plain(_grey(path, values, layout, header))._replace(spacing=voi_lut.spacing(header))
        return voi_lut.deep(values, header)


@contextlib.contextmanager
def _in_one_sentence(path: Path) -> Iterator[None]:
    """Say in one sentence what fails while a file is decoded."""
    try:
        import pydicom  # noqa: F401
    except ImportError as error:
        raise MissingPackage(
            f"{path}: is a DICOM file, and package 'pydicom' is not installed; run 'pip install pydicom'."
        ) from error
    try:
        # pydicom warns of values that break the standard; what matters is checked.
        with warnings.catch_warnings(action="ignore"):
            yield
    except Broken as error:
        raise UnreadableRadiograph(f"{path}: is a damaged DICOM file ({error}); {SEND_AGAIN}.") from error
    except limits.damage() as error:
        raise UnreadableRadiograph(
            f"{path}: is a damaged DICOM file (its header contradicts itself or breaks off); {SEND_AGAIN}."
        ) from error


def _opened(path: Path, content: bytes):
    """Return (stored values, their layout, header) of a file that may be judged."""
    parts = dicom_file.read(content)
    layout = dicom_pixels.layout(parts.header)
    dicom_checks.check(path, parts.header, layout)
    found = dicom_file.pixels(parts)
    if found is None:
        raise UnreadableRadiograph(f"{path}: holds no Pixel Data; send the image itself, not a report or an index.")
    return _stored(path, found, layout), layout, parts.header


def _stored(path: Path, found: Pixels, layout: Layout) -> np.ndarray:
    """Return the stored values, of at most 16 bits; name the packages if no decoder is installed."""
    name = _name(found.syntax)
    if found.compressed:
        if found.syntax not in dicom_codecs.SYNTAXES:  # a private or retired one, or a video
            raise UnreadableRadiograph(
                f"{path}: Transfer Syntax is {name!r}; a radiograph must be uncompressed, or compressed as "
                f"{', '.join(COMPRESSIONS)}; export it again."
            )
        if not dicom_codecs.is_available():
            raise MissingPackage(
                f"{path}: Transfer Syntax is {name!r}, and its decoders are not installed; "
                f"run 'pip install {' '.join(dicom_codecs.PACKAGES)}'."
            )
    try:
        return dicom_pixels.stored(found, layout)
    except Broken:
        raise
    except limits.damage() as error:
        raise UnreadableRadiograph(
            f"{path}: Transfer Syntax is {name!r}, and its data are damaged ({limits.one_line(error)}); {SEND_AGAIN}."
        ) from error


def _grey(path: Path, values: np.ndarray, layout: Layout, header) -> np.ndarray:
    """Return uint8 (H, W) of stored values."""
    try:
        if values.ndim == 3:
            return dicom_colour.to_grey(values, min(layout.stored, 8 * values.itemsize))
        if layout.photometric == dicom_colour.PALETTE:
            grey = dicom_colour.of_palette(values, header)
            if grey is None:
                raise Broken("its palettes are missing or too short")
            return grey
    except dicom_colour.Coloured as error:
        raise UnreadableRadiograph(
            f"{path}: is a picture in colour ({error} of its pixels); a radiograph is grey; send the film itself, "
            "without coloured marks."
        ) from error
    return voi_lut.show(values, header)


def _name(syntax: str) -> str:
    """Return the name of a Transfer Syntax UID."""
    from pydicom.uid import UID

    return UID(syntax).name


def compressions() -> dict[str, bool]:
    """Return for each of `COMPRESSIONS` whether the packages that decode it are installed."""
    return dict.fromkeys(COMPRESSIONS, dicom_codecs.is_available())
