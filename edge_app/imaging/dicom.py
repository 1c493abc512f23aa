"""DICOM radiographs (CR, DX): a data set becomes grey pixels as a viewer shows them. The only file that names pydicom.

The stored values have at most 16 bits, so the whole chain (modality LUT, window, inversion) is worked out once for each
value that occurs and applied as a table: on a Pi that takes milliseconds where arithmetic on the film takes seconds.
"""

import io
import re
import warnings
from datetime import date
from pathlib import Path

import numpy as np

from edge_app.errors import MissingPackage, UnreadableRadiograph
from edge_app.imaging import dicom_codecs, limits
from edge_app.imaging.voi_lut import show

# PS3.3 C.7.3.1.1.1: projection radiographs; DR and RG are what older systems send, SC and OT appear on scanned films.
MODALITIES = ("CR", "DX", "DR", "RG", "SC", "OT")
# PS3.3 C.8.11.5.1.1 View Position: side views, decubitus and obliques; anything else frontal or unstated is taken.
NOT_FRONTAL = ("LL", "RL", "LLD", "RLD", "LLO", "RLO", "LAO", "RAO", "LPO", "RPO")
# PS3.16 Annex L, and what Romance languages write into it.
CHEST_PARTS = ("CHEST", "THORAX", "TORAX", "LUNG", "RIB", "STERNUM")
MOST_BITS = 16
# PS3.5 6.2, AS: three digits and a unit; here in days.
AGE_UNITS = {"D": 1, "W": 7, "M": 365.25 / 12, "Y": 365.25}
# PS3.5 Annex A: Implicit and Explicit VR Little Endian, Explicit VR Big Endian; and deflated.
UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
DEFLATED = "1.2.840.10008.1.2.1.99"
# What the doctor tells of, each by one Transfer Syntax.
COMPRESSIONS = {
    "RLE": dicom_codecs.RLE,
    "JPEG Baseline": dicom_codecs.JPEG[0],
    "JPEG Extended": dicom_codecs.JPEG[1],
    "JPEG Lossless": dicom_codecs.JPEG[-1],
    "JPEG-LS": dicom_codecs.JPEG_LS[0],
    "JPEG 2000": dicom_codecs.JPEG_2000[0],
    "High-Throughput JPEG 2000": dicom_codecs.JPEG_2000[2],
}


def decode(path: Path, content: bytes) -> tuple[np.ndarray, float | None]:
    """Decode a DICOM radiograph.

    Args:
        path: the file, which begins the sentence of a refusal.
        content: its bytes.

    Returns:
        uint8 (H, W), 0 = black = air, 255 = white = bone; and the patient's age in years, None if it is not known.

    Raises:
        UnreadableRadiograph: not one frontal chest radiograph, or damaged; one sentence that begins with the path.
        MissingPackage: pydicom, or the decoder of the file's compression, is not installed.
    """
    try:
        from pydicom import dcmread
        from pydicom.errors import BytesLengthException, InvalidDicomError
        from pydicom.filereader import read_file_meta_info
    except ImportError as error:
        raise MissingPackage(
            f"{path}: is a DICOM file, and package 'pydicom' is not installed; run 'pip install pydicom'."
        ) from error
    damage = (*limits.DAMAGE, InvalidDicomError, BytesLengthException)
    try:
        with warnings.catch_warnings(action="ignore"):  # of values that break the standard; what matters is checked
            _check_syntax(path, read_file_meta_info(path))
            _check(path, dcmread(io.BytesIO(content), stop_before_pixels=True))
            data_set = dcmread(io.BytesIO(content))
            return show(_stored(path, data_set), data_set), age_years(data_set)
    except MissingPackage:
        raise
    except damage as error:
        raise UnreadableRadiograph(
            f"{path}: is a damaged DICOM file ({limits.one_line(error)}); send it again from the modality or PACS."
        ) from error


def age_years(header) -> float | None:
    """Return the patient's age when the film was taken, by Patient's Age or else by the dates of birth and study.

    Args:
        header: a pydicom data set.

    Returns:
        Years; None if both are missing or unreadable.
    """
    stated = re.fullmatch(r"(\d{1,3})([DWMY])", str(header.get("PatientAge") or "").strip().upper())
    if stated:
        return int(stated[1]) * AGE_UNITS[stated[2]] / AGE_UNITS["Y"]
    born, taken = (_day(header.get(keyword)) for keyword in ("PatientBirthDate", "StudyDate"))
    return (taken - born).days / AGE_UNITS["Y"] if born and taken and born <= taken else None


def _day(value) -> date | None:
    """Return a date of DICOM (PS3.5 6.2, DA: YYYYMMDD); None if the value is not a date."""
    try:
        return date.fromisoformat(str(value or "").strip())
    except ValueError:
        return None


def _check_syntax(path: Path, meta) -> None:
    """Refuse what is inflated whole before its size can be known: a decompression bomb, and no modality sends it."""
    if meta.get("TransferSyntaxUID") == DEFLATED:
        raise UnreadableRadiograph(
            f"{path}: Transfer Syntax is 'Deflated Explicit VR Little Endian'; a radiograph must be "
            "uncompressed or hold compressed pixels; export it again."
        )


def _check(path: Path, header) -> None:
    """Refuse by the header, before a pixel is read, what is not one frontal chest radiograph."""

    def text(keyword: str) -> str:
        return str(header.get(keyword) or "").strip().upper()

    def refuse(name: str, value, rule: str) -> None:
        raise UnreadableRadiograph(f"{path}: {name} is {value!r}; {rule}.")

    if "Rows" not in header or "Columns" not in header:
        raise UnreadableRadiograph(f"{path}: holds no picture; send the image itself, not a report or an index.")
    if text("Modality") not in (*MODALITIES, ""):
        refuse("Modality", text("Modality"), "a radiograph is 'CR' or 'DX'")
    if (frames := int(header.get("NumberOfFrames") or 1)) != 1:
        refuse("Number of Frames", frames, "a radiograph has 1; export one frame")
    if text("PhotometricInterpretation") not in ("MONOCHROME1", "MONOCHROME2"):
        found = text("PhotometricInterpretation")
        refuse("Photometric Interpretation", found, "a radiograph must be MONOCHROME1 or MONOCHROME2")
    if not 8 <= int(header.BitsAllocated) <= MOST_BITS:
        refuse("Bits Allocated", int(header.BitsAllocated), f"a radiograph has 8 or {MOST_BITS}")
    if text("ViewPosition") in NOT_FRONTAL or "LAT" in text("ViewPosition"):
        refuse("View Position", text("ViewPosition"), "only frontal films (PA or AP) can be classified")
    part = text("BodyPartExamined")
    if part and not any(word in part for word in CHEST_PARTS):
        refuse("Body Part Examined", part, "only the chest can be classified")
    limits.check_size(path, int(header.Columns), int(header.Rows))


def _stored(path: Path, data_set) -> np.ndarray:
    """Return the stored values, (H, W) of at most 16 bits; name the packages if no decoder is installed."""
    if "PixelData" not in data_set:
        raise UnreadableRadiograph(f"{path}: holds no Pixel Data; send the image itself, not a report or an index.")
    syntax = data_set.file_meta.TransferSyntaxUID
    if str(syntax) not in UNCOMPRESSED:
        if syntax not in dicom_codecs.DECODER_DEPENDENCIES:  # a private or retired one, or a video
            raise UnreadableRadiograph(
                f"{path}: Transfer Syntax is {syntax.name!r}; a radiograph must be uncompressed, or compressed as "
                f"{', '.join(COMPRESSIONS)}; export it again."
            )
        if not dicom_codecs.is_available(syntax):
            raise MissingPackage(
                f"{path}: Transfer Syntax is {syntax.name!r}, and its decoders are not installed; "
                f"run 'pip install {' '.join(dicom_codecs.PACKAGES)}'."
            )
        _use_our_codecs(syntax)
        data_set.pixel_array_options(decoding_plugin=dicom_codecs.NAME)
    try:
        return data_set.pixel_array
    except RuntimeError as error:
        why = limits.one_line(error).partition(f"{dicom_codecs.NAME}: ")[2] or limits.one_line(error)
        raise UnreadableRadiograph(
            f"{path}: Transfer Syntax is {syntax.name!r}, and its data are damaged ({why}); send it again from the "
            "modality or PACS."
        ) from error


def _use_our_codecs(syntax: str) -> None:
    """Make pydicom's decoder of a Transfer Syntax know our plugin."""
    from pydicom.pixels.decoders.base import get_decoder

    decoder = get_decoder(syntax)
    if dicom_codecs.NAME not in decoder.available_plugins:
        decoder.add_plugin(dicom_codecs.NAME, (dicom_codecs.__name__, dicom_codecs.decode_frame.__name__))


def compressions() -> dict[str, bool]:
    """Return for each of `COMPRESSIONS` whether the packages that decode it are installed."""
    return {name: dicom_codecs.is_available(syntax) for name, syntax in COMPRESSIONS.items()}
