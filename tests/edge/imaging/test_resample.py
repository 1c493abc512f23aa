"""Resampling is the mean of what each place covers, fractions of pixels included, and the same on every processor."""

import hashlib
import platform
from itertools import pairwise

import cv2
import numpy as np
import pytest

from edge_app.imaging import resample
from edge_app.imaging.resample import WHOLE

# Sub-pixels of the pictures that the means are compared with.
PARTS = 8


def picture(height: int, width: int) -> np.ndarray:
    """Compute a picture that is the same everywhere, with sharp edges in it."""
    rows, columns = np.mgrid[0:height, 0:width]
    return (rows * rows * 31 + columns * 97 + rows * columns * 13).astype(np.uint8)


@pytest.mark.parametrize("seed", range(20))
def test_a_place_is_the_mean_of_what_it_covers(seed):
    """The box is cut out of a picture whose pixels are blocks of sub-pixels, by counting."""
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, 12, 2)
    down, across = rng.integers(PARTS, 4 * PARTS, 2)  # sub-pixels of a place: one pixel and more
    top, left = rng.integers(0, 3 * PARTS, 2)
    bottom, right = top + rows * down, left + columns * across
    height, width = (int(np.ceil(end / PARTS)) + rng.integers(0, 3) for end in (bottom, right))
    grey = rng.integers(0, 256, (height, width), np.uint8)
    fine = np.kron(grey, np.ones((PARTS, PARTS)))[top:bottom, left:right]
    means = fine.reshape(rows, down, columns, across).mean(axis=(1, 3))
    box = (top / PARTS / height, left / PARTS / width, bottom / PARTS / height, right / PARTS / width)
    assert np.abs(resample.resample(grey, rows, columns, box) - means).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("grown", ["both", "rows", "columns"])
def test_it_is_what_opencv_averages_and_interpolates(grown):
    if platform.machine() != "x86_64":
        pytest.skip("OpenCV for this processor computes something else, which is why this module is there")
    rng = np.random.default_rng(7)
    for _ in range(100):
        height, width = (int(rng.integers(2, 161) if grown in ("both", side) else 160) for side in ("rows", "columns"))
        grey = rng.integers(0, 256, (height, width), np.uint8)
        wanted = cv2.resize(grey, (160, 160), interpolation=cv2.INTER_LINEAR)
        assert np.abs(resample.resample(grey, 160, 160).astype(int) - wanted).max() <= 1
        wanted = cv2.resize(grey, (min(width, 40), min(height, 30)), interpolation=cv2.INTER_AREA)
        assert np.abs(resample.resample(grey, *wanted.shape).astype(int) - wanted).max() <= 1


def test_what_keeps_its_size_is_left():
    grey = picture(160, 130)
    np.testing.assert_array_equal(resample.resample(grey, 160, 130), grey)
    np.testing.assert_array_equal(resample.resample(grey, 40, 30, (0.25, 0.1, 0.5, 43 / 130)), grey[40:80, 13:43])


def test_a_box_that_moves_a_little_changes_little():
    """A thousandth of the film is two thirds of a grey level a pixel here, on a slope of one level a pixel."""
    slope = np.tile(np.arange(250, dtype=np.uint8), (300, 1))
    box = np.array([0.1, 0.1, 0.9, 0.9])
    seen = [resample.resample(slope, 64, 64, box + move).astype(int) for move in np.arange(0, 0.01, 0.001)]
    for one, other in pairwise(seen):
        assert 0 <= (other - one).min() <= (other - one).max() <= 1


def test_sums_of_a_large_film_do_not_overflow(monkeypatch):
    grey = picture(300, 200)
    small = resample.resample(grey, 30, 20)
    monkeypatch.setattr(resample, "MOST_SUM", 1000)
    np.testing.assert_array_equal(resample.resample(grey, 30, 20), small)
    white = np.full((4000, 3000), 255, np.uint8)
    monkeypatch.undo()
    assert 255 * white.size > resample.MOST_SUM
    assert (resample.resample(white, 10, 10) == 255).all()


@pytest.mark.parametrize("box", [WHOLE, (0.2, 0.2, 0.2001, 0.9), (0.999, 0.999, 1.0, 1.0), (0.0, 0.0, 0.001, 0.001)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 1000), (3, 2), (64, 64)])
def test_any_box_of_any_picture_gives_the_size_asked_for(shape, box):
    grey = np.full(shape, 7, np.uint8)
    made = resample.resample(grey, 50, 40, box)
    assert (made.shape, made.dtype) == ((50, 40), np.uint8)
    assert (made == 7).all()


def test_the_pixels_on_any_processor():
    found = {
        (shape, box): hashlib.sha256(resample.resample(picture(*shape), 160, 150, box)).hexdigest()[:16]
        for shape, box in HASHES
    }
    assert found == HASHES


HASHES = {
    ((90, 120), WHOLE): "1267d1848b541d38",
    ((400, 333), (0.11, 0.07, 0.83, 0.91)): "dd751d865a22fa20",
    ((1300, 900), WHOLE): "c19bd559cf5980cb",
    ((160, 7), (0.3, 0.2, 0.7, 0.9)): "0e76019b27f2a572",
}
