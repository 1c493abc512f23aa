"""How alike two films are in detail, once one is laid over the other. Pure.

Ribs, vessels and edges differ between people and between two films of one person; at the resolution of a thumbnail's
shapes all chests look alike. The figures measured with this are in train/index/duplicates.py.
"""

from collections.abc import Iterator

import cv2
import numpy as np

# Coarse similarity (at half size) under which a candidate is not looked at in full size.
COARSE = 0.78

# Standard deviations in pixels. Detail is what is left after a blur of this; 4 separated people less than 2.
DETAIL = 2.0
COARSE_DETAIL = 3.0
# The blur for aligning is wider, so that there is a slope to follow from a few pixels away.
ALIGN_DETAIL = 6.0

# Of two aligned films at least this share must overlap.
LEAST_OVERLAP = 0.5


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation of the detail of two films, uint8 (S, S), where they overlap once aligned; 0 if never.

    Both grey and detail are tried for aligning: grey finds the way from further off, detail is not misled by
    brightness, text or CLAHE.
    """
    warp = np.eye(2, 3, dtype=np.float32)
    half, other_half = (cv2.resize(film, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for film in (one, other))
    coarse = [
        (_detail_similarity(half, other_half, found, COARSE_DETAIL), found)
        for found in _alignments((half, other_half), warp, COARSE_DETAIL)
    ]
    best, warp = max(coarse, key=lambda scored: scored[0], default=(0.0, warp))
    if best < COARSE:
        return 0.0
    # The same movement in pixels of the full size.
    warp[:, 2] *= 2
    found = [warp, *_alignments((one, other), warp, ALIGN_DETAIL)]
    return max(_detail_similarity(one, other, warp, DETAIL) for warp in found)


def detail(film: np.ndarray, sigma: float) -> np.ndarray:
    """Return what is finer than a blur of `sigma` pixels, in units of its local strength: (H, W) to float32 (H, W)."""
    film = film.astype(np.float32)
    fine = film - cv2.GaussianBlur(film, (0, 0), sigma)
    strength = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), 2 * sigma))
    # + 4 grey levels, so that the noise of flat regions is not blown up to the strength of ribs.
    return fine / (strength + 4)


def _alignments(films, warp: np.ndarray, sigma: float) -> Iterator[np.ndarray]:
    """Yield float32 (2, 3) affine maps from the first film onto the second, starting from `warp`."""
    # More steps than 20 changed no answer; one that does not converge raises cv2.error.
    criteria = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 20, 1e-3)
    for first, second in (films, [detail(film, sigma) for film in films]):
        try:
            # OpenCV takes None for the mask; its stubs leave that out.
            yield cv2.findTransformECC(first, second, warp.copy(), cv2.MOTION_AFFINE, criteria, None, 5)[1]  # pyright: ignore[reportCallIssue, reportArgumentType]
        except cv2.error:
            continue


def _detail_similarity(one: np.ndarray, other: np.ndarray, warp: np.ndarray, sigma: float) -> float:
    """Correlate the detail of `one` with that of `other` brought onto it by `warp`."""
    size = one.shape[::-1]
    moved = cv2.warpAffine(other, warp, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    inside = np.ones(other.shape, np.uint8)
    inside = cv2.warpAffine(inside, warp, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    # The blur smears the border of the moved film inwards by its width.
    rim = 2 * round(sigma) + 1
    inside = cv2.erode(inside, np.ones((rim, rim), np.uint8), borderValue=(0,)) > 0
    if inside.mean() < LEAST_OVERLAP:
        return 0.0
    first, second = detail(one, sigma)[inside], detail(moved, sigma)[inside]
    first, second = first - first.mean(), second - second.mean()
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length > 0 else 0.0
