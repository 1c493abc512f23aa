"""DICOM files that lack parts or say them wrongly: the film is read all the same, or a sentence says what is wrong."""

import io
import zlib

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import dicom_file, file_type, radiograph
from edge_app.sources import film_paths
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film

WINDOW = {"WindowCenter": 1600, "WindowWidth": 1600}
SYNTAXES = {
    "Explicit Little Endian": (False, True),
    "Implicit Little Endian": (True, True),
    "Explicit Big Endian": (False, False),
}


@pytest.fixture(scope="module")
def film():
    return draw_film(9, 240, 200)


@pytest.fixture
def expected(tmp_path, film):
    """Return the film as it is to be read."""
    return radiograph.read(write_dicom(tmp_path / "expected.dcm", film, **WINDOW))


def _data_set(path, film, kind, **elements) -> bytes:
    """Return a data set without preamble and meta information."""
    implicit, little_endian = SYNTAXES[kind]
    values = (film.astype(np.uint16) << 4).astype("<u2" if little_endian else ">u2")
    data_set = pydicom.dcmread(write_dicom(path, film, pixels=values.tobytes(), **{**WINDOW, **elements}))
    written = io.BytesIO()
    plain = Dataset(data_set)
    pydicom.dcmwrite(written, plain, implicit_vr=implicit, little_endian=little_endian)
    return written.getvalue()


def _meta(**elements) -> bytes:
    """Return meta information with these elements."""
    written = io.BytesIO()
    from pydicom.filewriter import write_dataset

    file = pydicom.filebase.DicomFileLike(written)
    file.is_implicit_VR, file.is_little_endian = False, True
    meta = Dataset()
    for keyword, value in elements.items():
        setattr(meta, keyword, value)
    write_dataset(file, meta)
    return written.getvalue()


SYNTAX_OF = {
    "Explicit Little Endian": uid.ExplicitVRLittleEndian,
    "Implicit Little Endian": uid.ImplicitVRLittleEndian,
    "Explicit Big Endian": uid.ExplicitVRBigEndian,
}


@pytest.mark.parametrize("kind", SYNTAXES)
@pytest.mark.parametrize("missing", ["nothing", "preamble", "preamble and mark", "all meta", "syntax", "meta length"])
def test_what_is_missing_before_the_data_set_is_told_from_it(tmp_path, film, expected, kind, missing):
    data = _data_set(tmp_path / "1.dcm", film, kind)
    meta = _meta(MediaStorageSOPInstanceUID="1.2.3.4", TransferSyntaxUID=SYNTAX_OF[kind])
    parts = {
        "nothing": (bytes(128), b"DICM", meta),
        "preamble": (b"DICM", meta),
        "preamble and mark": (meta,),
        "all meta": (),
        "syntax": (bytes(128), b"DICM", _meta(MediaStorageSOPInstanceUID="1.2.3.4")),
        "meta length": (bytes(128), b"DICM", _meta(FileMetaInformationGroupLength=9999), meta),
    }
    path = tmp_path / "film"
    path.write_bytes(b"".join(parts[missing]) + data)
    assert np.array_equal(radiograph.read(path), expected)


@pytest.mark.parametrize("kind", SYNTAXES)
@pytest.mark.parametrize("said", SYNTAXES)
def test_a_syntax_that_is_said_wrongly(tmp_path, film, expected, kind, said):
    path = tmp_path / "film"
    meta = _meta(TransferSyntaxUID=SYNTAX_OF[said])
    path.write_bytes(bytes(128) + b"DICM" + meta + _data_set(tmp_path / "1.dcm", film, kind))
    assert np.array_equal(radiograph.read(path), expected)


@pytest.mark.parametrize("kind", SYNTAXES)
def test_a_folder_finds_data_sets_without_preamble(tmp_path, film, kind):
    path = tmp_path / "IM0001"
    path.write_bytes(_data_set(tmp_path / "1.dcm", film, kind))
    assert film_paths.looks_like_film(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x08\0",
        b"\x08\0\x05\0",
        b"\x08\0\x05\0CS",
        bytes(300),
        b"\x08\0" * 200,
        b"\x02\0\0\0" * 100,
        bytes(range(256)),
        b"\x08\0\x10\0" + b"\xff" * 200,
        b"BM\x08\0\x08\0" + bytes(100),
    ],
)
def test_other_files_are_not_taken_for_data_sets(content):
    assert file_type.name(content) != "DICOM"


def _deflated(content: bytes) -> bytes:
    press = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return press.compress(content) + press.flush()


def _write_deflated(path, deflated):
    path.write_bytes(bytes(128) + b"DICM" + _meta(TransferSyntaxUID=uid.DeflatedExplicitVRLittleEndian) + deflated)
    return path


def _sentence(path) -> str:
    with pytest.raises(UnreadableRadiograph) as caught:
        radiograph.read(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_deflated_film(tmp_path, film, expected):
    data = _data_set(tmp_path / "1.dcm", film, "Explicit Little Endian")
    assert np.array_equal(radiograph.read(_write_deflated(tmp_path / "film", _deflated(data))), expected)


@pytest.mark.parametrize("spoil", [lambda data: data[: len(data) // 2], lambda data: b"not deflated at all " * 9])
def test_deflated_data_that_are_damaged(tmp_path, film, spoil):
    data = _deflated(_data_set(tmp_path / "1.dcm", film, "Explicit Little Endian"))
    found = _sentence(_write_deflated(tmp_path / "film", spoil(data)))
    assert found.startswith("is a damaged DICOM file (")
    assert found.endswith("; send it again from the modality or PACS.")


def test_a_deflated_bomb_is_not_inflated_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(dicom_file, "MOST_INFLATED", 1 << 20)
    bomb = _deflated(b"\x08\0\x05\0CS\x02\0AA" + bytes(1 << 22))
    assert "it inflates to more than 1,048,576 bytes" in _sentence(_write_deflated(tmp_path / "film", bomb))


@pytest.mark.parametrize("offsets", ["empty", "none"])
@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.ExplicitVRLittleEndian, None])
def test_compressed_pixels_without_delimiter_offsets_or_syntax(tmp_path, film, offsets, syntax):
    stream = bytes(imagecodecs.jpeg2k_encode(film.astype(np.uint16) << 4, level=0))
    encapsulated = pydicom.encaps.encapsulate([stream])
    start = encapsulated.index(stream) - 8
    encapsulated = encapsulated[start if offsets == "none" else 0 :]
    path = write_dicom(tmp_path / "film.dcm", film, syntax=uid.JPEG2000Lossless, pixels=encapsulated)
    content = path.read_bytes()
    delimiter = b"\xfe\xff\xdd\xe0" + bytes(4)
    assert content.endswith(delimiter)
    content = content.removesuffix(delimiter)
    if syntax != uid.JPEG2000Lossless:
        old = _meta(TransferSyntaxUID=uid.JPEG2000Lossless)
        assert old in content
        content = content.replace(old, _meta(TransferSyntaxUID=syntax) if syntax else b"")
    path.write_bytes(content)
    plain = radiograph.read(write_dicom(tmp_path / "plain.dcm", film))
    assert np.array_equal(radiograph.read(path), plain)
    path.write_bytes(content[:-40])
    assert "its pixel data break off 40 bytes before their end" in _sentence(path)


def test_pixels_that_are_not_compressed_though_the_syntax_says_so(tmp_path, film, expected):
    path = write_dicom(tmp_path / "film.dcm", film, **WINDOW)
    old, new = (_meta(TransferSyntaxUID=one) for one in (uid.ExplicitVRLittleEndian, uid.JPEGBaseline8Bit))
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    assert np.array_equal(radiograph.read(path), expected)


def test_pixels_in_items_that_are_not_compressed(tmp_path, film):
    pixels = pydicom.encaps.encapsulate([(film.astype(np.uint16) << 4).tobytes()])
    path = write_dicom(tmp_path / "film.dcm", film, syntax=uid.JPEG2000Lossless, pixels=pixels)
    old = _meta(TransferSyntaxUID=uid.JPEG2000Lossless)
    path.write_bytes(path.read_bytes().replace(old, _meta(TransferSyntaxUID=dicom_file.IN_ITEMS)))
    assert np.array_equal(radiograph.read(path), radiograph.read(write_dicom(tmp_path / "plain.dcm", film)))


@pytest.mark.parametrize("behind", [bytes(64), b"\xfc\xff\xfc\xffOB\0\0\x10\0\0\0" + bytes(16), b"garbage" * 20])
def test_what_stands_behind_the_pixels_does_not_matter(tmp_path, film, expected, behind):
    path = write_dicom(tmp_path / "film.dcm", film, **WINDOW)
    path.write_bytes(path.read_bytes() + behind)
    assert np.array_equal(radiograph.read(path), expected)


@pytest.mark.parametrize("lost", [400, 20_000])
def test_rows_that_are_missing(tmp_path, film, lost):
    path = write_dicom(tmp_path / "film.dcm", film)
    path.write_bytes(path.read_bytes()[:-lost])
    assert _sentence(path) == (
        f"is a damaged DICOM file ({lost:,} of 96,000 bytes of its pixel data are missing); send it again from the "
        "modality or PACS."
    )


def test_values_of_8_bits_in_big_endian_words(tmp_path, film):
    plain = write_dicom(tmp_path / "plain.dcm", film, bits=8, pixels=film.tobytes(), BitsAllocated=8)
    swapped = film.reshape(-1, 2)[:, ::-1].tobytes()
    data_set = pydicom.dcmread(write_dicom(tmp_path / "1.dcm", film, bits=8, pixels=swapped, BitsAllocated=8))
    written = io.BytesIO()
    pydicom.dcmwrite(written, Dataset(data_set), implicit_vr=False, little_endian=False)
    path = tmp_path / "film"
    path.write_bytes(written.getvalue())
    assert np.array_equal(radiograph.read(path), radiograph.read(plain))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_header_that_breaks_off_is_called_damaged(tmp_path, film, share):
    path = write_dicom(tmp_path / "film.dcm", film)
    content = path.read_bytes()
    # In the middle of a value: of an element that is as long as its length says, nothing tells that others follow.
    at = content.index(b"MONOCHROME2") + 4
    path.write_bytes(content[:at] if share == 0.9 else content[: content.index(b"1.2.840", 132) + int(20 * share)])
    assert "is a damaged DICOM file (" in _sentence(path)


@pytest.mark.parametrize("kind", ["JPEG", "JPEG-LS", "JPEG 2000"])
def test_a_stream_of_another_size_is_refused_before_it_is_decoded(tmp_path, film, kind):
    encode, syntax = {
        "JPEG": (imagecodecs.jpeg8_encode, uid.JPEGBaseline8Bit),
        "JPEG-LS": (imagecodecs.jpegls_encode, uid.JPEGLSLossless),
        "JPEG 2000": (imagecodecs.jpeg2k_encode, uid.JPEG2000Lossless),
    }[kind]
    pixels = pydicom.encaps.encapsulate([bytes(encode(film))])
    path = write_dicom(tmp_path / "film.dcm", film[:-8], bits=8, BitsAllocated=8, syntax=syntax, pixels=pixels)
    assert "its data are damaged (they hold 240 x 200 pixels, not 232 x 200)" in _sentence(path)
