"""Damage inside a film's data is seen; what is odd but harmless is read."""

import contextlib
import io
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import jpeg, png, radiograph
from tests.support.films import draw_film
from tests.support.pictures import save

DAMAGED = r"is damaged or cut off \(.*\); copy it again from where it came from\.$"


@pytest.fixture(scope="module")
def film():
    return draw_film(12, 400, 360)


def _zeroed(content, rng):
    at = int(rng.integers(len(content) // 4, len(content) - 600))
    return content[:at] + bytes(512) + content[at + 512 :]


def _flipped(content, rng):
    """Flip all bits of some bytes."""
    broken = bytearray(content)
    for at in rng.integers(len(content) // 4, len(content) - 600, 40):
        broken[at] ^= 0xFF
    return bytes(broken)


def _torn(content, rng):
    """Take the second half from another place of the file, as of a copy whose blocks were mixed up."""
    at = len(content) // 2
    return content[:at] + content[at + 700 :] + content[at : at + 698] + content[-2:]


def _without_a_piece(content, rng):
    at = int(rng.integers(len(content) // 4, len(content) - 3000))
    return content[:at] + content[at + 2000 :]


def _half_with_an_end(content, rng):
    return content[: len(content) // 2] + content[-2:]


def _seen(path, whole, spoil):
    """Return how often of ten times damage is seen."""
    rng, seen = np.random.default_rng(3), 0
    for _ in range(10):
        path.write_bytes(spoil(whole, rng))
        with contextlib.suppress(UnreadableRadiograph):
            radiograph.read(path)
            continue
        seen += 1
    return seen


@pytest.mark.parametrize("spoil", [_zeroed, _flipped, _torn, _without_a_piece, _half_with_an_end])
@pytest.mark.parametrize(
    "options", [{"quality": 90}, {"quality": 60}, {"quality": 90, "progressive": True}, {"quality": 85, "mode": "RGB"}]
)
def test_damaged_data_of_a_jpeg_is_seen(tmp_path, film, options, spoil):
    options = dict(options)
    whole = save(Image.fromarray(film).convert(options.pop("mode", "L")), tmp_path / "film.jpg", **options).read_bytes()
    # A few stretches of other bytes are as good a code, and end where they should: no decoder can know.
    assert _seen(tmp_path / "damaged.jpg", whole, spoil) >= 8


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("lost", [1, 2])
def test_a_jpeg_without_its_end_has_all_rows(tmp_path, film, lost, progressive):
    path = save(film, tmp_path / "film.jpg", quality=90, progressive=progressive)
    whole = radiograph.read(path)
    path.write_bytes(path.read_bytes()[:-lost])
    assert np.array_equal(radiograph.read(path), whole)


@pytest.mark.parametrize("behind", [b"\xff\xd9", bytes(4096), b"written by a printer"])
def test_what_lies_behind_the_end_is_nothing_to_a_jpeg(tmp_path, film, behind):
    path = save(film, tmp_path / "film.jpg", quality=90)
    whole = radiograph.read(path)
    path.write_bytes(path.read_bytes() + behind)
    assert np.array_equal(radiograph.read(path), whole)


def test_a_jpeg_in_unusual_colours_is_read(tmp_path, film):
    for mode, options in (("CMYK", {}), ("RGB", {"subsampling": "4:1:1"})):
        path = save(Image.fromarray(film).convert(mode), tmp_path / f"{mode}.jpg", quality=95, **options)
        shown = radiograph.read(path).astype(int)
        assert np.abs(shown - film).mean() < 3


@pytest.mark.parametrize("options", [{}, {"lossless": True}], ids=["extended", "lossless"])
def test_a_jpeg_of_12_bits_is_read(tmp_path, film, options):
    deep = film.astype(np.uint16) * 16
    path = tmp_path / "film.jpg"
    path.write_bytes(imagecodecs.jpeg8_encode(deep, level=95, bitspersample=12, **options))
    wanted = radiograph.read(save(deep, tmp_path / "film.png")).astype(int)
    assert np.abs(radiograph.read(path) - wanted).mean() < (0.01 if options else 1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableRadiograph, match=DAMAGED):
        radiograph.read(path)


@pytest.mark.parametrize("spoil", [_zeroed, _flipped, _torn, _without_a_piece])
def test_damaged_data_of_a_jpeg_of_12_bits_is_seen(tmp_path, film, spoil):
    whole = imagecodecs.jpeg8_encode(film.astype(np.uint16) * 16, level=95, bitspersample=12)
    assert _seen(tmp_path / "damaged.jpg", whole, spoil) >= 8


@pytest.mark.parametrize("grey", [0, 128, 255])
@pytest.mark.parametrize("options", [{}, {"lossless": True}], ids=["extended", "lossless"])
def test_a_jpeg_of_12_bits_that_ends_in_one_grey_is_read(tmp_path, film, grey, options):
    deep = film.astype(np.uint16) * 16
    deep[-100:] = grey * 16
    path = tmp_path / "film.jpg"
    path.write_bytes(imagecodecs.jpeg8_encode(deep, level=95, bitspersample=12, **options))
    assert radiograph.read(path).shape == film.shape


def test_the_header_of_a_jpeg():
    content = io.BytesIO()
    Image.new("RGB", (120, 90)).save(content, "JPEG", exif=b"Exif\0\0" + bytes(3000))
    assert jpeg.frame(content.getvalue()) == (8, 90, 120, 3)
    assert jpeg.frame(b"\xff\xd8\xff\xff\xff\xd9") is None
    assert jpeg.frame(b"\xff\xd8" + content.getvalue()[4000:]) is None


# --- PNG ------------------------------------------------------------------------------------------


def _png(film, **options) -> bytes:
    content = io.BytesIO()
    Image.fromarray(film).save(content, "PNG", **options)
    return content.getvalue()


def _chunk(kind: bytes, body: bytes, spoilt: bool = False) -> bytes:
    checksum = zlib.crc32(kind + body) ^ spoilt
    return len(body).to_bytes(4, "big") + kind + body + checksum.to_bytes(4, "big")


def _behind_head(content: bytes, chunk: bytes) -> bytes:
    return content[:33] + chunk + content[33:]  # a signature of 8 bytes and IHDR of 25


@pytest.mark.parametrize("place", [0.3, 0.6, 0.99])
def test_a_changed_bit_in_a_png_is_seen(tmp_path, film, place):
    content = bytearray(_png(film))
    content[int(len(content) * place)] ^= 4
    path = tmp_path / "film.png"
    path.write_bytes(content)
    with pytest.raises(UnreadableRadiograph, match=DAMAGED):
        radiograph.read(path)


@pytest.mark.parametrize(
    "chunk",
    [
        _chunk(b"tEXt", b"Comment\0of a scanner", spoilt=True),
        _chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(3_000_000))),
        _chunk(b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress(bytes(50_000_000))),
        _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * 3_000_000),
        _chunk(b"vnDr", b"of a vendor", spoilt=True),
    ],
    ids=["text with a wrong checksum", "profile of 3 MB", "text of 50 MB, packed", "text of 3 MB", "of a vendor"],
)
def test_what_is_not_the_picture_cannot_spoil_a_png(tmp_path, film, chunk):
    path = tmp_path / "film.png"
    path.write_bytes(_behind_head(_png(film), chunk))
    assert np.array_equal(radiograph.read(path), film)


@pytest.mark.parametrize("lost", [1, 5, 12, 14])
def test_a_png_without_its_end_has_all_rows(tmp_path, film, lost):
    path = tmp_path / "film.png"
    path.write_bytes(_png(film)[:-lost])
    assert np.array_equal(radiograph.read(path), film)


def test_the_orientation_of_a_png_is_kept(tmp_path, film):
    """Exif in a chunk of its own, in a text, or as XMP."""
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(film)))
    xmp = PngImagePlugin.PngInfo()
    xmp.add_itxt("XML:com.adobe.xmp", '<x xmlns:tiff="a"><r tiff:Orientation="6"/></x>')
    exif = Image.Exif()
    exif[radiograph.ORIENTATION] = 6
    for options in ({"exif": exif}, {"pnginfo": xmp}):
        path = save(stored, tmp_path / "film.png", **options)
        assert np.array_equal(radiograph.read(path), film)


def test_a_whole_png_loses_nothing_that_shows(film):
    content = _png(film)
    assert png.essential(content) == content
