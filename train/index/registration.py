"""How alike two films are in detail, once one is laid over the other. Pure.

Ribs, vessels and edges differ between people and between two films of one person; at the resolution of a thumbnail's
shapes all chests look alike. The figures measured with this are in train/index/duplicates.py.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

# Similarity at a quarter of the size under which a candidate is not looked at in half the size, and there under which
# it is not looked at in full size. Six in seven candidates end at the first, in a sixth of the time.
LEAST_AT_QUARTER = 0.62
LEAST_AT_HALF = 0.78
# Detail that was aligned to less than this at a quarter of the size has lost its way: grey is tried too.
LOST = 0.4

# Standard deviations in pixels of that size. Detail is what is left after a blur of this; at full size 4 separated
# people less than 2.
DETAIL_AT_QUARTER = 1.0
DETAIL_AT_HALF = 3.0
DETAIL = 2.0
# The blur for aligning is wider, so that there is a slope to follow from a few pixels away.
ALIGN_DETAIL = 6.0
# Of ECC, the side in pixels of the blur before it follows the slope, and where it stops: steps, and growth of its
# measure. More steps changed no answer; at a quarter of the size fewer will do, since the map is sought on from there.
AT_QUARTER = (3, (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 10, 1e-2))
AT_SIZE = (5, (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 20, 1e-3))

# Pixels at a quarter of the size by which a film is moved at most at a glance: crops are known within 1, and margins of
# copies differ by some more.
GLANCED = 4

# Of two aligned films at least this share must overlap.
LEAST_OVERLAP = 0.5


class Quarter(NamedTuple):
    """A film at a quarter of the size."""

    grey: np.ndarray  # uint8 (S / 4, S / 4)
    detail: np.ndarray  # float32, as `detail` returns


def quarter(film: np.ndarray) -> Quarter:
    """Shrink a film, uint8 (S, S), once for all its comparisons."""
    small = cv2.resize(film, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return Quarter(small, detail(small, DETAIL_AT_QUARTER))


def glance(one: np.ndarray, other: Quarter, crop: tuple[float, float, float, float]) -> float:
    """Return how alike the detail of two films is at a quarter of the size, moved by a few pixels but not turned.

    It takes a fifth of the time of `align_quarters`, for candidates of which it is known how one lies on the other.

    Args:
        one: a film, uint8 (S, S).
        other: another.
        crop: shares of the first one, cut off left, top, right and bottom, without which it lies on the other.
    """
    left, top, right, bottom = crop
    side = len(one)
    part = one[round(top * side) : round((1 - bottom) * side), round(left * side) : round((1 - right) * side)]
    small = detail(cv2.resize(part, other.grey.shape, interpolation=cv2.INTER_AREA), DETAIL_AT_QUARTER)
    inner = small[GLANCED:-GLANCED, GLANCED:-GLANCED]
    return float(np.max(cv2.matchTemplate(other.detail, inner, cv2.TM_CCOEFF_NORMED)))


def align_quarters(one: Quarter, other: Quarter) -> np.ndarray | None:
    """Return the affine map, float32 (2, 3), of the first film onto the second in their own pixels; None if unalike."""
    best, warp = 0.0, None
    for first, second in ((one.detail, other.detail), (one.grey, other.grey)):
        for found in _aligned(first, second, np.eye(2, 3, dtype=np.float32), AT_QUARTER):
            alike = _correlation(one.detail, other.detail, found, DETAIL_AT_QUARTER)
            if alike > best:
                best, warp = alike, found
        if best >= LOST:
            break
    return warp if best >= LEAST_AT_QUARTER else None


def similarity(one: np.ndarray, other: np.ndarray, warp: np.ndarray | None = None) -> float:
    """Return the correlation of the detail of two films, uint8 (S, S), where they overlap once aligned; 0 if never.

    Both grey and detail are tried for aligning: grey finds the way from further off, detail is not misled by
    brightness, text or CLAHE.

    Args:
        one: a film.
        other: another.
        warp: what `align_quarters` found of them; None: it is asked here.
    """
    warp = align_quarters(quarter(one), quarter(other)) if warp is None else warp
    if warp is None:
        return 0.0
    half, other_half = (cv2.resize(film, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for film in (one, other))
    best, warp = _best(half, other_half, _twice(warp), DETAIL_AT_HALF, DETAIL_AT_HALF)
    return 0.0 if best < LEAST_AT_HALF else _best(one, other, _twice(warp), ALIGN_DETAIL, DETAIL)[0]


def detail(film: np.ndarray, sigma: float) -> np.ndarray:
    """Return what is finer than a blur of `sigma` pixels, in units of its local strength: (H, W) to float32 (H, W)."""
    film = film.astype(np.float32)
    fine = film - cv2.GaussianBlur(film, (0, 0), sigma)
    strength = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), 2 * sigma))
    # + 4 grey levels, so that the noise of flat regions is not blown up to the strength of ribs.
    return fine / (strength + 4)


def _twice(warp: np.ndarray) -> np.ndarray:
    """Return the same movement in pixels of twice the size."""
    return warp * np.array([1, 1, 2], np.float32)


def _best(
    one: np.ndarray, other: np.ndarray, warp: np.ndarray, align_sigma: float, sigma: float
) -> tuple[float, np.ndarray]:
    """Align two films from `warp` on, by grey and by detail; return the best similarity, and its map."""
    wide, other_wide = detail(one, align_sigma), detail(other, align_sigma)
    maps = [warp, *_aligned(one, other, warp, AT_SIZE), *_aligned(wide, other_wide, warp, AT_SIZE)]
    fine, other_fine = (detail(one, sigma), detail(other, sigma)) if sigma != align_sigma else (wide, other_wide)
    scored = [(_correlation(fine, other_fine, found, sigma), found) for found in maps]
    return max(scored, key=lambda one: one[0])


def _aligned(first: np.ndarray, second: np.ndarray, warp: np.ndarray, how: tuple) -> Iterator[np.ndarray]:
    """Yield the affine map, float32 (2, 3), of the first film onto the second, sought from `warp` on; or nothing."""
    smoothing, criteria = how
    try:
        # OpenCV takes None for the mask; its stubs leave that out.
        yield cv2.findTransformECC(first, second, warp.copy(), cv2.MOTION_AFFINE, criteria, None, smoothing)[1]  # pyright: ignore[reportCallIssue, reportArgumentType]
    except cv2.error:  # it does not converge
        return


def _correlation(one: np.ndarray, other: np.ndarray, warp: np.ndarray, sigma: float) -> float:
    """Correlate two details, float32 (H, W), by a blur of `sigma`, the second brought onto the first by `warp`."""
    rim = round(sigma)  # the blur smears the border inwards by its width
    height, width = one.shape
    moved = cv2.warpAffine(other, warp, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    inside = np.zeros(other.shape, np.uint8)
    inside[rim:-rim, rim:-rim] = 1
    inside = cv2.warpAffine(inside, warp, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0
    inside[:rim] = inside[-rim:] = inside[:, :rim] = inside[:, -rim:] = False
    if inside.mean() < LEAST_OVERLAP:
        return 0.0
    first, second = one[inside], moved[inside]
    first, second = first - first.mean(), second - second.mean()
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length > 0 else 0.0
