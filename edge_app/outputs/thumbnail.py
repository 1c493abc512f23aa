"""A small picture of a film, for lists."""

import io

import cv2
import numpy as np

# Longer side in pixels: 64 of a style sheet on a screen of 1.5 times as many.
SIDE = 96
# JPEG's quality, and the bytes allowed: films take 1.2 to 2.5 kB, noise the most.
QUALITIES, MOST_BYTES = (70, 40, 20), 4000
# Pixels that are left out before the film is shrunk: so a film of any size takes a millisecond, and a thumbnail
# shows nothing that finer steps would change.
COARSE = 4


def draw(grey: np.ndarray) -> bytes:
    """Return a film, uint8 (H, W), as a grey JPEG of at most `SIDE` pixels a side and `MOST_BYTES`."""
    step = max(1, max(grey.shape) // (COARSE * SIDE))
    coarse = np.ascontiguousarray(grey[::step, ::step])
    scale = SIDE / max(coarse.shape)
    size = tuple(max(1, round(side * scale)) for side in coarse.shape[::-1])
    return _jpeg(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA))


def of_picture(content: bytes) -> bytes:
    """Return the thumbnail of a film as the page keeps it, a JPEG file."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=("JPEG",)) as picture:
        picture.draft("L", (SIDE, SIDE))
        return draw(np.asarray(picture.convert("L")))


def _jpeg(small: np.ndarray) -> bytes:
    content = b""
    for quality in QUALITIES:
        content = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(content) <= MOST_BYTES:
            break
    return content
