"""What the header alone refuses, and what it does not: words of other languages, placeholders, broken values."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from edge_app.errors import UnreadableRadiograph
from edge_app.gate import gate
from edge_app.imaging import radiograph
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film
from tests.support.sentences import PYTHON

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of values that break the standard


@pytest.fixture(scope="module")
def film():
    return draw_film(9, 240, 200)


def _sentence(path) -> str:
    with pytest.raises(UnreadableRadiograph) as caught:
        radiograph.read(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.count(";") == 2 and sentence.endswith("."), "what was found; what is allowed; what to do"
    assert not PYTHON.search(sentence)
    return sentence.removeprefix(f"{path}: ")


@pytest.mark.parametrize("modality", ["CR", "DX", "DR", "RG", "XR", "RX", "SC", "OT", "RADIOGRAFIA", "", None])
def test_modalities_of_radiographs_and_unknown_ones_are_read(tmp_path, film, modality):
    assert radiograph.read(write_dicom(tmp_path / "film.dcm", film, Modality=modality)).shape == film.shape


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "MG", "NM", "PT", "XA", "RF", "SR", "ECG", "ct ", "CT\\CR"])
def test_modalities_of_something_else_are_refused(tmp_path, film, modality):
    assert _sentence(write_dicom(tmp_path / "film.dcm", film, Modality=modality)).startswith("Modality is 'CT"[:13])


CHESTS = ["CHEST", "CXR", "TÓRAX", "THORAX PA", "Tórax PA e perfil", "UNKNOWN", "PULMÓN", "PULMONES", "BRUSTKORB", "TX"]
CHESTS += ["CHESTABDOMEN", "CHEST ABDOMEN PELVIS", "RIB", "STERNUM", "HEART", "胸部", "грудная клетка", "X", "TRONCO"]
CHESTS += ["BRUST", "POITRINE", "KLATKA PIERSIOWA", "GÖĞÜS", "صدر", "TRUNK", "PORTABLE", "PA", "WHOLEBODY", "", None]


@pytest.mark.parametrize("part", CHESTS)
def test_a_part_in_any_language_is_left_to_the_gate(tmp_path, film, part):
    # In a CS, pydicom writes no such letters; others do.
    vrs = {} if part is None else {"BodyPartExamined": "LO"}
    elements = {"SpecificCharacterSet": "ISO_IR 192", "BodyPartExamined": part}
    path = write_dicom(tmp_path / "film.dcm", film, vrs=vrs, **elements)
    assert radiograph.read(path).shape == film.shape


@pytest.mark.parametrize(
    "part",
    [
        "LEG",
        "EXTREMITY",
        "Hand",
        "LEFT KNEE",
        "KNEE_R",
        "C-SPINE",
        "CSPINE",
        "T SPINE",
        "ABDOMEN",
        "PELVIS/HIP",
        "SKULL",
    ],
)
def test_another_part_is_refused(tmp_path, film, part):
    found = _sentence(write_dicom(tmp_path / "film.dcm", film, BodyPartExamined=part))
    assert (
        found == f"Body Part Examined is '{part.upper()}'; only the chest can be classified; send a film of the chest."
    )


@pytest.mark.parametrize("view", ["PA", "AP", "ANTEROPOSTERIOR", "PA BILATERAL", "FRONTAL", "STEHEND", "", None])
def test_frontal_and_unknown_views_are_read(tmp_path, film, view):
    assert radiograph.read(write_dicom(tmp_path / "film.dcm", film, ViewPosition=view)).shape == film.shape


@pytest.mark.parametrize("view", ["LL", "RL", "LAT", "LATERAL", "LLAT", "CHEST LAT", "left lateral", "LAO"])
def test_views_from_the_side_are_refused(tmp_path, film, view):
    assert _sentence(write_dicom(tmp_path / "film.dcm", film, ViewPosition=view)).startswith("View Position is ")


DATES = {"PatientBirthDate": "19500101", "StudyDate": "20200101"}
AGES = {
    "a placeholder": ({"PatientAge": "000Y"}, None),
    "a placeholder beside a birth date": ({"PatientAge": "000Y", **DATES}, 70),
    "years that the dates contradict": ({"PatientAge": "005Y", **DATES}, None),
    "years near the dates": ({"PatientAge": "068Y", **DATES}, 68),
    "a child by both, not the same": (
        {"PatientAge": "005Y", "PatientBirthDate": "20120301", "StudyDate": "20200101"}, 7.84,
    ),
    "a newborn in days": ({"PatientAge": "000D"}, 0),
    "an infant in weeks": ({"PatientAge": "006W"}, 0.115),
    "an infant in months": ({"PatientAge": "018M"}, 1.5),
    "months that the dates contradict": ({"PatientAge": "018M", **DATES}, 1.5),
    "0 years and born two months ago": (
        {"PatientAge": "000Y", "PatientBirthDate": "20191101", "StudyDate": "20200101"}, 0.167,
    ),
    "a birth date of a placeholder": ({"PatientBirthDate": "19000101", "StudyDate": "20200101"}, None),
    "a child beside a birth date of a placeholder": (
        {"PatientAge": "005Y", "PatientBirthDate": "19000101", "StudyDate": "20200101"}, 5,
    ),
    "every date the same placeholder": ({"PatientBirthDate": "20000101", "StudyDate": "20000101"}, None),
    "born on the day of the film": ({"PatientBirthDate": "20000517", "StudyDate": "20000517"}, 0),
    "no study date": ({"PatientBirthDate": "19500101", "AcquisitionDate": "20200101"}, 70),
    "dates of before 1993": ({"PatientBirthDate": "1950.01.01", "StudyDate": "20200101"}, 70),
    "a number alone": ({"PatientAge": "45"}, 45),
    "a blank inside": ({"PatientAge": "45 Y"}, 45),
    "two values": ({"PatientAge": "045Y\\046Y"}, 45),
    "a unit that is not known": ({"PatientAge": "045J"}, None),
    "text": ({"PatientAge": "ADULT"}, None),
    "nothing": ({"PatientAge": "", "PatientBirthDate": "", "StudyDate": ""}, None),
    "a date that is none": ({"PatientBirthDate": "19501399", "StudyDate": "20200101"}, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", AGES)
def test_placeholders_of_ages_and_dates_are_unknown(tmp_path, film, kind):
    elements, years = AGES[kind]
    path = write_dicom(tmp_path / "film.dcm", film, **elements)
    age = radiograph.decode(path, path.read_bytes()).age
    assert age == (None if years is None else pytest.approx(years, abs=0.03))


def test_a_child_is_refused_whatever_its_birth_date_says_of_its_childhood():
    assert gate.of_age(7.8) and gate.of_age(0) and gate.of_age(None) is None and gate.of_age(70) is None


# Values that break the rules of their elements, each in place of the right one.
ODD = {
    "Rows of several values": {"Rows": [240, 200]},
    "an empty Planar Configuration": {"PlanarConfiguration": ""},
    "an empty Number of Frames": {"NumberOfFrames": ""},
    "no frames": {"NumberOfFrames": 0},
    "a view of several values": {"ViewPosition": ["PA", "AP"]},
    "a part of several values": {"BodyPartExamined": ["CHEST", "ABDOMEN"]},
    "an empty padding": {"PixelPaddingValue": ""},
    "a range of padding alone": {"PixelPaddingRangeLimit": 7},
    "an unknown character set": {"SpecificCharacterSet": "KOI-8"},
    "an empty shape": {"PresentationLUTShape": ""},
    "a sequence without items": {"VOILUTSequence": [], "ModalityLUTSequence": [], "AnatomicRegionSequence": []},
    "items without elements": {"VOILUTSequence": [Dataset()], "ModalityLUTSequence": [Dataset()]},
    "an empty High Bit": {"HighBit": ""},
    "an empty representation": {"PixelRepresentation": ""},
}


@pytest.mark.parametrize("kind", ODD)
def test_values_that_break_rules_but_say_nothing_of_the_pixels_cost_no_film(tmp_path, film, kind):
    odd = radiograph.read(write_dicom(tmp_path / "odd.dcm", film, **ODD[kind]))
    assert np.array_equal(odd, radiograph.read(write_dicom(tmp_path / "plain.dcm", film)))


@pytest.mark.parametrize("vr", ["UL", "SS", "IS", "DS", "UN", "LO"])
def test_numbers_of_another_vr(tmp_path, film, vr):
    path = write_dicom(tmp_path / "film.dcm", film)
    at = path.read_bytes().index(b"\x28\0\x10\0US\2\0\xf0\0")
    value = {"UL": b"\xf0\0\0\0", "SS": b"\xf0\0", "UN": b"\xf0\0"}.get(vr, b"240 ")
    length = len(value).to_bytes(4, "little") if vr == "UN" else len(value).to_bytes(2, "little")
    content = path.read_bytes()
    element = b"\x28\0\x10\0" + vr.encode() + (b"\0\0" if vr == "UN" else b"") + length + value
    path.write_bytes(content[:at] + element + content[at + 10 :])
    assert radiograph.read(path).shape == film.shape


@pytest.mark.parametrize("vr", [b"ZZ", b"  ", b"cs", b"\0\0"])
def test_a_vr_that_is_none(tmp_path, film, vr):
    path = write_dicom(tmp_path / "film.dcm", film)
    content = path.read_bytes()
    assert content.count(b"\x18\0\x15\0CS") == 1
    path.write_bytes(content.replace(b"\x18\0\x15\0CS", b"\x18\0\x15\0" + vr))
    assert radiograph.read(path).shape == film.shape


@pytest.mark.parametrize(
    ("elements", "sentence"),
    [
        ({"NumberOfFrames": 12}, "Number of Frames is 12; a radiograph has 1; export one frame."),
        ({"BitsAllocated": 32}, "Bits Allocated is 32; a radiograph has 8 or 16; export it again."),
        ({"BitsAllocated": 1}, "Bits Allocated is 1; a radiograph has 8 or 16; export it again."),
        ({"BitsAllocated": ""}, "Bits Allocated is 0; "),
        ({"SamplesPerPixel": 3}, "Samples per Pixel is 3; MONOCHROME2 has 1; export it again."),
        ({"PhotometricInterpretation": "CMYK"}, "Photometric Interpretation is 'CMYK'; a radiograph must be "),
        ({"PhotometricInterpretation": ""}, "Photometric Interpretation is missing; a radiograph must be "),
    ],
)
def test_pixels_of_another_kind_are_refused_in_a_sentence(tmp_path, film, elements, sentence):
    assert _sentence(write_dicom(tmp_path / "film.dcm", film, **elements)).startswith(sentence)
