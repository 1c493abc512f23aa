"""What a film could also have looked like: uint8 pixels in, uint8 pixels out, one random generator a film.

Numpy and OpenCV only, so training needs nothing of TensorFlow here and runs the same under every Keras backend.
**Never a horizontal flip**: the heart lies on the left, and a flipped chest is another patient's disease.
"""

import cv2
import numpy as np


def original(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The augmentation the project grew from: resize, shear, zoom. uint8 (S, S, 1) -> uint8 (S, S, 1)."""
    return _affine(pixels[..., 0], rng, rotate=0, shear=0.2, zoom=0.2, shift=0)[..., np.newaxis]


def full(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Geometry, exposure, sharpness, noise, compression and things at the border. uint8 (S, S, 1) -> uint8 (S, S, 1).

    The ranges cover what the four collections differ by, so that no such difference can tell a hospital from another.
    """
    grey = _affine(pixels[..., 0], rng, rotate=8, shear=0.1, zoom=0.18, shift=0.06)
    for change, chance in (
        (_contrast, 0.7),
        (_resolution, 0.3),
        (_blur, 0.25),
        (_noise, 0.3),
        (_jpeg, 0.4),
        (_border, 0.4),
        (_marker, 0.3),
    ):
        if rng.random() < chance:
            grey = change(grey, rng)
    return grey[..., np.newaxis]


KINDS = {"original": original, "full": full}


def _affine(grey, rng, *, rotate, shear, zoom, shift):
    """One warp: rotation (degrees), shear (tangent), zoom of each axis by itself, shift (share of the side)."""
    size = grey.shape[0]
    angle = np.deg2rad(rng.uniform(-rotate, rotate))
    slant = rng.uniform(-shear, shear)
    common, across = rng.uniform(1 - zoom, 1 + zoom), rng.uniform(1 - zoom / 3, 1 + zoom / 3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, slant], [0, 1]]) @ np.diag([common * across, common / across])
    centre = np.full(2, (size - 1) / 2)
    offset = centre - matrix @ centre + rng.uniform(-shift, shift, 2) * size
    border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
    return cv2.warpAffine(grey, np.column_stack([matrix, offset]), (size, size), borderMode=border)


def _contrast(grey, rng):
    """Gamma and window: another exposure, another display."""
    levels = np.arange(256) / 255
    low, high = rng.uniform(-0.1, 0.1), rng.uniform(0.88, 1.12)
    curve = np.clip((levels ** rng.uniform(0.6, 1.6) - low) / (high - low), 0, 1)
    return (curve * 255).round().astype(np.uint8)[grey]


def _resolution(grey, rng):
    """Lost detail: films arrive as small as 200 pixels."""
    size = grey.shape[0]
    smaller = int(size * rng.uniform(0.5, 0.95))
    shrunk = cv2.resize(grey, (smaller, smaller), interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (size, size), interpolation=cv2.INTER_LINEAR)


def _blur(grey, rng):
    return cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.3, 1.2))


def _noise(grey, rng):
    noisy = grey + rng.normal(0, rng.uniform(2, 12), grey.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _jpeg(grey, rng):
    done, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
    assert done
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)


def _border(grey, rng):
    """Cover up to 12 % of one to four sides, black or white: collimator edges, and what the border alone could tell."""
    grey, size = grey.copy(), grey.shape[0]
    level = 0 if rng.random() < 0.75 else int(rng.integers(0, 256))
    for side in rng.permutation(4)[: rng.integers(1, 5)]:
        width = int(rng.integers(1, max(2, size * 12 // 100)))
        np.rot90(grey, side)[:width] = level
    return grey


def _marker(grey, rng):
    """Draw a side marker, date or label near a corner: burnt-in text must not mean a disease."""
    grey, size = grey.copy(), grey.shape[0]
    text = "".join(rng.choice(list("ABDEILNPRSTUX0123456789 "), rng.integers(1, 9)))
    left, down = rng.random() < 0.5, rng.random() < 0.3
    x = int(size * (rng.uniform(0.02, 0.15) if left else rng.uniform(0.6, 0.85)))
    y = int(size * (rng.uniform(0.85, 0.97) if down else rng.uniform(0.06, 0.2)))
    scale, weight = rng.uniform(0.25, 0.6) * size / 192, 1 if rng.random() < 0.7 else 2
    cv2.putText(grey, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, int(rng.integers(170, 256)), weight, cv2.LINE_AA)
    return grey
