"""Secondary captures: films of which a program stored the screen, in colour. Grey ones are read, others refused."""

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.pixels import get_encoder

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import radiograph
from tests.support import dcmtk
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film

COLOUR = {"Modality": "OT", "SamplesPerPixel": 3, "PlanarConfiguration": 0, "BitsAllocated": 8}


@pytest.fixture(scope="module")
def film():
    return draw_film(9, 240, 200)


def _three(film):
    return np.stack([film] * 3, axis=-1)


def _luma(film):
    return np.stack([film, np.full_like(film, 128), np.full_like(film, 128)], axis=-1)


def _halved(film):
    """Return YBR_FULL_422: two of luma, then Cb and Cr of both."""
    chroma = np.full((*film.shape[:1], film.shape[1] // 2, 2), 128, np.uint8)
    return np.concatenate([film.reshape(len(film), -1, 2), chroma], axis=-1)


def _rle(three):
    rows, columns, _ = three.shape
    return get_encoder(uid.RLELossless).encode(
        three, rows=rows, columns=columns, samples_per_pixel=3, bits_allocated=8, bits_stored=8, planar_configuration=0,
        pixel_representation=0, number_of_frames=1, photometric_interpretation="RGB",
    )  # fmt: skip


def _jpeg(values, **options):
    return imagecodecs.jpeg8_encode(values, level=98, **options)


def _bare(stream) -> bytes:
    """Return a JPEG without Adobe's marker, which says that its colours are red, green and blue."""
    stream = bytes(stream)
    assert stream[2:4] == b"\xff\xee"
    return stream[:2] + stream[4 + int.from_bytes(stream[4:6], "big") :]


# Name: photometric interpretation, Transfer Syntax, what makes the data, grey levels by which it may differ.
PLAIN = uid.ExplicitVRLittleEndian
KINDS = {
    "RGB": ("RGB", PLAIN, _three, 0),
    "RGB by planes": ("RGB", PLAIN, lambda film: np.stack([film] * 3), 0),
    "YBR_FULL": ("YBR_FULL", PLAIN, _luma, 0),
    "YBR_FULL_422": ("YBR_FULL_422", PLAIN, _halved, 0),
    "RGB that is said to be YBR_FULL": ("YBR_FULL", PLAIN, _three, 0),
    "YBR_FULL that is said to be RGB": ("RGB", PLAIN, _luma, 0),
    "RLE": ("RGB", uid.RLELossless, lambda film: _rle(_three(film)), 0),
    "JPEG": ("YBR_FULL_422", uid.JPEGBaseline8Bit, lambda film: _jpeg(_three(film)), 8),
    "JPEG of red, green and blue": (
        "RGB", uid.JPEGBaseline8Bit, lambda film: _jpeg(_three(film), colorspace="RGB", outcolorspace="RGB"), 8,
    ),
    "JPEG of red, green and blue that does not say so": (
        "RGB", uid.JPEGBaseline8Bit,
        lambda film: _bare(_jpeg(_three(film), colorspace="RGB", outcolorspace="RGB")), 8,
    ),
    "JPEG of one component": ("YBR_FULL", uid.JPEGBaseline8Bit, _jpeg, 8),
    "JPEG Lossless": (
        "RGB", uid.JPEGLosslessSV1, lambda film: imagecodecs.jpeg8_encode(_three(film), lossless=True, predictor=1), 0,
    ),
    "JPEG-LS": ("RGB", uid.JPEGLSLossless, lambda film: imagecodecs.jpegls_encode(_three(film)), 0),
    "JPEG 2000": ("YBR_RCT", uid.JPEG2000Lossless, lambda film: imagecodecs.jpeg2k_encode(_three(film), level=0), 0),
}  # fmt: skip


def _written(path, film, kind, spoil=lambda film, three: three):
    photometric, syntax, make, _ = KINDS[kind]
    data = make(film)
    data = data.tobytes() if isinstance(data, np.ndarray) else bytes(data)
    if syntax != PLAIN:
        data = pydicom.encaps.encapsulate([data])
    elements = {**COLOUR, "PhotometricInterpretation": photometric, "PlanarConfiguration": int("planes" in kind)}
    return write_dicom(path, film, bits=8, syntax=syntax, pixels=data, **elements)


@pytest.mark.parametrize("kind", KINDS)
def test_a_grey_film_in_colour_is_read(tmp_path, film, kind):
    path = _written(tmp_path / "film.dcm", film, kind)
    assert np.abs(radiograph.read(path).astype(int) - film).max() <= KINDS[kind][-1]


@dcmtk.needed
@pytest.mark.parametrize("kind", ["RGB", "RGB by planes", "YBR_FULL", "YBR_FULL_422", "JPEG", "JPEG-LS", "RLE"])
def test_it_is_shown_as_dcmtk_shows_it(tmp_path, film, kind):
    path = _written(tmp_path / "film.dcm", film, kind)
    expected = dcmtk.shown(path)
    assert expected is not None
    assert np.abs(radiograph.read(path).astype(int) - expected.mean(axis=2)).max() <= 1


def test_16_bits_a_colour(tmp_path, film):
    values = _three(film).astype(np.uint16) * 257
    deep = {**COLOUR, "BitsAllocated": 16, "PhotometricInterpretation": "RGB"}
    path = write_dicom(tmp_path / "film.dcm", film, bits=16, pixels=values.tobytes(), **deep)
    assert np.array_equal(radiograph.read(path), film)


def _tinted(film, share):
    three = _three(film)
    three[: round(share * len(film)), :, 0] //= 3
    return three


@pytest.mark.parametrize("make", [lambda film: _tinted(film, 1), lambda film: _tinted(film, 0.05)])
def test_a_picture_in_colour_is_refused(tmp_path, film, make):
    pixels = make(np.maximum(film, 60)).tobytes()
    path = write_dicom(tmp_path / "film.dcm", film, bits=8, pixels=pixels, PhotometricInterpretation="RGB", **COLOUR)
    with pytest.raises(UnreadableRadiograph) as caught:
        radiograph.read(path)
    found, allowed, advice = str(caught.value).split("; ")
    assert found.startswith(f"{path}: is a picture in colour (")
    assert (allowed, advice) == ("a radiograph is grey", "send the film itself, without coloured marks.")


def test_a_small_coloured_mark_is_allowed(tmp_path, film):
    three = _three(film)
    three[10:14, 10:20] = (255, 0, 0)
    pixels = three.tobytes()
    path = write_dicom(tmp_path / "film.dcm", film, bits=8, pixels=pixels, PhotometricInterpretation="RGB", **COLOUR)
    grey = radiograph.read(path)
    grey[10:14, 10:20] = film[10:14, 10:20]
    assert np.array_equal(grey, film)


def _palettes(tables, bits, first=0, pack=False):
    found, vrs = {"PhotometricInterpretation": "PALETTE COLOR", "BitsAllocated": 8, "Modality": "OT"}, {}
    for name, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        keyword = f"{name}PaletteColorLookupTable"
        found[f"{keyword}Descriptor"] = [len(table), first, bits]
        found[f"{keyword}Data"] = table.astype(np.uint8 if pack else np.uint16).tobytes()
        vrs[f"{keyword}Descriptor"], vrs[f"{keyword}Data"] = "US", "OW"
    return found, vrs


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_a_grey_palette(tmp_path, film, bits, pack, turned):
    levels = np.arange(256)[::-1] if turned else np.arange(256)
    if pack and bits == 16:
        pytest.skip("16 bits do not fit into a byte")
    elements, vrs = _palettes([levels * (257 if bits == 16 else 1)] * 3, bits, pack=pack)
    path = write_dicom(tmp_path / "film.dcm", film, bits=8, pixels=film.tobytes(), vrs=vrs, **elements)
    grey = radiograph.read(path)
    assert np.array_equal(grey, levels[film])
    if dcmtk.shown(path) is not None:
        assert np.abs(grey.astype(int) - dcmtk.shown(path).mean(axis=2)).max() <= 1


def test_a_palette_in_colour_is_refused(tmp_path, film):
    levels = np.arange(256)
    elements, vrs = _palettes([levels, levels[::-1], levels], 8)
    path = write_dicom(tmp_path / "film.dcm", film, bits=8, pixels=film.tobytes(), vrs=vrs, **elements)
    with pytest.raises(UnreadableRadiograph, match="is a picture in colour"):
        radiograph.read(path)


def test_palettes_that_are_missing(tmp_path, film):
    elements = {"PhotometricInterpretation": "PALETTE COLOR", "BitsAllocated": 8, "Modality": "OT"}
    path = write_dicom(tmp_path / "film.dcm", film, bits=8, pixels=film.tobytes(), **elements)
    with pytest.raises(UnreadableRadiograph, match=r"\(its palettes are missing or too short\); send it again"):
        radiograph.read(path)
