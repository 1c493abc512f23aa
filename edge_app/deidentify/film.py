"""One film: read, looked at for words in its pixels, and written without identity."""

import hashlib
import io
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from edge_app.deidentify import burnt_in
from edge_app.deidentify.attributes import Options, deidentified
from edge_app.deidentify.secret import Secret
from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import dicom, dicom_codecs, dicom_file, dicom_pixels, file_type, limits
from edge_app.imaging.dicom_values import text, texts, whole

SEE = "look at it, cover what names the patient, and copy it with --words-seen"


def copy(path: Path, content: bytes, secret: Secret, options: Options) -> tuple[Dataset, bytes]:
    """Return a film without identity: its data set, and the bytes of its file.

    Pixels are written uncompressed: a compressed stream may hold comments, and the bits above a pixel's own overlays.

    Args:
        path: begins the sentence of a refusal.
        content: of the file.
        secret, options: as of `attributes.deidentified`.

    Raises:
        UnreadableRadiograph: it is no DICOM film that can be read, or words may stand in its pixels; one sentence.
    """
    if file_type.name(content) != "DICOM":
        raise UnreadableRadiograph(f"{path}: is not a DICOM file; only DICOM is copied; name the film's DICOM file.")
    grey, *_ = dicom.decode(path, content)
    try:
        parts = dicom_file.read(content)
        _refuse_colours(path, parts.header)
        if not options.words:
            _refuse_words(path, parts.header, grey)
        pixels, how = dicom_file.pixels(parts), dicom_pixels.layout(parts.header)
        assert pixels is not None  # `decode` has read them
        made = deidentified(parts.header, secret, options)
        _put(made, dicom_pixels.stored(pixels, how), how)
        if pixels.syntax in dicom_codecs.LOSSY:
            made.LossyImageCompression = "01"
        return made, _written(made, path, secret.uid(hashlib.sha256(content).hexdigest()))
    except limits.damage() as error:
        raise UnreadableRadiograph(
            f"{path}: is a damaged DICOM file (its header contradicts itself); {dicom.SEND_AGAIN}."
        ) from error


def _written(made: Dataset, path: Path, instead: str) -> bytes:
    """Return the bytes of a file; `instead` is the UID where the film lacks one, so that it is of no other film."""
    if "SOPClassUID" not in made:
        raise UnreadableRadiograph(
            f"{path}: SOP Class UID is missing or none of DICOM's; it says what kind of image a film is; "
            f"{dicom.SEND_AGAIN}."
        )
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        if not made.get(keyword):
            setattr(made, keyword, instead)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = UID(made.SOPClassUID)
    made.file_meta.MediaStorageSOPInstanceUID = UID(made.SOPInstanceUID)
    made.preamble = bytes(128)
    written = io.BytesIO()
    made.save_as(written, enforce_file_format=True)
    return written.getvalue()


def _refuse_colours(path: Path, header: Dataset) -> None:
    """Refuse a picture in colours: screens are stored so, with what stands on them."""
    if whole(header, "SamplesPerPixel", 1) != 1 or not text(header, "PhotometricInterpretation").startswith("MONO"):
        raise UnreadableRadiograph(
            f"{path}: is a picture in colours, as screens are stored, with words on them; only grey films are copied; "
            "name the film itself."
        )


def _refuse_words(path: Path, header: Dataset, grey: np.ndarray) -> None:
    """Refuse a film in whose pixels words stand, or may: pixels are not cleaned."""
    if "YES" in texts(header, "BurnedInAnnotation"):
        raise UnreadableRadiograph(f"{path}: says that words are burnt into it; pixels are not cleaned; {SEE}.")
    line = burnt_in.longest_line(grey)
    if line >= burnt_in.LEAST_LETTERS:
        raise UnreadableRadiograph(
            f"{path}: shows what looks like a line of {line} letters; {burnt_in.LEAST_LETTERS - 1} in a line are "
            f"allowed, for marks of side and position; {SEE}."
        )


def _put(made: Dataset, values: np.ndarray, how: dicom_pixels.Layout) -> None:
    """Write pixels, integers (H, W) of 8 or 16 bits (PS3.3 C.7.6.3)."""
    bits = 8 * values.itemsize
    made.Rows, made.Columns, made.SamplesPerPixel = *values.shape, 1
    made.PhotometricInterpretation = how.photometric
    made.BitsAllocated, made.PixelRepresentation = bits, int(values.dtype.kind == "i")
    # A lossy stream overshoots the bits that were stored.
    largest = int(np.abs(values.astype(np.int32)).max()).bit_length() + made.PixelRepresentation
    made.BitsStored = min(bits, max(how.stored, largest))
    made.HighBit = made.BitsStored - 1
    pixels = values.astype(values.dtype.newbyteorder("<")).tobytes()
    made.PixelData = pixels + bytes(len(pixels) % 2)
    made["PixelData"].VR = "OW"
