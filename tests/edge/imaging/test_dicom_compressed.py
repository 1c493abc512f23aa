"""Compressed DICOM: every compression of radiographs shows the film that went in, and damage in it is seen."""

from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.pixels import get_encoder

from edge_app.errors import MissingPackage, UnreadableRadiograph
from edge_app.imaging import dicom, dicom_codecs, dicom_file, dicom_pixels, radiograph
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film


def _rle(values) -> bytes:
    rows, columns = values.shape
    return get_encoder(uid.RLELossless).encode(
        values, rows=rows, columns=columns, samples_per_pixel=1, bits_allocated=16, bits_stored=12,
        pixel_representation=0, number_of_frames=1, photometric_interpretation="MONOCHROME2",
    )  # fmt: skip


# Name: Transfer Syntax, bits, what encodes, grey levels by which the film may differ.
KINDS = {
    "RLE": (uid.RLELossless, 12, _rle, 0),
    "JPEG Baseline": (uid.JPEGBaseline8Bit, 8, lambda values: imagecodecs.jpeg8_encode(values, level=95), 8),
    "JPEG Extended": (
        uid.JPEGExtended12Bit, 12, lambda values: imagecodecs.jpeg8_encode(values, level=95, bitspersample=12), 8,
    ),
    "JPEG Lossless, 8 bits": (
        uid.JPEGLosslessSV1, 8, lambda values: imagecodecs.jpeg8_encode(values, lossless=True, predictor=1), 0,
    ),
    "JPEG Lossless, 12 bits": (
        uid.JPEGLosslessSV1, 12,
        lambda values: imagecodecs.jpeg8_encode(values, lossless=True, predictor=1, bitspersample=12), 0,
    ),
    "JPEG Lossless, 16 bits": (
        uid.JPEGLossless, 16,
        lambda values: imagecodecs.jpeg8_encode(values, lossless=True, predictor=4, bitspersample=16), 0,
    ),
    "JPEG-LS": (uid.JPEGLSLossless, 12, lambda values: imagecodecs.jpegls_encode(values), 0),
    "JPEG-LS, lossy": (uid.JPEGLSNearLossless, 12, lambda values: imagecodecs.jpegls_encode(values, level=4), 1),
    "JPEG 2000, lossless": (uid.JPEG2000Lossless, 12, lambda values: imagecodecs.jpeg2k_encode(values, level=0), 0),
    "JPEG 2000": (uid.JPEG2000, 12, lambda values: imagecodecs.jpeg2k_encode(values, level=60), 30),
}  # fmt: skip


@pytest.fixture(scope="module")
def film():
    return draw_film(13, 240, 200)


def _written(path, film, kind, spoil=lambda data: data):
    """Write a film compressed; return its path and the same uncompressed."""
    syntax, bits, encode, _ = KINDS[kind]
    values = film if bits == 8 else film.astype(np.uint16) << (bits - 8)
    depth = {"bits": bits, "BitsAllocated": 8 if bits == 8 else 16}
    plain = write_dicom(path.with_name("plain.dcm"), film, pixels=values.tobytes(), **depth)
    data = pydicom.encaps.encapsulate([spoil(bytes(encode(values)))])
    return write_dicom(path, film, syntax=syntax, pixels=data, **depth), plain


@pytest.mark.parametrize("kind", KINDS)
def test_a_compressed_film_shows_what_it_was_made_of(tmp_path, film, kind):
    path, plain = _written(tmp_path / "film.dcm", film, kind)
    apart = np.abs(radiograph.read(path).astype(int) - radiograph.read(plain))
    assert apart.max() <= KINDS[kind][-1]


@pytest.mark.parametrize("kind", KINDS)
def test_data_that_are_cut_off_are_seen(tmp_path, film, kind):
    path, _ = _written(tmp_path / "film.dcm", film, kind, spoil=lambda data: data[: len(data) // 2])
    with pytest.raises(UnreadableRadiograph) as caught:
        radiograph.read(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: Transfer Syntax is '")
    assert "its data are damaged (" in sentence
    assert sentence.endswith("; send it again from the modality or PACS.")
    assert not any(word in sentence for word in ("plugin", "exception", "Error", "\n"))


def _zeroed(data):
    at = len(data) // 2
    return data[:at] + bytes(512) + data[at + 512 :]


@pytest.mark.parametrize("kind", ["JPEG Baseline", "JPEG Lossless, 8 bits", "JPEG-LS"])
def test_zeros_inside_the_data_are_seen(tmp_path, film, kind):
    path, _ = _written(tmp_path / "film.dcm", film, kind, spoil=_zeroed)
    with pytest.raises(UnreadableRadiograph, match="its data are damaged"):
        radiograph.read(path)


def test_a_stream_that_was_written_as_signed(tmp_path, film):
    """As some archives do: the header says unsigned, and the stream lacks JPEG 2000's own level shift."""
    values = film.astype(np.int16) * 16 - 2048
    data = pydicom.encaps.encapsulate([imagecodecs.jpeg2k_encode(values, level=0)])
    path = write_dicom(tmp_path / "film.dcm", film, syntax=uid.JPEG2000Lossless, pixels=data)
    assert np.array_equal(radiograph.read(path), radiograph.read(write_dicom(tmp_path / "plain.dcm", film)))


@pytest.mark.parametrize(
    "name", ["JPGLosslessP14SV1_1s_1f_8b.dcm", "JPGExtended.dcm", "MR_small_RLE.dcm", "MR_small_jpeg_ls_lossless.dcm"]
)
def test_streams_of_others_hold_the_values_that_dcmtk_finds(name):
    """Sums and extremes of what dcmdjpeg, dcmdrle and dcmdjpls of DCMTK 3.6.7 make of pydicom's files."""
    found = get_testdata_file(name, download=False)
    if found is None:
        pytest.skip("the light environment keeps the sample films of pydicom-data alone")
    path = Path(found)
    parts = dicom_file.read(path.read_bytes())
    data = dicom_file.pixels(parts)
    assert data
    values = dicom_pixels.stored(data, dicom_pixels.layout(parts.header)).astype(int)
    assert (int(values.sum()), int(values.min()), int(values.max())) == DCMTK[name]


DCMTK = {
    "JPGLosslessP14SV1_1s_1f_8b.dcm": (13572107, 0, 255),
    "JPGExtended.dcm": (3767007, 0, 264),
    "MR_small_RLE.dcm": (2125338, 127, 2145),
    "MR_small_jpeg_ls_lossless.dcm": (2125338, 127, 2145),
}


def test_the_doctor_is_told_of_every_compression():
    assert dicom.compressions() == dict.fromkeys(dicom.COMPRESSIONS, True)


def test_a_missing_decoder_is_named_with_its_command(tmp_path, film, monkeypatch):
    path, _ = _written(tmp_path / "film.dcm", film, "JPEG-LS")
    monkeypatch.setattr(dicom_codecs, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"'JPEG-LS .*run 'pip install imagecodecs simplejpeg'\."):
        radiograph.read(path)


ANOTHER = "a radiograph must be uncompressed, or compressed as RLE, JPEG Baseline, "


def test_a_video_is_refused(tmp_path, film):
    data = pydicom.encaps.encapsulate([b"not asked for"])
    path = write_dicom(tmp_path / "film.dcm", film, syntax=uid.MPEG2MPML, pixels=data)
    with pytest.raises(UnreadableRadiograph, match=ANOTHER):
        radiograph.read(path)


def test_a_private_syntax_is_refused(tmp_path, film):
    path, _ = _written(tmp_path / "film.dcm", film, "JPEG 2000")
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.4.91", b"1.2.840.113619.5.2.4.9"))
    with pytest.raises(UnreadableRadiograph, match=ANOTHER):
        radiograph.read(path)
