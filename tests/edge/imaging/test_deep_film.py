"""Films at full depth: shown in their own window they look as the judged film does, and hold what 8 bits lose."""

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from edge_app.imaging import deep_film, radiograph
from edge_app.imaging.deep_film import Spacing, Window
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film


@pytest.fixture
def film():
    """Return a drawn film, uint8 (240, 200)."""
    return draw_film(1000, 240, 200)


def _deep(path):
    return radiograph.deep(path, path.read_bytes())


def _apart(path) -> int:
    return np.abs(deep_film.shown(_deep(path)).astype(int) - radiograph.read(path)).max()


LUT = Dataset()
LUT.LUTDescriptor, LUT.LUTData = [4096, 0, 16], np.linspace(0, 65535, 4096).astype(np.uint16).tolist()
LUT["LUTDescriptor"].VR = LUT["LUTData"].VR = "US"
TURNED = Dataset()
TURNED.LUTDescriptor, TURNED.LUTData = [4096, 0, 16], np.linspace(65535, 0, 4096).astype(np.uint16).tolist()
TURNED["LUTDescriptor"].VR = TURNED["LUTData"].VR = "US"
ROOT = Dataset()  # the values' square roots: no straight line
ROOT.LUTDescriptor, ROOT.LUTData = [4096, 0, 12], np.sqrt(np.arange(4096) * 4095).astype(np.uint16).tolist()
ROOT["LUTDescriptor"].VR = ROOT["LUTData"].VR = "US"


@pytest.mark.parametrize(
    "elements",
    [
        {},
        {"WindowCenter": 1600, "WindowWidth": 1600},
        {"WindowCenter": 1600, "WindowWidth": 1600, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": 1600, "WindowWidth": 1600, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 1600, "WindowWidth": 1600, "PhotometricInterpretation": "MONOCHROME1"},
        {"WindowCenter": 1600, "WindowWidth": 1600, "PresentationLUTShape": "INVERSE"},
        {"WindowCenter": 2200, "WindowWidth": 3200, "RescaleSlope": 2, "RescaleIntercept": -1000},
        {"WindowCenter": -1600, "WindowWidth": 1600, "RescaleSlope": -1, "RescaleIntercept": 0},
        {"PixelPaddingValue": 0},
        {"PixelPaddingValue": 0, "PhotometricInterpretation": "MONOCHROME1"},
        {"VOILUTSequence": [LUT]},
        {"VOILUTSequence": [TURNED]},
        {"ModalityLUTSequence": [ROOT]},
        {"ModalityLUTSequence": [ROOT], "PixelPaddingValue": 0, "PhotometricInterpretation": "MONOCHROME1"},
        {"WindowCenter": 60000, "WindowWidth": 10},
    ],
)
def test_a_dicom_film_begins_as_the_judged_one_looks(tmp_path, film, elements):
    stored = film.astype(np.uint16) << 4
    stored[:20] = 0
    path = write_dicom(tmp_path / "film.dcm", film, pixels=stored.tobytes(), **elements)
    assert _apart(path) <= 2  # a window between the extremes is rounded to whole values


def test_signed_values_keep_their_units(tmp_path, film):
    stored = film.astype(np.int16) * 8 - 1000
    path = write_dicom(tmp_path / "f.dcm", film, pixels=stored.tobytes(), PixelRepresentation=1, WindowWidth=900)
    deep = _deep(path)
    units = deep.slope * deep.values.astype(float) + deep.intercept
    assert np.array_equal(units, stored)
    assert _apart(path) <= 2


def test_the_headers_window_is_kept_as_it_stands(tmp_path, film):
    path = write_dicom(tmp_path / "f.dcm", film, WindowCenter=1500.5, WindowWidth=1234)
    assert _deep(path).window == Window(1500.5, 1234, "LINEAR")


def test_a_narrow_window_shows_what_8_bits_lose(tmp_path):
    values = np.full((240, 200), 2000, np.uint16)
    values[:, ::2] = 0
    values[:, 1::4] = 4095  # so that the whole range is used
    values[100:140, 80:120] = 2000
    values[110:130, 90:110] = 2004  # an opacity of 4 in 4096
    path = write_dicom(tmp_path / "f.dcm", np.zeros(values.shape, np.uint8), pixels=values.tobytes())
    grey = radiograph.read(path).astype(int)
    assert abs(grey[120, 100] - grey[105, 85]) <= 1
    deep = _deep(path)
    shown = deep_film.shown(deep._replace(window=Window(2002, 8, "LINEAR_EXACT"))).astype(int)
    assert shown[120, 100] - shown[105, 85] > 100


def test_a_png_of_16_bits_keeps_them(tmp_path, film):
    values = film.astype(np.uint16) * 200 + np.arange(200, dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "film.png")
    deep = _deep(tmp_path / "film.png")
    assert np.array_equal(deep.values, values) and deep.spacing is None
    assert _apart(tmp_path / "film.png") <= 2


def test_a_tiff_whose_zero_is_white_is_turned(tmp_path, film):
    Image.fromarray(film.astype(np.uint16) * 200).save(tmp_path / "film.tif", tiffinfo={262: 0})
    assert _deep(tmp_path / "film.tif").values.dtype == np.uint16
    assert _apart(tmp_path / "film.tif") <= 2


def test_a_film_lying_on_its_side_is_turned_upright(tmp_path, film):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(film).save(tmp_path / "film.jpg", exif=exif, quality=95)
    assert _deep(tmp_path / "film.jpg").values.shape == (200, 240)
    assert _apart(tmp_path / "film.jpg") == 0


@pytest.mark.parametrize(
    ("elements", "spacing"),
    [
        ({}, None),
        ({"PixelSpacing": [0.2, 0.1]}, Spacing(0.2, 0.1, "header")),
        ({"ImagerPixelSpacing": [0.2, 0.1]}, Spacing(0.2, 0.1, "detector")),
        ({"ImagerPixelSpacing": [0.2, 0.1], "PixelSpacing": [0.2, 0.1]}, Spacing(0.2, 0.1, "detector")),
        ({"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.18, 0.18]}, Spacing(0.18, 0.18, "header")),
        (
            {"ImagerPixelSpacing": [1, 1], "PixelSpacing": [1, 1], "PixelSpacingCalibrationType": "FIDUCIAL"},
            Spacing(1, 1, "header"),
        ),
        ({"NominalScannedPixelSpacing": [0.3, 0.3]}, Spacing(0.3, 0.3, "scanned")),
        ({"PixelSpacing": [0, 0]}, None),
        ({"PixelSpacing": [400, 400]}, None),
        ({"PixelSpacing": 0.2}, None),
    ],
)
def test_the_spacing_of_pixels(tmp_path, film, elements, spacing):
    assert _deep(write_dicom(tmp_path / "f.dcm", film, **elements)).spacing == spacing
