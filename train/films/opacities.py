"""Radiologists' boxes round opacities, drawn as masks in the frame of what a network sees."""

from collections.abc import Sequence

import numpy as np

from train.index import boxes


def masks(texts: Sequence[str], crops: np.ndarray, size: int) -> np.ndarray:
    """Draw the boxes of films.

    Args:
        texts: of each film, as the column `boxes` of the index.
        crops: float (N, 4), top, left, bottom, right of what is seen of each film, 0 .. 1 of the film.
        size: side in pixels of what is seen.

    Returns:
        uint8 (N, size, size, 1): 255 inside a box, else 0.
    """
    drawn = np.zeros((len(texts), size, size, 1), np.uint8)
    for mask, text, (top, left, bottom, right) in zip(drawn, texts, crops, strict=True):
        origin, side = np.array([top, left, top, left]), np.array([bottom - top, right - left] * 2)
        for box in np.clip((boxes.from_text(text) - origin) / side, 0, 1):
            first_row, first_column, last_row, last_column = np.round(box * size).astype(int)
            mask[first_row:last_row, first_column:last_column] = 255
    return drawn
