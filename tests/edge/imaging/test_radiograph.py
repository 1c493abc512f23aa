"""Films as people have them: every colour mode and depth that Pillow or OpenCV writes, and how each is read."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from edge_app.imaging import preprocess, radiograph
from tests.support.films import draw_film
from tests.support.pictures import exif_of, interlaced, save

ROOT = Path(__file__).parents[3]
# Most grey levels by which quality 95 moves a pixel of a noisy film; a wrong channel or orientation moves some by 100.
JPEG_95 = 12


@pytest.fixture(scope="module")
def film():
    return draw_film(7, 240, 200)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_png_without_loss_is_the_source(tmp_path, film, mode):
    path = save(Image.fromarray(film).convert(mode), tmp_path / "film.png")
    grey = radiograph.read(path)
    assert grey.dtype == np.uint8
    assert np.array_equal(grey, film)


def test_interlaced_png_is_the_source(tmp_path, film):
    path = tmp_path / "film.png"
    path.write_bytes(interlaced(film))
    assert np.array_equal(radiograph.read(path), film)


def test_palette_png_is_the_source(tmp_path, film):
    picture = Image.fromarray(film).convert("P")
    picture.putpalette([255 - i // 3 for i in range(768)])  # index 0 shows white, 255 black
    path = save(picture, tmp_path / "film.png")
    indices = np.asarray(picture)
    assert np.array_equal(radiograph.read(path), 255 - indices)


def test_what_a_palette_calls_transparent_is_black(tmp_path, film):
    picture = Image.fromarray(film).convert("P")
    picture.putpalette([i // 3 for i in range(768)])
    brightest = int(np.asarray(picture).max())
    path = save(picture, tmp_path / "film.png", transparency=brightest)
    expected = np.where(film == brightest, 0, film)
    assert np.array_equal(radiograph.read(path), expected)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_half_transparent_film_is_shown_on_black(tmp_path, film, mode):
    picture = Image.fromarray(film).convert(mode)
    alpha = np.full(film.shape, 255, np.uint8)
    alpha[:, :50], alpha[:, 50:100] = 0, 128
    picture.putalpha(Image.fromarray(alpha))
    grey = radiograph.read(save(picture, tmp_path / "film.png"))
    assert not grey[:, :50].any()
    # One level: compositing rounds once for each of colour and alpha.
    assert np.abs(grey[:, 50:100].astype(int) - film[:, 50:100] * (128 / 255)).max() <= 1
    assert np.array_equal(grey[:, 100:], film[:, 100:])


def test_grey_png_with_a_transparent_level_shows_it_black(tmp_path, film):
    level = int(film.max())
    path = save(film, tmp_path / "film.png", transparency=level)
    assert np.array_equal(radiograph.read(path), np.where(film == level, 0, film))


def test_one_bit_png_is_black_and_white(tmp_path, film):
    picture = Image.fromarray(film).convert("1")
    grey = radiograph.read(save(picture, tmp_path / "film.png"))
    assert set(np.unique(grey)) == {0, 255}
    assert np.array_equal(grey > 0, np.asarray(picture))


def test_a_large_one_bit_png_is_not_averaged_into_grey(tmp_path):
    path = save(Image.fromarray(draw_film(7, 1500, 1400)).convert("1"), tmp_path / "film.png")
    grey = radiograph.read(path, 256)
    assert grey.shape == (1500, 1400)
    assert set(np.unique(grey)) == {0, 255}


@pytest.mark.parametrize("bits", [16, 12, 10])
def test_deep_png_fills_the_grey_scale(tmp_path, film, bits):
    deep = cv2.resize(film, None, fx=1, fy=1).astype(np.uint16) * (2**bits // 256)
    for path in (save(deep, tmp_path / "pillow.png"), tmp_path / "opencv.png"):
        if not path.exists():
            assert cv2.imwrite(str(path), deep)
        grey = radiograph.read(path)
        assert grey.dtype == np.uint8
        # Both are stretched by the contract, from slightly different ends: three levels.
        apart = preprocess.to_pixels(grey, 64).astype(int) - preprocess.to_pixels(film, 64)
        assert np.abs(apart).max() <= 3


def test_one_hot_pixel_does_not_darken_a_deep_film(tmp_path, film):
    deep = film.astype(np.uint16) * 4
    hot = deep.copy()
    hot[5, 5] = 65535
    plain = radiograph.read(save(deep, tmp_path / "plain.png"))
    spoilt = radiograph.read(save(hot, tmp_path / "hot.png"))
    assert np.abs(plain.astype(int) - spoilt)[hot == deep].max() <= 1


def test_sixteen_bit_colour_png_is_the_source(tmp_path, film):
    path = tmp_path / "film.png"
    assert cv2.imwrite(str(path), np.repeat(film.astype(np.uint16)[..., None] * 257, 3, axis=2))
    assert np.array_equal(radiograph.read(path), film)


@pytest.mark.parametrize(
    ("mode", "options", "tolerance"),
    [
        ("L", {}, JPEG_95),
        ("RGB", {}, JPEG_95),
        ("RGB", {"progressive": True}, JPEG_95),
        ("RGB", {"subsampling": 2}, JPEG_95),
        # Pillow's own conversion to CMYK and back costs a level, each of four channels is compressed by itself.
        ("CMYK", {}, JPEG_95 + 2),
    ],
)
def test_jpeg_is_close_to_the_source(tmp_path, film, mode, options, tolerance):
    path = save(Image.fromarray(film).convert(mode), tmp_path / "film.jpg", quality=95, **options)
    grey = radiograph.read(path)
    assert grey.shape == film.shape
    assert np.abs(grey.astype(int) - film).max() <= tolerance


def test_content_decides_and_not_the_name(tmp_path, film):
    jpeg = radiograph.read(save(film, tmp_path / "film.jpg", quality=90))
    for name in ("film.png", "film.dcm", "film", "film.txt"):
        (tmp_path / name).write_bytes((tmp_path / "film.jpg").read_bytes())
        assert np.array_equal(radiograph.read(tmp_path / name), jpeg)


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, lambda a: a),
        (2, np.fliplr),
        (3, lambda a: np.rot90(a, 2)),
        (4, np.flipud),
        (5, np.transpose),
        (6, lambda a: np.rot90(a, 1)),
        (7, lambda a: np.rot90(a, 2).T),
        (8, lambda a: np.rot90(a, -1)),
    ],
)
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_exif_orientation_is_obeyed(tmp_path, film, orientation, stored, suffix):
    turned = Image.fromarray(np.ascontiguousarray(stored(film)))
    grey = radiograph.read(save(turned, tmp_path / f"film{suffix}", exif=exif_of(orientation), quality=95))
    assert grey.shape == film.shape
    assert np.abs(grey.astype(int) - film).max() <= JPEG_95


def test_exif_orientation_is_obeyed_at_sixteen_bits(tmp_path, film):
    deep = np.ascontiguousarray(np.rot90(film.astype(np.uint16) * 257))
    grey = radiograph.read(save(deep, tmp_path / "film.png", exif=exif_of(6)))
    assert grey.shape == film.shape
    assert np.corrcoef(grey.ravel(), film.ravel())[0, 1] > 0.999


def test_film_with_nonsense_for_exif_is_still_read(tmp_path, film):
    path = save(film, tmp_path / "film.jpg", exif=b"Exif\0\0nonsense", quality=95)
    assert np.abs(radiograph.read(path).astype(int) - film).max() <= JPEG_95


@pytest.mark.parametrize(("mode", "least_side"), [("L", 64), ("RGB", 200), ("L", 384)])
def test_a_large_jpeg_is_decoded_whole_and_averaged_as_any_film(tmp_path, mode, least_side):
    film = Image.fromarray(draw_film(8, 978, 906)).convert(mode)
    path = save(film, tmp_path / "film.jpg", quality=90)
    lossless = save(Image.fromarray(radiograph.read(path)), tmp_path / "film.png")
    assert np.array_equal(radiograph.read(path, least_side), radiograph.read(lossless, least_side))


def test_small_jpeg_and_png_are_not_reduced(tmp_path, film):
    for path in (save(film, tmp_path / "film.jpg"), save(film, tmp_path / "film.png")):
        assert radiograph.read(path, 160).shape == film.shape


@pytest.mark.parametrize(
    ("shape", "least_side", "factor"),
    [((978, 906), 64, 14), ((978, 906), 300, 3), ((978, 906), 453, 2), ((978, 906), 454, 1), ((978, 906), 0, 1)],
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_large_png_is_averaged_over_whole_blocks(tmp_path, shape, least_side, factor, mode):
    film = draw_film(8, *shape)
    path = save(Image.fromarray(film).convert(mode), tmp_path / "film.png")
    grey = radiograph.read(path, least_side)
    height, width = (side // factor for side in shape)
    assert min(height, width) >= least_side
    assert grey.shape == (height, width)
    top, left = (side % factor // 2 for side in shape)  # what is left over is cut off at both edges
    whole = film[top : top + height * factor, left : left + width * factor]
    blocks = whole.reshape(height, factor, width, factor)
    assert np.abs(grey - blocks.mean(axis=(1, 3))).max() <= 0.6  # rounded, by integers


def test_large_png_that_lies_on_its_side_is_averaged_as_it_is_stored(tmp_path):
    film = draw_film(8, 978, 907)
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(film)))
    path = save(stored, tmp_path / "film.png", exif=exif_of(6))
    assert np.array_equal(radiograph.read(path, 200), np.rot90(np.asarray(radiograph.reduce(stored, 200)), -1))


def test_phone_picture_with_a_second_one_behind_it_shows_the_first(tmp_path, film):
    other = Image.fromarray(255 - film)
    path = save(
        Image.fromarray(film), tmp_path / "film.jpg", format="MPO", save_all=True, append_images=[other], quality=95
    )
    assert np.abs(radiograph.read(path).astype(int) - film).max() <= JPEG_95


def test_a_png_is_decoded_without_numpy(tmp_path, film):
    path = save(film, tmp_path / "film.png")
    script = (
        "import sys; from pathlib import Path; from edge_app.imaging import radiograph\n"
        "path = Path(sys.argv[1]); radiograph.decode(path, path.read_bytes(), 64).picture.load()\n"
        "sys.exit(' '.join({'numpy', 'cv2'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True)
    assert ran.stderr.strip() == ""
