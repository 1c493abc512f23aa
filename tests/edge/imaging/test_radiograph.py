"""Files as people have them: every colour mode and depth that Pillow or OpenCV writes, and every way to be broken."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import limits, preprocess, radiograph
from tests.support.another_user import as_another_user
from tests.support.damage import damage
from tests.support.films import draw_film

ROOT = Path(__file__).parents[3]
# Most grey levels by which quality 95 moves a pixel of a noisy film; a wrong channel or orientation moves some by 100.
JPEG_95 = 12


@pytest.fixture(scope="module")
def film():
    return draw_film(7, 240, 200)


def _save(picture, path, **options):
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def _png(width, height, depth, colour_type, rows: bytes, *chunks, interlace=0) -> bytes:
    """Write a PNG by hand (PNG 3rd edition, clause 5): what no encoder here makes."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace)
    parts = [chunk(b"IHDR", head), *(chunk(*item) for item in chunks), chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def _interlaced(grey) -> bytes:
    """Write uint8 (H, W) as an Adam7 interlaced PNG."""
    rows = b""
    for y, x, down, across in (
        (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1),
    ):  # fmt: skip
        rows += b"".join(b"\0" + row.tobytes() for row in grey[y::down, x::across])
    return _png(grey.shape[1], grey.shape[0], 8, 0, rows, interlace=1)


def _refusal(path, **arguments) -> str:
    """Return the one sentence with which `path` is refused, without the path that must begin it."""
    with pytest.raises(UnreadableRadiograph) as caught:
        radiograph.read(path, **arguments)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path}: ")


# --- good films -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_png_without_loss_is_the_source(tmp_path, film, mode):
    path = _save(Image.fromarray(film).convert(mode), tmp_path / "film.png")
    grey = radiograph.read(path)
    assert grey.dtype == np.uint8
    assert np.array_equal(grey, film)


def test_interlaced_png_is_the_source(tmp_path, film):
    path = tmp_path / "film.png"
    path.write_bytes(_interlaced(film))
    assert np.array_equal(radiograph.read(path), film)


def test_palette_png_is_the_source(tmp_path, film):
    picture = Image.fromarray(film).convert("P")
    picture.putpalette([255 - i // 3 for i in range(768)])  # index 0 shows white, 255 black
    path = _save(picture, tmp_path / "film.png")
    indices = np.asarray(picture)
    assert np.array_equal(radiograph.read(path), 255 - indices)


def test_what_a_palette_calls_transparent_is_black(tmp_path, film):
    picture = Image.fromarray(film).convert("P")
    picture.putpalette([i // 3 for i in range(768)])
    brightest = int(np.asarray(picture).max())
    path = _save(picture, tmp_path / "film.png", transparency=brightest)
    expected = np.where(film == brightest, 0, film)
    assert np.array_equal(radiograph.read(path), expected)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_half_transparent_film_is_shown_on_black(tmp_path, film, mode):
    picture = Image.fromarray(film).convert(mode)
    alpha = np.full(film.shape, 255, np.uint8)
    alpha[:, :50], alpha[:, 50:100] = 0, 128
    picture.putalpha(Image.fromarray(alpha))
    grey = radiograph.read(_save(picture, tmp_path / "film.png"))
    assert not grey[:, :50].any()
    # One level: compositing rounds once for each of colour and alpha.
    assert np.abs(grey[:, 50:100].astype(int) - film[:, 50:100] * (128 / 255)).max() <= 1
    assert np.array_equal(grey[:, 100:], film[:, 100:])


def test_grey_png_with_a_transparent_level_shows_it_black(tmp_path, film):
    level = int(film.max())
    path = _save(film, tmp_path / "film.png", transparency=level)
    assert np.array_equal(radiograph.read(path), np.where(film == level, 0, film))


def test_one_bit_png_is_black_and_white(tmp_path, film):
    picture = Image.fromarray(film).convert("1")
    grey = radiograph.read(_save(picture, tmp_path / "film.png"))
    assert set(np.unique(grey)) == {0, 255}
    assert np.array_equal(grey > 0, np.asarray(picture))


@pytest.mark.parametrize("bits", [16, 12, 10])
def test_deep_png_fills_the_grey_scale(tmp_path, film, bits):
    deep = cv2.resize(film, None, fx=1, fy=1).astype(np.uint16) * (2**bits // 256)
    for path in (_save(deep, tmp_path / "pillow.png"), tmp_path / "opencv.png"):
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
    plain = radiograph.read(_save(deep, tmp_path / "plain.png"))
    spoilt = radiograph.read(_save(hot, tmp_path / "hot.png"))
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
    path = _save(Image.fromarray(film).convert(mode), tmp_path / "film.jpg", quality=95, **options)
    grey = radiograph.read(path)
    assert grey.shape == film.shape
    assert np.abs(grey.astype(int) - film).max() <= tolerance


def test_content_decides_and_not_the_name(tmp_path, film):
    jpeg = radiograph.read(_save(film, tmp_path / "film.jpg", quality=90))
    for name in ("film.png", "film.dcm", "film", "film.txt"):
        (tmp_path / name).write_bytes((tmp_path / "film.jpg").read_bytes())
        assert np.array_equal(radiograph.read(tmp_path / name), jpeg)


def _exif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


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
    grey = radiograph.read(_save(turned, tmp_path / f"film{suffix}", exif=_exif(orientation), quality=95))
    assert grey.shape == film.shape
    assert np.abs(grey.astype(int) - film).max() <= JPEG_95


def test_exif_orientation_is_obeyed_at_sixteen_bits(tmp_path, film):
    deep = np.ascontiguousarray(np.rot90(film.astype(np.uint16) * 257))
    grey = radiograph.read(_save(deep, tmp_path / "film.png", exif=_exif(6)))
    assert grey.shape == film.shape
    assert np.corrcoef(grey.ravel(), film.ravel())[0, 1] > 0.999


def test_film_with_nonsense_for_exif_is_still_read(tmp_path, film):
    path = _save(film, tmp_path / "film.jpg", exif=b"Exif\0\0nonsense", quality=95)
    assert np.abs(radiograph.read(path).astype(int) - film).max() <= JPEG_95


@pytest.mark.parametrize(
    ("height", "width", "mean", "most"),
    [
        # Multiples of 16: averaging by DCT scale and by pixels see the same blocks, up to rounding and the percentiles.
        (976, 912, 1, 5),
        # Else the decoder rounds the side up by part of a pixel, so edges far from the corner lie that much elsewhere.
        (978, 906, 4, 30),
    ],
)
@pytest.mark.parametrize(("mode", "least_side"), [("L", 64), ("RGB", 200), ("L", 384)])
def test_large_jpeg_is_decoded_smaller_but_large_enough(tmp_path, height, width, mean, most, mode, least_side):
    film = draw_film(8, height, width)
    path = _save(Image.fromarray(film).convert(mode), tmp_path / "film.jpg", quality=90)
    full, reduced = radiograph.read(path), radiograph.read(path, least_side)
    assert full.shape == film.shape
    assert least_side <= min(reduced.shape) < min(full.shape)
    size = least_side // preprocess.LEAST_OVERSAMPLING
    apart = np.abs(preprocess.to_pixels(full, size).astype(int) - preprocess.to_pixels(reduced, size))
    assert apart.mean() < mean
    assert apart.max() <= most


def test_small_jpeg_and_png_are_not_reduced(tmp_path, film):
    for path in (_save(film, tmp_path / "film.jpg"), _save(film, tmp_path / "film.png")):
        assert radiograph.read(path, 160).shape == film.shape


@pytest.mark.parametrize(
    ("shape", "least_side", "factor"),
    [((978, 906), 64, 14), ((978, 906), 300, 3), ((978, 906), 453, 2), ((978, 906), 454, 1), ((978, 906), 0, 1)],
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_large_png_is_averaged_over_whole_blocks(tmp_path, shape, least_side, factor, mode):
    film = draw_film(8, *shape)
    path = _save(Image.fromarray(film).convert(mode), tmp_path / "film.png")
    grey = radiograph.read(path, least_side)
    height, width = (side // factor for side in shape)
    assert min(height, width) >= least_side
    assert grey.shape == tuple(-(-side // factor) for side in shape)
    blocks = film[: height * factor, : width * factor].reshape(height, factor, width, factor)
    assert np.abs(grey[:height, :width] - blocks.mean(axis=(1, 3))).max() <= 0.6  # rounded, by integers


def test_large_png_that_lies_on_its_side_is_averaged_as_it_is_stored(tmp_path):
    film = draw_film(8, 978, 907)
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(film)))
    path = _save(stored, tmp_path / "film.png", exif=_exif(6))
    assert np.array_equal(radiograph.read(path, 200), np.rot90(np.asarray(stored.reduce(4)), -1))


def test_phone_picture_with_a_second_one_behind_it_shows_the_first(tmp_path, film):
    other = Image.fromarray(255 - film)
    path = _save(
        Image.fromarray(film), tmp_path / "film.jpg", format="MPO", save_all=True, append_images=[other], quality=95
    )
    assert np.abs(radiograph.read(path).astype(int) - film).max() <= JPEG_95


# --- what is no film ------------------------------------------------------------------------------


def test_an_empty_file(tmp_path):
    path = tmp_path / "film.png"
    path.touch()
    assert _refusal(path) == "is empty; copy it again from where it came from."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("patient,label\n12,covid\n", "is text that begins 'patient,label"),
        ("hello", "is text that begins 'hello'"),
        ("Röntgen des Thorax, " * 30, "is text that begins 'Röntgen des Thorax"),
        ("\n\n", "is text"),
    ],
)
def test_text_that_is_named_png(tmp_path, text, found):
    path = tmp_path / "film.png"
    path.write_text(text, encoding="utf-8")
    sentence = _refusal(path)
    assert sentence.startswith(found)
    assert sentence.endswith("; a radiograph must be PNG, JPEG or DICOM.")


def test_unknown_bytes(tmp_path):
    path = tmp_path / "film.png"
    path.write_bytes(bytes(range(1, 200)))
    found = _refusal(path)
    assert found.startswith("is of an unknown format that begins with bytes 01 02 03 04 05 06 07 08;")


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["film.png", "film.jpg"])
def test_a_film_that_is_cut_off(tmp_path, film, name, share):
    path = _save(film, tmp_path / name)
    content = path.read_bytes()
    path.write_bytes(content[: max(9, int(len(content) * share))])
    found = _refusal(path)
    assert "is damaged or cut off" in found
    assert found.endswith("; copy it again from where it came from.")


def test_png_whose_pixels_were_altered(tmp_path, film):
    path = _save(film, tmp_path / "film.png")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert _refusal(path).startswith("is damaged or cut off (")


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((1, 1), "is 1 x 1 pixels; a radiograph must be at least 64 on each side."),
        ((63, 200), "is 200 x 63 pixels; a radiograph must be at least 64 on each side."),
        ((70, 280), "is 280 x 70 pixels; one side may be at most 3 times the other; crop to one film."),
        ((280, 70), "is 70 x 280 pixels; one side may be at most 3 times the other; crop to one film."),
    ],
)
@pytest.mark.parametrize("name", ["film.png", "film.jpg"])
def test_a_shape_that_no_film_has(tmp_path, shape, sentence, name):
    assert _refusal(_save(np.zeros(shape, np.uint8), tmp_path / name)) == sentence


@pytest.mark.parametrize("shape", [(64, 64), (64, 192), (192, 64)])
def test_the_smallest_and_longest_shapes_are_read(tmp_path, shape):
    assert radiograph.read(_save(np.zeros(shape, np.uint8), tmp_path / "film.png")).shape == shape


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "WEBP"])
def test_other_picture_formats(tmp_path, film, kind):
    path = _save(film, tmp_path / "film.png", format=kind)
    assert _refusal(path).upper() == f"is a {kind} picture; a radiograph must be PNG, JPEG or DICOM.".upper()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("GIF", "is a GIF picture; "),
        ("PNG", "is an animated PNG of 2 frames; "),
    ],
)
def test_animations(tmp_path, film, kind, sentence):
    frames = [Image.fromarray(film), Image.fromarray(255 - film)]
    path = _save(frames[0], tmp_path / "film.png", format=kind, save_all=True, append_images=frames[1:], duration=100)
    assert _refusal(path).startswith(sentence)


@pytest.mark.parametrize("side", [10_001, 40_000, 2_000_000_000])
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path, side):
    path = tmp_path / "film.png"
    # The pixel data are nonsense: an attempt to decode them would end in another sentence.
    path.write_bytes(_png(side, side, 8, 0, b"nonsense"))
    found = _refusal(path)
    assert "pixels" in found
    assert "100,000,000" in found


def test_a_jpeg_bomb_is_refused_by_its_header(tmp_path, film):
    path = _save(film, tmp_path / "film.jpg")
    content = bytearray(path.read_bytes())
    start = content.index(b"\xff\xc0")  # SOF0: length, precision, then height and width of 16 bits each
    content[start + 5 : start + 9] = struct.pack(">HH", 12000, 12000)
    path.write_bytes(content)
    assert _refusal(path).startswith("is 12000 x 12000 pixels; at most 100,000,000 in all are read")


def test_a_png_with_a_bomb_in_its_text_eats_no_memory(tmp_path, film):
    path = tmp_path / "film.png"
    bomb = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)
    path.write_bytes(_png(64, 64, 8, 0, bytes(65 * 64), (b"zTXt", bomb)))
    script = (
        "import resource, sys; from pathlib import Path; from edge_app.imaging import radiograph\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: radiograph.read(Path(sys.argv[1]))\n"
        "except radiograph.UnreadableRadiograph: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100_000  # kB; the text alone is 200,000


def test_a_missing_file(tmp_path):
    assert _refusal(tmp_path / "nothing.png") == "there is no such file; check the name."


def test_a_folder(tmp_path):
    assert _refusal(tmp_path) == "is a folder; name a PNG, JPEG or DICOM file."


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "film.png")
    assert _refusal(tmp_path / "film.png").endswith("; name a PNG, JPEG or DICOM file.")


def test_a_device_is_not_read():
    assert _refusal(Path("/dev/zero")).endswith("; name a PNG, JPEG or DICOM file.")


def test_a_link_that_leads_nowhere_or_round(tmp_path):
    (tmp_path / "lost.png").symlink_to(tmp_path / "nothing")
    assert _refusal(tmp_path / "lost.png") == "there is no such file; check the name."
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    assert _refusal(tmp_path / "round.png").startswith("cannot be read (")


def test_a_name_too_long_for_the_system(tmp_path):
    assert _refusal(tmp_path / ("a" * 300)).startswith("cannot be read (")


def test_a_file_without_permission(film):
    # Not in tmp_path, whose parents only its owner may enter.
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = _save(film, Path(folder) / "film.png")
        path.chmod(0)
        with as_another_user():
            assert _refusal(path) == "may not be read by this user; change its permissions."


# --- random damage --------------------------------------------------------------------------------


def _good_files(film) -> list[bytes]:
    def encode(picture, **options):
        content = io.BytesIO()
        picture.save(content, **options)
        return content.getvalue()

    small = Image.fromarray(film[:80, :90])
    exif = _exif(6)
    return [
        encode(small, format="PNG"),
        encode(small.convert("RGBA"), format="PNG", exif=exif),
        encode(small.convert("P"), format="PNG", transparency=3),
        encode(Image.fromarray(film[:80, :90].astype(np.uint16) * 200), format="PNG"),
        encode(small, format="JPEG"),
        encode(small.convert("RGB"), format="JPEG", progressive=True, exif=exif),
        encode(small.convert("CMYK"), format="JPEG"),
        encode(small.convert("RGB"), format="MPO", save_all=True, append_images=[small.convert("RGB")]),
        encode(small, format="GIF"),
        encode(small, format="TIFF"),
        _interlaced(film[:80, :90]),
    ]


def test_random_damage_leaves_only_as_a_sentence(tmp_path, film):
    rng = np.random.default_rng(2024)
    files = _good_files(film)
    path = tmp_path / "film"
    read = refused = 0
    for i in range(300):
        path.write_bytes(damage(files[i % len(files)], rng))
        try:
            grey = radiograph.read(path, 64 * int(rng.integers(0, 2)))
        except UnreadableRadiograph as error:
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
            refused += 1
        else:
            assert grey.dtype == np.uint8
            assert min(grey.shape) >= limits.LEAST_SIDE
            read += 1
    assert read > 10
    assert refused > 100


def test_a_picture_is_decoded_without_numpy(tmp_path, film):
    for name in ("film.png", "film.jpg"):
        _save(film, tmp_path / name)
    script = (
        "import sys; from pathlib import Path; from edge_app.imaging import radiograph\n"
        "for path in map(Path, sys.argv[1:]): radiograph.decode(path, path.read_bytes(), 64).picture.load()\n"
        "sys.exit(' '.join({'numpy', 'cv2'} & set(sys.modules)))"
    )
    paths = [tmp_path / "film.png", tmp_path / "film.jpg"]
    ran = subprocess.run([sys.executable, "-c", script, *paths], cwd=ROOT, capture_output=True, text=True)
    assert ran.stderr.strip() == ""
