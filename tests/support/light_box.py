"""A drawn film on a drawn light box, as a camera sees it."""

import cv2
import numpy as np

from tests.support.films import draw_film

# Of a frame, as OpenCV says it: width and height.
SIZE = (1280, 720)
FILM = draw_film(3, 720, 600)


def box(film: np.ndarray | None, left: int = 420, top: int = 90, height: int = 540, tilt: float = 0.0) -> np.ndarray:
    """Draw a film on a light box before a dark wall, RGB; `tilt` moves its corners as perspective does."""
    frame = np.full((SIZE[1], SIZE[0], 3), 25, np.uint8)
    cv2.rectangle(frame, (left - 160, top - 50), (left + 620, top + height + 50), (250, 250, 250), -1)
    if film is not None:
        onto = corners(film, left, top, height, tilt) + 0.5
        whole = np.float32([[0, 0], [film.shape[1], 0], film.shape[::-1], [0, film.shape[0]]])
        matrix = cv2.getPerspectiveTransform(whole, onto.astype(np.float32))
        shown = cv2.warpPerspective((0.8 * film).astype(np.uint8), matrix, SIZE)
        mask = cv2.warpPerspective(np.full_like(film, 255), matrix, SIZE)
        frame = np.where(mask[..., np.newaxis] > 127, shown[..., np.newaxis], frame)
    noise = np.random.default_rng(0).normal(0, 2, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


def corners(film: np.ndarray, left: int = 420, top: int = 90, height: int = 540, tilt: float = 0.0) -> np.ndarray:
    """Return where `box` draws the corners of a film."""
    width = round(height * film.shape[1] / film.shape[0])
    off = np.array([[0, 0], [width, tilt * height], [width, height - tilt * height], [0, height]])
    return off + np.array([left, top]) - 0.5
