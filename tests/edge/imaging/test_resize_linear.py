"""Enlargement gives the same pixels on every processor: those that OpenCV gives where models are trained."""

import hashlib
import platform

import cv2
import numpy as np
import pytest

from edge_app.imaging import preprocess, resize_linear


def picture(height: int, width: int) -> np.ndarray:
    """Compute a picture that is the same everywhere, with sharp edges in it."""
    rows, columns = np.mgrid[0:height, 0:width]
    return (rows * rows * 31 + columns * 97 + rows * columns * 13).astype(np.uint8)


@pytest.mark.parametrize("kind", ["any", "wider", "higher"])
def test_the_pixels_of_opencv_on_x86(kind):
    if platform.machine() != "x86_64":
        pytest.skip("OpenCV for this processor computes something else, which is why this module is there")
    rng = np.random.default_rng(7)
    for _ in range(200):
        height, width = rng.integers(2, 161, 2)
        height, width = {"any": (height, width), "wider": (160, width), "higher": (height, 160)}[kind]
        grey = rng.integers(0, 256, (height, width), np.uint8)
        wanted = cv2.resize(grey, (160, 160), interpolation=cv2.INTER_LINEAR)
        np.testing.assert_array_equal(resize_linear.linear(grey, 160, 160), wanted)


def test_the_pixels_on_any_processor():
    found = {
        shape: hashlib.sha256(resize_linear.linear(picture(*shape), 160, 160)).hexdigest()[:16]
        for shape in ((90, 120), (1, 1), (159, 160), (160, 7))
    }
    assert found == HASHES


def test_what_is_not_enlarged_is_left():
    grey = picture(160, 160)
    np.testing.assert_array_equal(resize_linear.linear(grey, 160, 160), grey)


def test_the_contract_enlarges_so():
    grey = picture(100, 120)
    np.testing.assert_array_equal(preprocess.shrink(grey, 160), resize_linear.linear(grey, 160, 160))


# What OpenCV 4.11 gives on x86.
HASHES = {
    (90, 120): "7ab34daa59c6e5ac",
    (1, 1): "c65206769723a13a",
    (159, 160): "283b53a46d9b0e69",
    (160, 7): "8cd319842e4347a8",
}
