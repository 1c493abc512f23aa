"""Films with a part taken away: what is left may hold no disease, only the hospital.

All take film uint8 (n, S, S) and, where they need it, lungs uint8 (n, S, S) with 255 = lung; they return uint8
(n, S, S).
"""

import cv2
import numpy as np

# Share of the side that counts as border: outside the lungs on nearly every film, and where burnt-in text stands.
BORDER = 0.12
# Blur that leaves the brightness of a lung and none of its texture, as a share of the side.
BLUR = 0.08
# What is blacked out beside the hull of the lungs, as a share of the side: masks end a little inside the ribs.
RIM = 0.02


def whole(film, lungs=None):
    """Take nothing away."""
    return film


def border_only(film, lungs=None):
    """Black out all but the border."""
    width = round(film.shape[1] * BORDER)
    film = film.copy()
    film[:, width:-width, width:-width] = 0
    return film


def lungs_only(film, lungs):
    """Black out everything but the lungs; soft at the rim."""
    return ((film.astype(np.uint16) * lungs + 127) // 255).astype(np.uint8)


def without_lungs(film, lungs):
    """Black out the lungs. Their outline stays."""
    return lungs_only(film, 255 - lungs)


def without_box(film, lungs):
    """Black out the box round the lungs, as Maguolo & Nanni did: no outline stays. Without lungs nothing goes."""
    film = film.copy()
    for picture, mask in zip(film, lungs > 127, strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows):
            picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 0
    return film


def without_hull(film, lungs):
    """Black out the convex hull of both lungs and a rim round it: also what the mask of an opaque lung leaves out."""
    film = film.copy()
    rim = np.ones((2 * round(RIM * film.shape[1]) + 1,) * 2, np.uint8)
    for picture, mask in zip(film, lungs, strict=True):
        lung = cv2.findNonZero((mask > 127).astype(np.uint8))
        if lung is not None:
            hull = cv2.fillConvexPoly(np.zeros_like(picture), cv2.convexHull(lung), (1,))
            picture[cv2.dilate(hull, rim) > 0] = 0
    return film


def blurred_lungs(film, lungs):
    """Blur the lungs so much that only their mean brightness is left."""
    blurred = np.stack([cv2.GaussianBlur(picture, (0, 0), BLUR * len(picture)) for picture in film])
    mixed = blurred.astype(np.uint16) * lungs + film.astype(np.uint16) * (255 - lungs.astype(np.uint16))
    return ((mixed + 127) // 255).astype(np.uint8)


WHOLE, LUNGS_OUT, OUTER = "whole film", "lungs blacked out", f"outer border only ({BORDER:.0%})"
HULL_OUT = "lungs and all between them blacked out"
# Name -> (change, whether it needs to know where the lungs are).
ALL = {
    WHOLE: (whole, False),
    "lungs only": (lungs_only, True),
    "lungs blurred": (blurred_lungs, True),
    LUNGS_OUT: (without_lungs, True),
    HULL_OUT: (without_hull, True),
    "box round the lungs blacked out": (without_box, True),
    OUTER: (border_only, False),
}
