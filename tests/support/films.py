"""Drawn chest films for tests: no patient, no download, the same pixels for the same arguments."""

import io

import cv2
import numpy as np
from PIL import Image


def draw_film(seed: int, height: int = 480, width: int = 400, opacity: float = 0.0) -> np.ndarray:
    """Draw a chest-like film: body, two dark lung fields, spine, ribs, heart and noise.

    Args:
        seed: moves the anatomy, the patches and the noise.
        height: rows of the film.
        width: columns of the film.
        opacity: 0 = clear lungs, 1 = white patches as bright as the body; patches lie inside the lungs only.

    Returns:
        uint8 (height, width), 0 = black = air, 255 = white = bone.
    """
    rng = np.random.default_rng(seed)
    ellipse = _Ellipses(rng, height, width)
    film = np.full((height, width), 8.0, np.float32)
    film += 140 * ellipse(0.5, 0.62, 0.44, 0.58)
    lungs = _lungs(ellipse)
    film -= 90 * lungs
    film += 45 * lungs * _ribs(height, width, ellipse.shift_y)
    film += 60 * ellipse(0.5, 0.5, 0.035, 0.6)
    film += 55 * ellipse(0.57, 0.62, 0.13, 0.12, 20)
    patches = np.zeros_like(film)
    for _ in range(6):
        side = rng.choice([0.31, 0.69])
        x, y = side + rng.uniform(-0.07, 0.07), rng.uniform(0.35, 0.68)
        patches = np.maximum(patches, ellipse(x, y, rng.uniform(0.03, 0.07), rng.uniform(0.03, 0.07)))
    film += 90 * opacity * lungs * _soften(patches, 0.01 * min(height, width))
    film += rng.normal(0, 4, film.shape).astype(np.float32)
    return np.clip(np.rint(film), 0, 255).astype(np.uint8)


def png(height: int = 240, width: int = 200, seed: int = 1000) -> bytes:
    """Return a drawn film with clear lungs as the bytes of a PNG file."""
    content = io.BytesIO()
    Image.fromarray(draw_film(seed, height, width)).save(content, "PNG")
    return content.getvalue()


def draw_lungs(seed: int, height: int = 480, width: int = 400) -> np.ndarray:
    """Draw the lung mask of the film that `draw_film` draws: uint8 (height, width), 255 = lung."""
    lungs = _lungs(_Ellipses(np.random.default_rng(seed), height, width))
    return np.where(lungs >= 0.5, 255, 0).astype(np.uint8)


def _lungs(ellipse) -> np.ndarray:
    return np.maximum(ellipse(0.31, 0.47, 0.13, 0.29, 6), ellipse(0.69, 0.47, 0.13, 0.29, -6))


class _Ellipses:
    """Soft ellipses on one film. Anatomy is placed in shares of it, so a film of another size shows the same chest."""

    def __init__(self, rng, height: int, width: int):
        self._height, self._width = height, width
        self._shift_x, self.shift_y = rng.uniform(-0.02, 0.02), rng.uniform(-0.02, 0.02)
        self._scale = rng.uniform(0.95, 1.05)

    def __call__(self, x: float, y: float, wide: float, high: float, tilt: float = 0.0) -> np.ndarray:
        """Return float32 (height, width): 1 inside an ellipse of half axes (wide, high), 0 outside, soft at the rim."""
        mask = np.zeros((self._height, self._width), np.float32)
        centre = (round((x + self._shift_x) * self._width), round((y + self.shift_y) * self._height))
        axes = (max(1, round(wide * self._scale * self._width)), max(1, round(high * self._scale * self._height)))
        cv2.ellipse(mask, centre, axes, tilt, 0, 360, 1.0, -1)
        return _soften(mask, 0.012 * min(self._height, self._width))


def _ribs(height: int, width: int, shift_y: float) -> np.ndarray:
    """Return float32 (height, width), 0 to 1: bright arcs, nine down the film."""
    mask = np.zeros((height, width), np.float32)
    for rib in range(9):
        centre = (width // 2, round((0.22 + 0.075 * rib + shift_y) * height))
        axes = (round(0.4 * width), round(0.1 * height))
        cv2.ellipse(mask, centre, axes, 0, 180, 360, 1.0, max(1, round(0.018 * height)))
    return _soften(mask, 0.004 * min(height, width))


def _soften(mask: np.ndarray, sigma: float) -> np.ndarray:
    """Blur float32 (H, W) by `sigma` pixels."""
    return cv2.GaussianBlur(mask, (0, 0), max(sigma, 0.5))
