"""What is kept of a DICOM header beside a reading: useful facts, and nothing that names somebody."""

import json

import pytest

from edge_app.imaging import dicom_facts, radiograph
from edge_app.workers.decode_pool import Decoded, DecodePool
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of values that break the standard

WHOLE = {
    "AcquisitionDate": "20260412",
    "StudyDate": "20260411",
    "PatientAge": "047Y",
    "Laterality": "U",
    "PatientOrientation": ["L", "F"],
    "Manufacturer": "Carestream Health",
    "ManufacturerModelName": "DRX-1",
    "ImagerPixelSpacing": [0.139, 0.139],
}
SECRETS = {
    "PatientName": "Okafor^Ngozi",
    "PatientID": "4711-0815",
    "PatientBirthDate": "19790301",
    "PatientAddress": "Lindenweg 3",
    "InstitutionName": "St. Elsewhere",
    "ReferringPhysicianName": "Grey^Meredith",
    "OperatorsName": "Operator^Otto",
    "AccessionNumber": "A123456",
    "StationName": "ROOM7",
    "StudyDescription": "Thorax Okafor",
    "DeviceSerialNumber": "SN-99871",
    "ProtocolName": "PA Okafor",
}


@pytest.fixture(scope="module")
def film():
    return draw_film(9, 240, 200)


@pytest.fixture
def facts(tmp_path, film):
    """Return what is kept of a file with elements."""

    def of(**elements):
        path = write_dicom(tmp_path / "film.dcm", film, **elements)
        return radiograph.decode(path, path.read_bytes()).facts

    return of


def test_facts_of_a_whole_header(facts):
    assert facts(**WHOLE) == {
        "date": "2026-04-12",
        "modality": "DX",
        "view": "PA",
        "orientation": "L/F",
        "age_group": "40-49",
        "manufacturer": "Carestream Health",
        "device": "DRX-1",
        "pixel_mm": "0.139",
    }


def test_nothing_that_names_somebody_is_kept(facts):
    kept = json.dumps(facts(**WHOLE, **SECRETS))
    for name, secret in SECRETS.items():
        for part in (secret, *secret.split("^")):
            assert part not in kept, name
    assert "47" not in kept, "an age is told as a decade"


def test_they_come_out_of_the_decoders_process(tmp_path, film):
    path = write_dicom(tmp_path / "film.dcm", film, **WHOLE)
    with DecodePool(children=1) as pool:
        decoded = pool.film(path)
    assert isinstance(decoded, Decoded)
    assert decoded.facts == radiograph.decode(path, path.read_bytes()).facts and decoded.facts["view"] == "PA"
    assert decoded.age == 47 and decoded.ms > 0 and decoded.grey.shape == film.shape


def test_a_file_of_another_format_has_none(tmp_path, film):
    from PIL import Image

    path = tmp_path / "film.png"
    Image.fromarray(film).save(path)
    assert radiograph.decode(path, path.read_bytes()).facts == {}


@pytest.mark.parametrize(
    ("age", "group"),
    [
        *[(None, ""), (0.1, "0-15"), (15.99, "0-15"), (16, "16-19"), (19.9, "16-19"), (20, "20-29")],
        *[(39.99, "30-39"), (40, "40-49"), (89.9, "80-89"), (90, "90+"), (104, "90+")],
    ],
)
def test_age_groups(age, group):
    assert dicom_facts.age_group(age) == group


@pytest.mark.parametrize(
    "values",
    [
        {"AcquisitionDate": "19000101"},
        {"AcquisitionDate": "00010101"},
        {"AcquisitionDate": "99991231"},
        {"AcquisitionDate": "2026"},
        {"Manufacturer": "Anonymized", "ManufacturerModelName": "ANONYMOUS DEVICE"},
        {"Manufacturer": "UNKNOWN", "ManufacturerModelName": "n/a"},
        {"Manufacturer": "xxxx", "ManufacturerModelName": "000"},
        {"Manufacturer": "de-identified by CTP", "ManufacturerModelName": "[REMOVED]"},
        {"Manufacturer": " ", "ManufacturerModelName": "None"},
        {"ImagerPixelSpacing": [0, 0]},
        {"ImagerPixelSpacing": [1000, 1000]},
        {"PixelSpacing": ["0.1"]},
        {"PatientOrientation": ["L"]},
        {"PatientOrientation": ["OKAFOR", "NGOZI"]},
        {"Laterality": "U", "ImageLaterality": "OKAFOR"},
        {"PatientAge": "000Y"},
    ],
    ids=str,
)
def test_placeholders_and_broken_values_are_left_out(facts, values):
    assert facts(**values) == {"modality": "DX", "view": "PA"}


@pytest.mark.parametrize(
    ("view", "found"),
    [
        ("AP", "AP"),
        ("ap supine", "AP"),
        ("AP_ERECT", "AP"),
        ("PA", "PA"),
        ("PAP", None),
        ("DORSO", None),
        ("PA AP", None),
    ],
)
def test_only_views_that_are_known_are_told(facts, view, found):
    assert facts(ViewPosition=view).get("view") == found


def test_the_study_date_stands_in_for_a_placeholder_of_the_films(facts):
    assert facts(AcquisitionDate="19000101", StudyDate="20260411")["date"] == "2026-04-11"


def test_text_is_short_and_has_no_control_characters(facts):
    name = "Acme\x1b[31m\u202e " + "X" * 60
    found = facts(Manufacturer=name, SpecificCharacterSet="ISO_IR 192")["manufacturer"]
    assert found == ("Acme [31m " + "X" * 60)[: dicom_facts.MOST_LETTERS] and found.isprintable()


def test_a_value_of_several_gives_the_first(facts):
    assert facts(Manufacturer=["Fuji", "Okafor^Ngozi"])["manufacturer"] == "Fuji"


def test_pixels_that_are_not_square_are_told_with_both_sides(facts):
    found = facts(ImagerPixelSpacing=["0.14", "0.1675"])["pixel_mm"]
    assert found == "0.14 x 0.1675"
