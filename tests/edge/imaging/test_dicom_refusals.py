"""Data sets that hold no frontal chest film, are damaged, or need a package that is not installed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000

from edge_app.errors import EdgeError, MissingPackage, UnreadableRadiograph
from edge_app.imaging import preprocess, radiograph
from edge_app.sources import sample
from tests.support.damage import damage
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film
from tests.support.sentences import PYTHON

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def film():
    return draw_film(9, 240, 200)


def _refusal(path, fault=UnreadableRadiograph) -> str:
    with pytest.raises(fault) as caught:
        radiograph.read(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith((".", "'"))
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path}: ")


@pytest.mark.parametrize("kind", ["UNCR", "UNCI", "J2KR", "J2KI"])
def test_a_real_film_of_a_leg_is_refused(kind):
    found = _refusal(sample.path().with_name(f"RG3_{kind}.dcm"))
    assert found == "Body Part Examined is 'EXTREMITY'; only the chest can be classified; send a film of the chest."


@pytest.mark.parametrize(
    ("elements", "sentence"),
    [
        ({"Modality": "CT"}, "Modality is 'CT'; "),
        ({"Modality": "US"}, "Modality is 'US'; "),
        ({"ViewPosition": "LL"}, "View Position is 'LL'; only frontal films"),
        ({"ViewPosition": "LATERAL"}, "View Position is 'LATERAL'; only frontal films"),
        ({"BodyPartExamined": "LEG"}, "Body Part Examined is 'LEG'; only the chest"),
        ({"NumberOfFrames": 3}, "Number of Frames is 3; a radiograph has 1"),
        (
            {"PhotometricInterpretation": "HSV"},
            "Photometric Interpretation is 'HSV'; a radiograph must be MONOCHROME1 or MONOCHROME2, or grey in RGB",
        ),
        ({"PhotometricInterpretation": "RGB"}, "Samples per Pixel is 1; RGB has 3; export it again"),
        ({"PhotometricInterpretation": None}, "Photometric Interpretation is missing; "),
        ({"BitsAllocated": 12}, "Bits Allocated is 12; a radiograph has 8 or 16"),
        ({"Rows": 20}, "is 200 x 20 pixels; "),
        ({"Rows": 60000, "Columns": 60000}, "is 60000 x 60000 pixels; at most 100,000,000"),
    ],
)
def test_the_header_already_refuses(tmp_path, film, elements, sentence):
    assert _refusal(write_dicom(tmp_path / "film.dcm", film, **elements)).startswith(sentence)


def test_a_report_holds_no_picture(tmp_path, film):
    found = _refusal(write_dicom(tmp_path / "film.dcm", film, pixels=b""))
    assert found == "holds no Pixel Data; send the image itself, not a report or an index."


def test_a_blank_film(tmp_path, film):
    path = write_dicom(tmp_path / "film.dcm", np.full_like(film, 70))
    with pytest.raises(UnreadableRadiograph, match="blank"):
        preprocess.to_pixels(radiograph.read(path), 64)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.98])
def test_a_film_that_is_cut_off(tmp_path, film, share):
    path = write_dicom(tmp_path / "film.dcm", film)
    content = path.read_bytes()
    path.write_bytes(content[: max(140, int(len(content) * share))])
    assert _refusal(path)


def test_only_a_preamble(tmp_path):
    path = tmp_path / "film.dcm"
    path.write_bytes(bytes(128) + b"DICM")
    assert _refusal(path)


def test_pixels_that_the_decoder_refuses(tmp_path, film):
    pixels = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 not a code stream"])
    assert _refusal(write_dicom(tmp_path / "film.dcm", film, syntax=JPEG2000, pixels=pixels))


def test_without_pydicom_the_command_is_named(tmp_path, film, monkeypatch):
    path = write_dicom(tmp_path / "film.dcm", film)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    found = _refusal(path, MissingPackage)
    assert "package 'pydicom' is not installed; run 'pip install pydicom" in found


def test_pictures_are_read_without_importing_pydicom(film_path):
    script = (
        "import sys; from pathlib import Path; sys.modules['pydicom'] = None\n"
        "from edge_app.imaging import radiograph; print(radiograph.read(Path(sys.argv[1])).shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, film_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(240, 200)"


def test_random_damage_leaves_only_as_a_sentence(tmp_path, film):
    small = film[:80, :90]
    contents = [
        write_dicom(tmp_path / "1", small).read_bytes(),
        write_dicom(
            tmp_path / "2", small, WindowCenter=1600, WindowWidth=900, RescaleSlope=2, RescaleIntercept=3
        ).read_bytes(),
        write_dicom(tmp_path / "3", small, bits=8, pixels=small.tobytes(), BitsAllocated=8).read_bytes(),
    ]
    rng = np.random.default_rng(31)
    path = tmp_path / "film"
    refused = 0
    for i in range(200):
        content = contents[i % 3]
        path.write_bytes(content[:132] + damage(content[132:900], rng) + content[900:])
        try:
            assert radiograph.read(path).dtype == np.uint8
        except EdgeError as error:
            assert str(error).startswith(f"{path}: ")
            assert not PYTHON.search(str(error)), error
            refused += 1
    assert refused > 50


def test_a_character_set_that_pydicom_cannot_convert_is_a_sentence(tmp_path, film):
    path = write_dicom(tmp_path / "film.dcm", film, SpecificCharacterSet="ISO_IR 192")
    content = path.read_bytes()
    assert content.count(b"\x08\0\x05\0CS") == 1
    path.write_bytes(content.replace(b"\x08\0\x05\0CS", b"\x08\0\x05\0FL"))  # of four bytes each, and it has ten
    assert _refusal(path).startswith("is a damaged DICOM file")
