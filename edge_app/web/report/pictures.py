"""The pictures of a report: a film under its heat map, with lines of equal strength that a photocopy keeps."""

import io
from dataclasses import dataclass

import cv2
import numpy as np

from edge_app.outputs import pictures

# Strengths of the map, 0 .. 1 of its scale, at which a line is drawn.
LEVELS = (0.2, 0.5, 0.8)
# Pixels of the film that a line may lie beside its place: a quarter of the width in which it is printed.
TOLERANCE = 0.8
# JPEG: as the film's own picture.
QUALITY = 85


@dataclass(frozen=True)
class MapPicture:
    """A film under its map.

    Attributes:
        jpeg: the picture.
        lines: for each of `LEVELS` closed lines, each float32 (n, 2): x and y, 0 .. 1 from the upper left corner.
    """

    jpeg: bytes
    lines: tuple[list[np.ndarray], ...]


def under_map(film: bytes, heat: bytes, lungs: bytes | None) -> MapPicture:
    """Draw a film under its map, in the colours of all other pictures.

    Args:
        film, heat, lungs: files as of `readings.layers`: grey; RGBA whose alpha is the eased strength; RGBA.
    """
    grey = _pixels(film, "RGB")
    height, width = grey.shape[:2]
    alpha = cv2.resize(_pixels(heat, "RGBA")[..., 3], (width, height), interpolation=cv2.INTER_LINEAR)
    strength = (alpha.astype(np.float32) / 255) ** (1 / pictures.EASE)
    done = pictures.laid_over(grey, strength)
    if lungs:
        drawn = cv2.resize(_pixels(lungs, "RGBA"), (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        weight = drawn[..., 3:] / 255
        done = (done * (1 - weight) + drawn[..., :3] * weight + 0.5).astype(np.uint8)
    return MapPicture(_jpeg(done), tuple(_lines(strength, level) for level in LEVELS))


def scale() -> bytes:
    """Return the colours of the scale as they lie on a film, JPEG."""
    return _jpeg(pictures.scale(256, 8))


def _lines(strength: np.ndarray, level: float) -> list[np.ndarray]:
    found, _ = cv2.findContours((strength >= level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    size = np.array(strength.shape[::-1], np.float32)
    simple = (cv2.approxPolyDP(line, TOLERANCE, True)[:, 0] for line in found)
    return [(line + np.float32(0.5)) / size for line in simple if len(line) > 2]


def _pixels(content: bytes, mode: str) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert(mode))


def _jpeg(pixels: np.ndarray) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
