"""Data sets as modalities send them, made with pydicom, and the real films of the package `pydicom-data`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import JPEG2000, ExplicitVRLittleEndian, HTJ2KLossless, JPEGLSLossless

from edge_app.errors import EdgeError, MissingPackage, UnreadableRadiograph
from edge_app.imaging import preprocess, radiograph
from edge_app.sources import sample
from tests.support.damage import damage
from tests.support.films import draw_film

ROOT = Path(__file__).parents[3]
DIGITAL_XRAY = "1.2.840.10008.5.1.4.1.1.1.1"  # PS3.4 B.5: Digital X-Ray Image Storage, For Presentation


@pytest.fixture(scope="module")
def film():
    return draw_film(9, 240, 200)


def _write(path, film, *, bits=12, syntax=ExplicitVRLittleEndian, pixels=None, **elements) -> Path:
    """Write a digital radiograph; `elements` replace or, if None, remove elements by keyword."""
    stored = film.astype(np.uint16) << (bits - 8)
    data_set = FileDataset(str(path), {}, preamble=bytes(128), file_meta=FileMetaDataset())
    data_set.file_meta.TransferSyntaxUID = syntax
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID = DIGITAL_XRAY
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID = "1.2.3.4"
    data_set.Modality, data_set.ViewPosition, data_set.BodyPartExamined = "DX", "PA", "CHEST"
    data_set.PhotometricInterpretation, data_set.SamplesPerPixel = "MONOCHROME2", 1
    data_set.Rows, data_set.Columns = film.shape
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 16, bits, bits - 1, 0
    if pixels is None:
        pixels = stored.tobytes()
    for keyword, value in elements.items():
        if value is None:
            delattr(data_set, keyword)
        else:
            setattr(data_set, keyword, value)
    if pixels:
        data_set.PixelData = pixels
        data_set["PixelData"].VR = "OW"
        data_set["PixelData"].is_undefined_length = syntax.is_compressed
    data_set.save_as(path)
    return path


def _refusal(path, fault=UnreadableRadiograph) -> str:
    with pytest.raises(fault) as caught:
        radiograph.read(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith((".", "'"))
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path}: ")


def _like(grey, film) -> float:
    return np.corrcoef(grey.ravel().astype(float), film.ravel().astype(float))[0, 1]


# --- real films -----------------------------------------------------------------------------------


def test_a_real_film_shows_the_same_however_it_is_compressed():
    pixels = {
        kind: preprocess.to_pixels(radiograph.read(sample.path().with_name(f"RG1_{kind}.dcm")), 192).astype(int)
        for kind in ("UNCR", "UNCI", "J2KR", "J2KI")
    }
    assert np.array_equal(pixels["UNCR"], pixels["J2KR"])  # both without loss
    for kind in ("UNCI", "J2KI"):
        # The same film after a lossy compression: fractions of a level, a few at sharp edges.
        assert np.abs(pixels["UNCR"] - pixels[kind]).mean() < 2


@pytest.mark.parametrize("kind", ["UNCR", "UNCI", "J2KR", "J2KI"])
def test_a_real_film_of_a_leg_is_refused(kind):
    found = _refusal(sample.path().with_name(f"RG3_{kind}.dcm"))
    assert found == "Body Part Examined is 'EXTREMITY'; only the chest can be classified."


def test_the_sample_is_a_chest_with_dark_lungs_and_white_bone():
    grey = radiograph.read(sample.path())
    assert grey.shape == (1955, 1841)
    pixels = preprocess.to_pixels(grey, 100)[..., 0].astype(int)
    lungs = (pixels[35:60, 22:38].mean() + pixels[35:60, 62:78].mean()) / 2
    spine = pixels[40:70, 46:54].mean()
    assert lungs + 30 < spine


# --- rules of the standard ------------------------------------------------------------------------


def test_stored_values_become_grey(tmp_path, film):
    grey = radiograph.read(_write(tmp_path / "film.dcm", film))
    assert grey.dtype == np.uint8
    assert grey.shape == film.shape
    apart = preprocess.to_pixels(grey, 64).astype(int) - preprocess.to_pixels(film, 64)
    assert np.abs(apart).max() <= 3  # two stretches, to slightly different ends


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_every_depth(tmp_path, film, bits):
    path = tmp_path / "film.dcm"
    if bits == 8:
        _write(path, film, bits=8, pixels=film.tobytes(), BitsAllocated=8)
    else:
        _write(path, film, bits=bits)
    assert _like(radiograph.read(path), film) > 0.999


def test_signed_values(tmp_path, film):
    stored = film.astype(np.int16) * 8 - 1000
    path = _write(
        tmp_path / "film.dcm", film, pixels=stored.tobytes(), PixelRepresentation=1, BitsStored=16, HighBit=15
    )
    assert _like(radiograph.read(path), film) > 0.999


def test_monochrome1_is_the_inverse_of_monochrome2(tmp_path, film):
    plain = radiograph.read(_write(tmp_path / "2.dcm", film))
    inverse = radiograph.read(_write(tmp_path / "1.dcm", film, PhotometricInterpretation="MONOCHROME1"))
    assert np.abs(plain.astype(int) + inverse - 255).max() <= 1
    assert np.array_equal(inverse, radiograph.read(_write(tmp_path / "i.dcm", film, PresentationLUTShape="INVERSE")))


def test_the_window_is_applied(tmp_path, film):
    # 12 bits: the film holds 16 times its grey levels. Black to 800 (level 50), white from 2400 (level 150).
    grey = radiograph.read(_write(tmp_path / "film.dcm", film, WindowCenter=1600, WindowWidth=1600))
    assert not grey[film < 49].any()
    assert (grey[film > 151] == 255).all()
    assert np.abs(grey[film == 100].astype(int) - 127).max() <= 2


def test_the_first_of_several_windows_is_applied(tmp_path, film):
    one = radiograph.read(_write(tmp_path / "1.dcm", film, WindowCenter=1600, WindowWidth=1600))
    two = radiograph.read(_write(tmp_path / "2.dcm", film, WindowCenter=[1600, 30], WindowWidth=[1600, 60]))
    assert np.array_equal(one, two)


@pytest.mark.parametrize(("centre", "width"), [(60000, 10), (-5000, 100), (2048, 1), (2048, 0), (0, 2), (5000, -10)])
def test_a_window_that_shows_nothing_is_not_used(tmp_path, film, centre, width):
    without = radiograph.read(_write(tmp_path / "1.dcm", film))
    absurd = radiograph.read(_write(tmp_path / "2.dcm", film, WindowCenter=centre, WindowWidth=width))
    assert np.array_equal(absurd, without)


def test_a_voi_lut_is_applied(tmp_path, film):
    table = Dataset()
    # 4096 entries of 16 bits that turn black and white round: what no window could do.
    table.LUTDescriptor = [4096, 0, 16]
    table.LUTData = np.linspace(65535, 0, 4096).astype(np.uint16).tolist()
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
    grey = radiograph.read(_write(tmp_path / "film.dcm", film, VOILUTSequence=[table]))
    assert _like(grey, film) < -0.99


def test_rescale_comes_before_the_window(tmp_path, film):
    plain = radiograph.read(_write(tmp_path / "1.dcm", film, WindowCenter=1600, WindowWidth=1600))
    rescaled = {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowCenter": 2200, "WindowWidth": 3200}
    apart = radiograph.read(_write(tmp_path / "2.dcm", film, **rescaled)).astype(int) - plain
    assert np.abs(apart).max() <= 1  # the window's half a value, PS3.3 C.11.2.1.2


@pytest.mark.parametrize("missing", ["Modality", "ViewPosition", "BodyPartExamined"])
def test_what_many_films_leave_out_is_not_asked_for(tmp_path, film, missing):
    for value in (None, ""):
        assert _like(radiograph.read(_write(tmp_path / "film.dcm", film, **{missing: value})), film) > 0.999


def test_content_decides_and_not_the_name(tmp_path, film):
    path = _write(tmp_path / "film.png", film)
    assert radiograph.read(path).shape == film.shape


# --- what is no frontal chest film ----------------------------------------------------------------


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
            {"PhotometricInterpretation": "RGB"},
            "Photometric Interpretation is 'RGB'; a radiograph must be MONOCHROME1 or MONOCHROME2",
        ),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "Photometric Interpretation is 'PALETTE COLOR'; "),
        ({"Rows": 20}, "is 200 x 20 pixels; "),
        ({"Rows": 60000, "Columns": 60000}, "is 60000 x 60000 pixels; at most 100,000,000"),
    ],
)
def test_the_header_already_refuses(tmp_path, film, elements, sentence):
    assert _refusal(_write(tmp_path / "film.dcm", film, **elements)).startswith(sentence)


def test_a_report_holds_no_picture(tmp_path, film):
    found = _refusal(_write(tmp_path / "film.dcm", film, pixels=b""))
    assert found == "holds no Pixel Data; send the image itself, not a report or an index."


def test_a_blank_film(tmp_path, film):
    path = _write(tmp_path / "film.dcm", np.full_like(film, 70))
    with pytest.raises(UnreadableRadiograph, match="blank"):
        preprocess.to_pixels(radiograph.read(path), 64)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.98])
def test_a_film_that_is_cut_off(tmp_path, film, share):
    path = _write(tmp_path / "film.dcm", film)
    content = path.read_bytes()
    path.write_bytes(content[: max(140, int(len(content) * share))])
    assert _refusal(path)


def test_only_a_preamble(tmp_path):
    path = tmp_path / "film.dcm"
    path.write_bytes(bytes(128) + b"DICM")
    assert _refusal(path)


# --- what is not installed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("syntax", "name"), [(JPEGLSLossless, "JPEG-LS"), (HTJ2KLossless, "High-Throughput JPEG 2000")]
)
def test_a_missing_decoder_is_named_with_its_command(tmp_path, film, syntax, name):
    from pydicom.pixels import get_decoder

    if get_decoder(syntax).is_available:
        pytest.skip("a decoder for it is installed here")
    pixels = pydicom.encaps.encapsulate([b"\xff\xd8 not asked for"])
    found = _refusal(_write(tmp_path / "film.dcm", film, syntax=syntax, pixels=pixels), EdgeError)
    assert found.startswith("Transfer Syntax is '")
    assert name in found
    assert "run 'pip install python-gdcm'" in found


def test_pixels_that_the_decoder_refuses(tmp_path, film):
    pixels = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 not a code stream"])
    assert _refusal(_write(tmp_path / "film.dcm", film, syntax=JPEG2000, pixels=pixels))


def test_without_pydicom_the_command_is_named(tmp_path, film, monkeypatch):
    path = _write(tmp_path / "film.dcm", film)
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


# --- damage ---------------------------------------------------------------------------------------


def test_pydicoms_own_odd_files_leave_only_as_a_sentence():
    folder = Path(pydicom.data.__file__).parent / "test_files"
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    outcomes = {}
    for path in paths:
        try:
            outcomes[path.name] = radiograph.read(path).dtype
        except EdgeError as error:
            outcomes[path.name] = str(error)
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
    assert len(outcomes) > 100
    assert all(outcome == np.uint8 or isinstance(outcome, str) for outcome in outcomes.values())


def test_random_damage_leaves_only_as_a_sentence(tmp_path, film):
    small = film[:80, :90]
    contents = [
        _write(tmp_path / "1", small).read_bytes(),
        _write(
            tmp_path / "2", small, WindowCenter=1600, WindowWidth=900, RescaleSlope=2, RescaleIntercept=3
        ).read_bytes(),
        _write(tmp_path / "3", small, bits=8, pixels=small.tobytes(), BitsAllocated=8).read_bytes(),
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
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("elements", "years"),
    [
        ({"PatientAge": "012Y"}, 12),
        ({"PatientAge": "12Y"}, 12),
        ({"PatientAge": "018M"}, 1.5),
        ({"PatientAge": "026W"}, 0.5),
        ({"PatientAge": "003D"}, 0),
        ({"PatientAge": "064Y", "PatientBirthDate": "20150101", "StudyDate": "20200101"}, 64),
        ({"PatientAge": "twelve", "PatientBirthDate": "20150101", "StudyDate": "20200101"}, 5),
        ({"PatientBirthDate": "19560229", "StudyDate": "20200229"}, 64),
        ({"PatientBirthDate": "20200229", "StudyDate": "20200101"}, None),
        ({"PatientBirthDate": "1956", "StudyDate": "20200229"}, None),
        ({"PatientAge": ""}, None),
        ({}, None),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of values that break the standard
def test_age_of_the_patient_is_told(tmp_path, film, elements, years):
    path = _write(tmp_path / "film.dcm", film, **elements)
    age = radiograph.decode(path, path.read_bytes()).age
    assert age == (None if years is None else pytest.approx(years, abs=0.01))
