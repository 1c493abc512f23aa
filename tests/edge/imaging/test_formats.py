"""The picture formats that people have: each shows the film that went into it."""

import numpy as np
import pytest
from PIL import Image

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import radiograph
from tests.support.films import draw_film
from tests.support.pictures import exif_of, save


@pytest.fixture(scope="module")
def film():
    return draw_film(11, 240, 200)


@pytest.fixture(scope="module")
def deep(film):
    """12 bits in 16, as detectors give, and as `radiograph` shows them."""
    return film.astype(np.uint16) * 16 + 300


def _apart(path, wanted) -> int:
    return int(np.abs(radiograph.read(path).astype(int) - wanted).max())


@pytest.mark.parametrize(
    "options",
    [
        {"format": "TIFF"},
        {"format": "TIFF", "compression": "tiff_lzw"},
        {"format": "TIFF", "compression": "tiff_deflate"},
        {"format": "TIFF", "compression": "packbits"},
        {"format": "BMP"},
        {"format": "WebP", "lossless": True},
        {"format": "JPEG2000", "irreversible": False},
        {"format": "PPM"},
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_lossless_formats_of_8_bits(tmp_path, film, mode, options):
    path = save(Image.fromarray(film).convert(mode), tmp_path / "film.png", **options)
    assert _apart(path, film) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"format": "TIFF"},
        {"format": "TIFF", "compression": "tiff_lzw"},
        {"format": "JPEG2000", "irreversible": False},
        {"format": "PPM"},
    ],
    ids=str,
)
def test_16_bits_are_shown_as_those_of_a_png(tmp_path, deep, options):
    wanted = radiograph.read(save(deep, tmp_path / "film.png"))
    assert _apart(save(Image.fromarray(deep), tmp_path / "film", **options), wanted) == 0


def test_white_is_zero(tmp_path, film, deep):
    """Pillow inverts 8 bits that say so, as it writes and as it reads, and not 16."""
    path = save(Image.fromarray(film), tmp_path / "film.tif", format="TIFF", tiffinfo={262: 0})
    assert _apart(path, film) == 0
    wanted = 255 - radiograph.read(save(deep, tmp_path / "film.png")).astype(int)
    path = save(Image.fromarray(deep), tmp_path / "film.tif", format="TIFF", tiffinfo={262: 0})
    assert _apart(path, wanted) <= 1  # rounded from the other end


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiled_tiff(tmp_path, film, deep, dtype):
    tifffile = pytest.importorskip("tifffile")
    values = film if dtype == np.uint8 else deep
    path = tmp_path / "film.tif"
    tifffile.imwrite(path, values, tile=(64, 80), photometric="minisblack")
    assert _apart(path, radiograph.read(save(values, tmp_path / "film.png"))) == 0


def test_signed_and_wide_values_that_fit_16_bits(tmp_path, deep):
    wanted = radiograph.read(save(deep, tmp_path / "film.png"))
    signed = Image.fromarray(deep.astype(np.int32) - 1000)
    assert _apart(save(signed, tmp_path / "film.tif"), wanted) == 0


@pytest.mark.parametrize(("dtype", "why"), [(np.float32, "not whole numbers"), (np.int32, "have more than 16 bits")])
def test_other_numbers_are_refused(tmp_path, film, dtype, why):
    path = save(Image.fromarray(film.astype(dtype) * 1000), tmp_path / "film.tif")
    with pytest.raises(UnreadableRadiograph, match=why):
        radiograph.read(path)


def test_a_plain_text_pnm(tmp_path, film):
    path = tmp_path / "film.pgm"
    rows = "\n".join(" ".join(map(str, row)) for row in film.tolist())
    path.write_text(f"P2\n# a comment\n{film.shape[1]} {film.shape[0]}\n255\n{rows}\n")
    assert _apart(path, film) == 0


@pytest.mark.parametrize("kind", ["TIFF", "WebP"])
def test_a_turned_picture_is_put_upright(tmp_path, film, kind):
    lossless = {"lossless": True} if kind == "WebP" else {}
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(film)))
    path = save(stored, tmp_path / "film", format=kind, exif=exif_of(6), **lossless)
    assert _apart(path, film) == 0


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "WebP", "JPEG2000", "PPM"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_is_cut_off(tmp_path, film, kind, share):
    path = save(Image.fromarray(film), tmp_path / "film", format=kind)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UnreadableRadiograph, match=r"is damaged or cut off .*; copy it again"):
        radiograph.read(path)
