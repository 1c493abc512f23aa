"""Boxes round opacities: as numbers, and as the text of the index's column `boxes`. Pure.

They are shares of the film, so they hold for a film that was shrunk, and for one that was squashed to a square.
"""

from collections.abc import Sequence

import numpy as np

# A thousandth of a pixel of the largest film that is read is far below what a hand can draw.
DIGITS = 5


def from_pixels(boxes: Sequence[Sequence[float]], width: float, height: float) -> np.ndarray:
    """Return boxes as shares of their film; what reaches over its edge is cut, what lies beyond it is left out.

    Args:
        boxes: (left, top, right, bottom) each, in pixels of a film of `width` x `height`.
        width: of the film in pixels, above 0.
        height: likewise.

    Returns:
        float32 (M, 4): top, left, bottom, right, 0 .. 1, sorted; M is at most the number of boxes.
    """
    found = [(top / height, left / width, bottom / height, right / width) for left, top, right, bottom in boxes]
    shares = np.clip(np.array(sorted(found), np.float32).reshape(-1, 4), 0, 1)
    return shares[(shares[:, 2] > shares[:, 0]) & (shares[:, 3] > shares[:, 1])]


def to_text(shares: np.ndarray) -> str:
    """Write float (M, 4) as text: four numbers a box with spaces between, boxes separated by ";"; "" for none."""
    return ";".join(" ".join(f"{share:.{DIGITS}f}" for share in box) for box in shares)


def from_text(text: str) -> np.ndarray:
    """Read what `to_text` wrote: float32 (M, 4), top, left, bottom, right, 0 .. 1 of the film's height and width."""
    found = [[float(share) for share in box.split()] for box in text.split(";") if box]
    return np.array(found, np.float32).reshape(-1, 4)
