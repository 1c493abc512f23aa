"""Grey levels of films as modalities send them, made with pydicom, and of the real films of `pydicom-data`."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from edge_app.imaging import preprocess, radiograph
from edge_app.sources import sample
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film


@pytest.fixture(scope="module")
def film():
    return draw_film(9, 240, 200)


def _like(grey, film) -> float:
    return np.corrcoef(grey.ravel().astype(float), film.ravel().astype(float))[0, 1]


def test_a_real_film_shows_the_same_however_it_is_compressed():
    pixels = {
        kind: preprocess.to_pixels(radiograph.read(sample.path().with_name(f"RG1_{kind}.dcm")), 192).astype(int)
        for kind in ("UNCR", "UNCI", "J2KR", "J2KI")
    }
    assert np.array_equal(pixels["UNCR"], pixels["J2KR"])  # both without loss
    for kind in ("UNCI", "J2KI"):
        # The same film after a lossy compression: fractions of a level, a few at sharp edges.
        assert np.abs(pixels["UNCR"] - pixels[kind]).mean() < 2


def test_the_sample_is_a_chest_with_dark_lungs_and_white_bone():
    grey = radiograph.read(sample.path())
    assert grey.shape == (1955, 1841)
    pixels = preprocess.to_pixels(grey, 100)[..., 0].astype(int)
    lungs = (pixels[35:60, 22:38].mean() + pixels[35:60, 62:78].mean()) / 2
    spine = pixels[40:70, 46:54].mean()
    assert lungs + 30 < spine


def test_stored_values_become_grey(tmp_path, film):
    grey = radiograph.read(write_dicom(tmp_path / "film.dcm", film))
    assert grey.dtype == np.uint8
    assert grey.shape == film.shape
    apart = preprocess.to_pixels(grey, 64).astype(int) - preprocess.to_pixels(film, 64)
    assert np.abs(apart).max() <= 3  # two stretches, to slightly different ends


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_every_depth(tmp_path, film, bits):
    path = tmp_path / "film.dcm"
    if bits == 8:
        write_dicom(path, film, bits=8, pixels=film.tobytes(), BitsAllocated=8)
    else:
        write_dicom(path, film, bits=bits)
    assert _like(radiograph.read(path), film) > 0.999


def test_signed_values(tmp_path, film):
    stored = film.astype(np.int16) * 8 - 1000
    path = write_dicom(
        tmp_path / "film.dcm", film, pixels=stored.tobytes(), PixelRepresentation=1, BitsStored=16, HighBit=15
    )
    assert _like(radiograph.read(path), film) > 0.999


def test_monochrome1_is_the_inverse_of_monochrome2(tmp_path, film):
    plain = radiograph.read(write_dicom(tmp_path / "2.dcm", film))
    inverse = radiograph.read(write_dicom(tmp_path / "1.dcm", film, PhotometricInterpretation="MONOCHROME1"))
    assert np.abs(plain.astype(int) + inverse - 255).max() <= 1
    assert np.array_equal(
        inverse, radiograph.read(write_dicom(tmp_path / "i.dcm", film, PresentationLUTShape="INVERSE"))
    )


def test_the_window_is_applied(tmp_path, film):
    # 12 bits: the film holds 16 times its grey levels. Black to 800 (level 50), white from 2400 (level 150).
    grey = radiograph.read(write_dicom(tmp_path / "film.dcm", film, WindowCenter=1600, WindowWidth=1600))
    assert not grey[film < 49].any()
    assert (grey[film > 151] == 255).all()
    assert np.abs(grey[film == 100].astype(int) - 127).max() <= 2


def test_the_first_of_several_windows_is_applied(tmp_path, film):
    one = radiograph.read(write_dicom(tmp_path / "1.dcm", film, WindowCenter=1600, WindowWidth=1600))
    two = radiograph.read(write_dicom(tmp_path / "2.dcm", film, WindowCenter=[1600, 30], WindowWidth=[1600, 60]))
    assert np.array_equal(one, two)


@pytest.mark.parametrize(("centre", "width"), [(60000, 10), (-5000, 100), (2048, 1), (2048, 0), (0, 2), (5000, -10)])
def test_a_window_that_shows_nothing_is_not_used(tmp_path, film, centre, width):
    without = radiograph.read(write_dicom(tmp_path / "1.dcm", film))
    absurd = radiograph.read(write_dicom(tmp_path / "2.dcm", film, WindowCenter=centre, WindowWidth=width))
    assert np.array_equal(absurd, without)


def test_a_voi_lut_is_applied(tmp_path, film):
    table = Dataset()
    # 4096 entries of 16 bits that turn black and white round: what no window could do.
    table.LUTDescriptor = [4096, 0, 16]
    table.LUTData = np.linspace(65535, 0, 4096).astype(np.uint16).tolist()
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
    grey = radiograph.read(write_dicom(tmp_path / "film.dcm", film, VOILUTSequence=[table]))
    assert _like(grey, film) < -0.99


def test_rescale_comes_before_the_window(tmp_path, film):
    plain = radiograph.read(write_dicom(tmp_path / "1.dcm", film, WindowCenter=1600, WindowWidth=1600))
    rescaled = {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowCenter": 2200, "WindowWidth": 3200}
    apart = radiograph.read(write_dicom(tmp_path / "2.dcm", film, **rescaled)).astype(int) - plain
    assert np.abs(apart).max() <= 1  # the window's half a value, PS3.3 C.11.2.1.2


@pytest.mark.parametrize("missing", ["Modality", "ViewPosition", "BodyPartExamined"])
def test_what_many_films_leave_out_is_not_asked_for(tmp_path, film, missing):
    for value in (None, ""):
        assert _like(radiograph.read(write_dicom(tmp_path / "film.dcm", film, **{missing: value})), film) > 0.999


def test_content_decides_and_not_the_name(tmp_path, film):
    path = write_dicom(tmp_path / "film.png", film)
    assert radiograph.read(path).shape == film.shape


@pytest.mark.parametrize(
    ("elements", "years"),
    [
        ({"PatientAge": "012Y"}, 12),
        ({"PatientAge": "12Y"}, 12),
        ({"PatientAge": "018M"}, 1.5),
        ({"PatientAge": "026W"}, 0.5),
        ({"PatientAge": "003D"}, 0),
        ({"PatientAge": "064Y", "PatientBirthDate": "20150101", "StudyDate": "20200101"}, None),
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
    path = write_dicom(tmp_path / "film.dcm", film, **elements)
    age = radiograph.decode(path, path.read_bytes()).age
    assert age == (None if years is None else pytest.approx(years, abs=0.01))
