"""A word planted in every element of a film that can hold text, nested and private too, is in no byte of its copy."""

import io
from datetime import date

import numpy as np
import pydicom
import pytest
from pydicom import config, datadict
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from edge_app.deidentify import film
from edge_app.deidentify.attributes import Options
from edge_app.deidentify.secret import Secret
from tests.support.dicom_files import write_dicom
from tests.support.dicom_headers import STUDY
from tests.support.films import draw_film

SECRET = Secret(bytes(32))
CANARY = "CANARY"
TEXT = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
BYTES = ("OB", "OW", "UN")
# What decides whether the file is read at all; each is planted in a copy of its own below.
NEEDED = (
    "Modality",
    "PhotometricInterpretation",
    "SpecificCharacterSet",
    "ViewPosition",
    "BodyPartExamined",
    "ImageType",
)
NEEDED += ("BurnedInAnnotation", "SOPClassUID", "NumberOfFrames")


# Sequences whose items are looked into: one that the table names, and one that it does not.
DEEP = ("ReferencedImageSequence", "AnatomicRegionSequence")


def planted() -> Dataset:
    """Return an element of every tag of DICOM's dictionary whose VR holds text or bytes, with the canary in it."""
    found = Dataset()
    with config.disable_value_validation():
        for tag, (vr, *_, keyword) in datadict.DicomDictionary.items():
            if tag >> 16 in (0x0000, 0x0002, 0x0004, 0x7FE0, 0xFFFE) or keyword in NEEDED or not keyword:
                continue
            if vr in TEXT:
                found.add(DataElement(tag, vr, CANARY))
            elif vr in BYTES:
                found.add(DataElement(tag, vr, CANARY.encode()))
            elif vr in ("DS", "IS", "DA", "TM", "DT", "AS"):
                found.add(DataElement(tag, "LO", CANARY))  # many writers state another VR than the standard's
        block = found.private_block(0x0099, CANARY, create=True)
        for at, vr in enumerate((*TEXT, "UN")):
            block.add_new(at, vr, CANARY.encode() if vr == "UN" else CANARY)
    return found


def planted_film(tmp_path, syntax=ExplicitVRLittleEndian):
    """Return the path of a film with canaries at its top, in sequences, two deep, and in its preamble."""
    grey = draw_film(1000, 240, 200)
    path = write_dicom(tmp_path / "film.dcm", grey, syntax=syntax, StudyInstanceUID=STUDY, SeriesInstanceUID="1.2.3")
    data_set = pydicom.dcmread(path)
    inner, small = planted(), Dataset()
    inner.SourceImageSequence = [planted()]
    small.PatientName = small.TextValue = small.SeriesDescription = CANARY
    with config.disable_value_validation():
        for element in planted():
            if element.keyword not in ("SOPInstanceUID", "StudyInstanceUID"):
                data_set.add(element)
        for tag, (vr, *_, keyword) in datadict.DicomDictionary.items():
            if vr == "SQ" and keyword and tag >> 16 not in (0x0000, 0x0002, 0x0004):
                data_set.add(DataElement(tag, "SQ", [inner if keyword in DEEP else small]))
        data_set.file_meta.SourceApplicationEntityTitle = CANARY
        data_set.preamble = CANARY.encode().ljust(128, b"\0")
        data_set.save_as(path)
    return path


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("options", [Options(), Options(dates=True, characteristics=True)])
@pytest.mark.filterwarnings("ignore")
def test_no_canary_is_left(tmp_path, syntax, options):
    path = planted_film(tmp_path, syntax)
    content = path.read_bytes()
    assert content.count(CANARY.encode()) > 10_000
    made, written = film.copy(path, content, SECRET, options)
    assert CANARY.encode() not in written
    assert np.array_equal(made.pixel_array, pydicom.dcmread(path).pixel_array)


@pytest.mark.parametrize("keyword", ["ImageType", "BurnedInAnnotation", "PatientOrientation", "Laterality"])
@pytest.mark.filterwarnings("ignore")
def test_no_canary_is_left_in_what_decides_how_a_film_is_read(tmp_path, keyword):
    with config.disable_value_validation():
        path = write_dicom(tmp_path / "film.dcm", draw_film(1000, 240, 200), **{keyword: CANARY})
    _, written = film.copy(path, path.read_bytes(), SECRET, Options())
    assert CANARY.encode() not in written


@pytest.mark.filterwarnings("ignore")
def test_no_text_is_left_behind_pixels(tmp_path):
    grey = draw_film(1000, 240, 200)
    stored = (grey.astype(np.uint16) << 4).tobytes()
    path = write_dicom(tmp_path / "film.dcm", grey, pixels=stored + CANARY.encode())
    _, written = film.copy(path, path.read_bytes() + CANARY.encode(), SECRET, Options())
    assert CANARY.encode() not in written


@pytest.mark.filterwarnings("ignore")
def test_bits_above_the_pixels_are_cleared(tmp_path):
    grey = draw_film(1000, 240, 200)
    values = grey.astype(np.uint16) << 4
    values[10:20, 10:60] |= 0x8000  # an overlay, as films before 2004 hold it (PS3.5 8.1.2)
    path = write_dicom(tmp_path / "film.dcm", grey, pixels=values.tobytes())
    _, written = film.copy(path, path.read_bytes(), SECRET, Options())
    assert pydicom.dcmread(io.BytesIO(written)).pixel_array.max() < 1 << 12


def test_dates_of_birth_are_gone_whatever_is_kept(tmp_path):
    dated = {"PatientBirthDate": "19411207", "StudyDate": "20261130", "PatientID": "P1"}
    path = write_dicom(tmp_path / "film.dcm", draw_film(1000, 240, 200), **dated)
    made, written = film.copy(path, path.read_bytes(), SECRET, Options(dates=True, characteristics=True))
    assert b"19411207" not in written and b"20261130" not in written
    assert made.PatientAge == "084Y" and date.fromisoformat(made.StudyDate) < date(2026, 11, 30)
