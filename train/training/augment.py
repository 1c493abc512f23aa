"""Augmentation, how else a film could have looked: uint8 pixels in, uint8 pixels out, one random generator per film.

Numpy and OpenCV only, so training needs nothing of TensorFlow here and runs the same under every Keras backend.
**Never a horizontal flip**: the heart lies on the left, and a flipped chest is another patient's disease.
"""

import cv2
import numpy as np


def original(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The augmentation the project grew from: resize, shear, zoom. uint8 (S, S, 1) -> uint8 (S, S, 1)."""
    return _affine(pixels[..., 0], rng, rotate=0, shear=0.2, zoom=0.2, shift=0)[..., np.newaxis]


def full(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Geometry, exposure, sharpness, noise, compression and things at the border. uint8 (S, S, C) -> uint8 (S, S, C).

    The ranges cover what the collections differ by, so that no such difference can tell a hospital from another. The
    first channel is the film; a second one, a mask, moves with it and keeps its look.
    """
    return _moved(pixels, rng, appearance, rotate=8, shear=0.1, zoom=0.18, shift=0.06)


def appearance(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All of `full` that leaves every place where it is. uint8 (S, S) -> uint8 (S, S)."""
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
    return grey


def strong(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As `full`, with the contrast of places changed too, and a part of the film covered. uint8 (S, S, C), likewise."""
    return _moved(pixels, rng, _strong_appearance, rotate=12, shear=0.1, zoom=0.18, shift=0.07)


def _strong_appearance(grey, rng):
    """CLAHE, unsharp masking, uneven exposure and display curves; then `appearance`; then a part covered."""
    for change, chance in ((_clahe, 0.3), (_sharpen, 0.3), (_uneven, 0.4), (_curve, 0.5)):
        if rng.random() < chance:
            grey = change(grey, rng)
    grey = appearance(grey, rng)
    return _cover(grey, rng) if rng.random() < 0.4 else grey


def _moved(pixels, rng, look, **geometry):
    """Warp all channels alike, and change the look of the first."""
    warped = _affine(pixels, rng, **geometry)
    if warped.ndim == 2:
        return look(warped, rng)[..., np.newaxis]
    return np.dstack([look(np.ascontiguousarray(warped[..., 0]), rng), warped[..., 1:]])


KINDS = {"original": original, "full": full, "strong": strong}


def _affine(grey, rng, *, rotate, shear, zoom, shift):
    matrix = random_affine(grey.shape[0], rng, rotate=rotate, shear=shear, zoom=zoom, shift=shift)
    border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
    return cv2.warpAffine(grey, matrix, grey.shape[:2], borderMode=border)


def random_affine(size: int, rng, *, rotate: float, shear: float, zoom: float, shift: float) -> np.ndarray:
    """Draw one warp of a `size` x `size` picture: float (2, 3), as OpenCV takes it.

    It has a rotation (degrees), shear (tangent), zoom of each axis by itself, and shift (share of the side).
    """
    angle = np.deg2rad(rng.uniform(-rotate, rotate))
    slant = rng.uniform(-shear, shear)
    common, across = rng.uniform(1 - zoom, 1 + zoom), rng.uniform(1 - zoom / 3, 1 + zoom / 3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, slant], [0, 1]]) @ np.diag([common * across, common / across])
    centre = np.full(2, (size - 1) / 2)
    offset = centre - matrix @ centre + rng.uniform(-shift, shift, 2) * size
    return np.column_stack([matrix, offset])


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


def _cover(grey, rng):
    """Cover a rectangle with the mean grey: no single place of a film may decide (cut-out, arXiv:1708.04552)."""
    grey, size = grey.copy(), grey.shape[0]
    height, width = rng.integers(size // 10, size // 4, 2)
    top, left = rng.integers(0, size - height), rng.integers(0, size - width)
    grey[top : top + height, left : left + width] = round(float(grey.mean()))
    return grey


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
    cv2.putText(
        grey, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (int(rng.integers(170, 256)),), weight, cv2.LINE_AA
    )
    return grey


def _clahe(grey, rng):
    return cv2.createCLAHE(rng.uniform(1, 4), (int(rng.integers(3, 10)),) * 2).apply(grey)


def _sharpen(grey, rng):
    """Unsharp masking, as viewers and scanners apply it."""
    soft = cv2.GaussianBlur(grey, (0, 0), rng.uniform(1, 6))
    amount = rng.uniform(0.3, 1.5)
    return cv2.addWeighted(grey, 1 + amount, soft, -amount, 0)


def _uneven(grey, rng):
    """Exposure that changes smoothly over the film: the heel effect, a light box, a tilted patient."""
    field = cv2.resize(rng.uniform(0.7, 1.3, (3, 3)).astype(np.float32), grey.shape, interpolation=cv2.INTER_CUBIC)
    return np.clip(grey * field, 0, 255).astype(np.uint8)


def _curve(grey, rng):
    """A random monotone grey curve: any display table there may be."""
    levels = np.concatenate([[0], np.sort(rng.uniform(0, 255, 3)), [255]])
    table = 0.5 * np.interp(np.arange(256), np.linspace(0, 255, 5), levels) + 0.5 * np.arange(256)
    return table.round().astype(np.uint8)[grey]
