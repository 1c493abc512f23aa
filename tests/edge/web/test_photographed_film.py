"""Photographs of films that are sent to the page: decoded in colour, judged as in front of a camera, or refused."""

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_app.errors import UnreadableRadiograph
from edge_app.model import model_file
from edge_app.screening import run_context
from edge_app.screening.result import Judged, Refused
from edge_app.web.readings import photographed_film
from edge_app.workers.decode_pool import Decoded
from tests.support import bad_pictures
from tests.support.light_box import FILM, box

PATH = Path("photo.jpg")


def saved(pixels: np.ndarray, kind: str = "JPEG", **options) -> bytes:
    """Return a picture as a file."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind, **options)
    return content.getvalue()


def colours(content: bytes, most_side: int = photographed_film.MOST_SIDE) -> np.ndarray:
    """Return the decoded photograph, uint8 RGB (H, W, 3)."""
    film = photographed_film.decode(PATH, content, most_side)
    assert film.age is None
    grey = np.asarray(film.picture)
    return grey.reshape(grey.shape[0], -1, 3)


def test_the_colours_of_each_pixel_lie_side_by_side():
    pixels = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    assert np.array_equal(colours(saved(pixels, "PNG")), pixels)


def test_a_large_photograph_is_shrunk_to_the_longest_side():
    assert colours(saved(np.full((1200, 1600, 3), 90, np.uint8)), 400).shape == (300, 400, 3)


def test_a_photograph_of_a_turned_phone_is_upright():
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[:, :150] = 250
    exif = Image.Exif()
    exif[0x0112] = 6  # EXIF 2.3: the first row of the file is the right side of what was seen
    upright = colours(saved(pixels, "PNG", exif=exif))
    assert upright.shape == (300, 200, 3)
    assert upright[:150].min() == 250 and upright[150:].max() == 0


def png_of(width: int, height: int) -> bytes:
    """Return a PNG file that claims this size and holds no pixel."""
    content = b"\x89PNG\r\n\x1a\n"
    for chunk in (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT"):
        content += struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7 of a scanner", "photo.jpg: is a PDF document; a photograph must be JPEG or PNG."),
        (b"", "photo.jpg: is not a picture; a photograph must be JPEG or PNG."),
        (b"\xff\xd8\xff", "photo.jpg: is damaged or cut off; take it again."),
        (saved(box(FILM))[:9000], "photo.jpg: is damaged or cut off (image file is truncated"),
        (saved(np.zeros((20, 300, 3), np.uint8)), "photo.jpg: is 300 x 20 pixels; a radiograph must be at least 64"),
        (png_of(12_000, 10_000), "photo.jpg: is 12000 x 10000 pixels; at most 100,000,000 in all are read"),
        (png_of(20_000, 20_000), "photo.jpg: has far too many pixels; take a smaller photograph."),
    ],
)
def test_what_is_no_photograph_is_refused_with_a_sentence(content, said):
    with pytest.raises(UnreadableRadiograph) as refused:
        photographed_film.decode(PATH, content, photographed_film.MOST_SIDE)
    assert str(refused.value).startswith(said)


@pytest.fixture(scope="module")
def judge(camera_model):
    """Return a judge with the small model for cameras."""
    model = model_file.read(camera_model)
    return photographed_film.Judge(model, run_context.of(model, "refer"), 1)


def result(judge, frame: np.ndarray):
    """Return what the judge says of a photograph of this frame."""
    content = saved(frame, quality=95)
    grey = np.asarray(photographed_film.decode(PATH, content, photographed_film.MOST_SIDE).picture)
    return judge.result(Decoded(grey, hashlib.sha256(content).hexdigest(), None, 0.0), PATH), content


def test_a_film_on_a_photograph_is_judged_with_the_card_of_photographs(judge, camera_model):
    told, content = result(judge, box(FILM))
    assert isinstance(told, Judged)
    assert (told.path, told.sha256) == (PATH, hashlib.sha256(content).hexdigest())
    assert (told.shot.camera, told.shot.frames) == (photographed_film.NAME, 1)
    model = model_file.read(camera_model)
    assert judge.context.card == model.for_camera().card != model.card
    assert judge.context.rule == "refer"


def test_a_photograph_without_a_film_is_refused_with_advice(judge):
    told, content = result(judge, box(None))
    assert isinstance(told, Refused)
    assert (told.path, told.sha256) == (PATH, hashlib.sha256(content).hexdigest())
    assert told.refusal.kind == "poor photograph" and "no film in view" in told.refusal.sentence


def test_a_photograph_of_thousands_of_scans_is_refused_before_it_is_decoded(tmp_path):
    content = bad_pictures.bombs(tmp_path)["jpeg of 5,000 scans"]()
    with pytest.raises(
        UnreadableRadiograph, match=r"is damaged or cut off \(it has \d+ scans, 500 are the most\); take"
    ):
        photographed_film.decode(Path("photograph"), content, photographed_film.MOST_SIDE)
