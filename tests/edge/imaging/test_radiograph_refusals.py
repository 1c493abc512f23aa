"""Files that hold no radiograph, and every way to be broken: each is refused with a sentence."""

import io
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import file_type, limits, radiograph
from tests.support.another_user import as_another_user
from tests.support.damage import damage
from tests.support.films import draw_film
from tests.support.pictures import exif_of, interlaced, png_by_hand, save

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def film():
    return draw_film(7, 240, 200)


def _refusal(path, **arguments) -> str:
    """Return the one sentence with which `path` is refused, without the path that must begin it."""
    with pytest.raises(UnreadableRadiograph) as caught:
        radiograph.read(path, **arguments)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path}: ")


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
    assert sentence.endswith("; a radiograph must be DICOM, PNG, JPEG, TIFF, BMP, WebP, JPEG 2000 or PNM.")


def test_unknown_bytes(tmp_path):
    path = tmp_path / "film.png"
    path.write_bytes(bytes(range(1, 200)))
    found = _refusal(path)
    assert found.startswith("is of an unknown format that begins with bytes 01 02 03 04 05 06 07 08;")


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9, 0.995])
@pytest.mark.parametrize("name", ["film.png", "film.jpg"])
def test_a_film_that_is_cut_off(tmp_path, film, name, share):
    path = save(film, tmp_path / name)
    content = path.read_bytes()
    path.write_bytes(content[: max(9, int(len(content) * share))])
    found = _refusal(path)
    assert "is damaged or cut off" in found
    assert found.endswith("; copy it again from where it came from.")


def test_png_whose_pixels_were_altered(tmp_path, film):
    path = save(film, tmp_path / "film.png")
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
    assert _refusal(save(np.zeros(shape, np.uint8), tmp_path / name)) == sentence


@pytest.mark.parametrize("shape", [(64, 64), (64, 192), (192, 64)])
def test_the_smallest_and_longest_shapes_are_read(tmp_path, shape):
    assert radiograph.read(save(np.zeros(shape, np.uint8), tmp_path / "film.png")).shape == shape


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (b"GIF89a", "is a GIF picture; {}; export it as PNG."),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            "is an HEIC picture; {}; share or export it as JPEG, or set the ",
        ),
        (b"\0\0\0\x1cftypavif", "is an AVIF picture; {}; export it as PNG."),
        (b"\0\0\0\x18ftypmp42", "is a video; {}; export one picture of it, or show it to 'camera --source FILE'."),
        (b"\0\0\0\x14ftypqt  ", "is a video; {}; "),
        (b"RIFF\0\0\0\0AVI LIST", "is a video; {}; "),
        (b"\x1aE\xdf\xa3", "is a video; {}; "),
        (
            b"%PDF-1.7",
            "is a PDF document; {}; export the film itself from where the document came ",
        ),
        (b"PK\x03\x04", "is a zip archive; {}; unpack it."),
    ],
)
def test_what_may_hold_a_film_is_told_how_to_export_it(tmp_path, head, sentence):
    path = tmp_path / "film.png"
    path.write_bytes(head + bytes(100))
    assert _refusal(path).startswith(sentence.format(radiograph.ALLOWED))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WebP"])
def test_several_pictures_in_one_file(tmp_path, film, kind):
    frames = [Image.fromarray(film), Image.fromarray(255 - film)]
    path = save(frames[0], tmp_path / "film.png", format=kind, save_all=True, append_images=frames[1:], duration=100)
    assert _refusal(path) == f"is a {kind} file of 2 pictures; export one film."


def test_a_png_with_a_bomb_in_its_text_eats_no_memory(tmp_path, film):
    path = tmp_path / "film.png"
    bomb = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)
    path.write_bytes(png_by_hand(64, 64, 8, 0, bytes(65 * 64), (b"zTXt", bomb)))
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
    assert _refusal(tmp_path) == f"is a folder; name a film: {file_type.ALLOWED}."


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "film.png")
    assert _refusal(tmp_path / "film.png").endswith(f"; name a film: {file_type.ALLOWED}.")


def test_a_device_is_not_read():
    assert _refusal(Path("/dev/zero")).endswith(f"; name a film: {file_type.ALLOWED}.")


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
        path = save(film, Path(folder) / "film.png")
        path.chmod(0)
        with as_another_user():
            assert _refusal(path) == "may not be read by this user; change its permissions."


def _good_files(film) -> list[bytes]:
    def encode(picture, **options):
        content = io.BytesIO()
        picture.save(content, **options)
        return content.getvalue()

    small = Image.fromarray(film[:80, :90])
    exif = exif_of(6)
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
        interlaced(film[:80, :90]),
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
