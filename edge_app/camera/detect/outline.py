"""Where the film is in a frame: lines make quadrangles, and a small network scores which of them is a film. Pure.

1. The frame is shrunk to `SMALL` pixels across; line segments (LSD, von Gioi et al. 2012) that continue each other
   become lines, some near level and some near upright. Every two level and two upright lines make a quadrangle.
2. Those with some contrast along their sides and plain surroundings are measured: what lies on both sides of each
   side, and how the picture in the best looks. `quad_scorer` scores how well each fits a film, since the light box,
   the monitor and its windows are quadrangles too.
3. The sides of those that remain are moved to the steepest place at full size; their crossings are the corners.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from edge_app.camera.detect import quad_scorer, sides
from edge_app.camera.detect.quad_scorer import QuadScorer
from edge_app.camera.detect.sides import Sides

# Spreads dark levels: most films have a black border, and most viewers show them on dark grey.
LIGHTER = np.round(255 * (np.arange(256) / 255) ** 0.5).astype(np.uint8)
# Width that a frame is shrunk to: a film's edge is then some 2 pixels wide, and a screen's grid is averaged out.
SMALL = 640
# Sides of a film as shares of the frame's height, and width to height or its inverse (`radiograph.MOST_ELONGATED`).
LEAST_SIDE, MOST_ELONGATED = 0.2, 3
# Of each side at least this share must show contrast, and of all together the second share: a clip, a finger, a dark
# border before a dark window hide some. Share of what lies just outside that must be plain.
LEAST_OF_SIDE, LEAST_OF_ALL, LEAST_PLAIN = 0.15, 0.45, 0.4
# How far, as slopes, both pairs of sides may be from square to each other, and sides of a pair from parallel: more than
# a lens of 70 degrees shows of a film at 25 degrees.
MOST_ASKEW, MOST_NARROWING = 0.25, 0.3
# Quadrangles whose sides are scored, and those of them whose picture is scored too.
MOST_CANDIDATES, MOST_LOOKED_AT = 700, 64
# Scores of `quad_scorer` from which a quadrangle is a film, and from which another one beside it is a second film.
LEAST_FIT, LEAST_SECOND = 0.04, 0.2
# Logits that are added to quadrangles at the place of the film of the frame before, and how far from it, as a share of
# its width, their corners may be: a film with a score near the limit does not come and go, and of a film and the window
# round it the same one is taken while their scores are alike. From 0.04 it lowers the limit to 0.015.
KNOWN_BONUS, KNOWN_REACH = 1.0, 0.05
# Score from which, and share of the frame's height or width from which, a quadrangle may be a film that fills the
# picture. Films drawn so score 0.004 to 0.04 if they are not found; bare light boxes and monitors up to 0.003, and
# documents, which are smaller, up to 0.02.
LEAST_DOUBTFUL, FILLS = 0.004, 0.9
# Pixels of the small frame within which a side is moved, and the points of it that are looked at.
REACH, REFINED_POINTS = 3.0, 48
# Side of the picture of a quadrangle, in pixels, and the share of it on each side that lies outside the quadrangle.
LOOK, AROUND = 20, 0.15
SIDE_FEATURES, LOOK_FEATURES = 31, LOOK * LOOK + 3


@dataclass(frozen=True)
class Outline:
    """A film found in a frame.

    Attributes:
        corners: float64 (4, 2), x and y in pixels of the frame, from the upper left clockwise; the middle of the first
            pixel is (0, 0).
        confidence: 0 .. 1, how well it fits.
    """

    corners: np.ndarray
    confidence: float


@dataclass(frozen=True)
class Candidates:
    """Quadrangles that may be films: corners float (K, 4, 2) in pixels of the small frame, features float32 (K, F)."""

    corners: np.ndarray
    features: np.ndarray


def find(frame: np.ndarray, scorer: QuadScorer | None = None) -> list[Outline]:
    """Find the films in a frame; arguments, result and errors as of `search`."""
    return search(frame, scorer)[0]


def search(
    frame: np.ndarray, scorer: QuadScorer | None = None, known: np.ndarray | None = None
) -> tuple[list[Outline], bool]:
    """Find the films in a frame.

    Args:
        frame: uint8 RGB (H, W, 3).
        scorer: scores the quadrangles; None for that of this program.
        known: float (4, 2), corners of the film in the frame before, as of `Outline`; None without one.

    Returns:
        The films, the surest first; none overlaps another. And, if there is none, whether something that fills the
        frame may be one.

    Raises:
        ValueError: `frame` is not uint8 (H, W, 3).
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ValueError(f"frame is {frame.dtype} {frame.shape}; it must be uint8 (H, W, 3)")
    grey = LIGHTER[np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)]
    small, scale = shrunk(grey)
    found = candidates(small)
    if not len(found.corners):
        return [], False
    scorer = scorer or quad_scorer.released()
    found = closely(found, small, scorer)
    fits = scorer.by_both(found.features[:, :SIDE_FEATURES], found.features)
    raised = fits if known is None else _raised(fits, found.corners, known / scale)
    films = [
        Outline(refined(grey, found.corners[at], scale), float(fits[at])) for at in _distinct(found.corners, raised)
    ]
    fills = (np.ptp(found.corners, axis=1) >= FILLS * np.array(small.shape[::-1])).any(axis=1)
    return films, not films and bool((fits[fills] >= LEAST_DOUBTFUL).any())


def _raised(fits: np.ndarray, corners: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return scores, those of quadrangles at a known place raised by `KNOWN_BONUS` logits."""
    near = np.linalg.norm(corners - known, axis=2).max(axis=1) <= KNOWN_REACH * np.linalg.norm(known[1] - known[0])
    odds = fits / np.maximum(1 - fits, 1e-6) * np.where(near, np.exp(KNOWN_BONUS), 1)
    return odds / (1 + odds)


def shrunk(grey: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a picture, uint8 (H, W), shrunk to at most `SMALL` pixels of width, and how many times smaller it is."""
    scale = max(1.0, grey.shape[1] / SMALL)
    size = (round(grey.shape[1] / scale), round(grey.shape[0] / scale))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA)), scale


def closely(found: Candidates, small: np.ndarray, scorer: QuadScorer) -> Candidates:
    """Return those candidates whose sides fit best, with the features of their picture added."""
    best = np.argsort(-scorer.by_sides(found.features))[:MOST_LOOKED_AT]
    soft = cv2.GaussianBlur(small, (0, 0), 1)
    looks = _looks(soft, found.corners[best])
    return Candidates(found.corners[best], np.concatenate([found.features[best], looks], axis=1).astype(np.float32))


def candidates(small: np.ndarray) -> Candidates:
    """Return the quadrangles of uint8 (H, W), lightened, that may be films, by their sides."""
    level, upright = sides.lines(small)
    if len(level) < 2 or len(upright) < 2:
        return Candidates(np.empty((0, 4, 2)), np.empty((0, 0), np.float32))
    soft, step = cv2.GaussianBlur(small, (0, 0), 1), sides.least_contrast(small)
    quads = _quadrangles(sides.measure(soft, level, upright, step), sides.measure(soft.T, upright, level, step))
    value = (_value(quads, LEAST_SIDE * len(small)) * _flat(level, upright)).ravel()
    best = np.argsort(-value)[:MOST_CANDIDATES]
    best = best[value[best] > 0]
    corners = _corners(level, upright, best)
    quads = quads.reshape(*quads.shape[:2], -1)[..., best]
    return Candidates(corners, _of_sides(quads, len(small)))


# Rows of what `_quadrangles` returns; columns are the upper, right, lower and left side.
LENGTH, CONTRAST, BRIGHTER, PLAIN, PLAIN_INSIDE, OUTSIDE, INSIDE = range(7)


def _quadrangles(across: Sides, down: Sides) -> np.ndarray:
    """Combine lines to all quadrangles: float (7, 4, pairs of level lines, pairs of upright lines)."""
    upper, lower = np.triu_indices(len(across.length), 1)
    left, right = np.triu_indices(len(down.length), 1)
    first = [across.length, across.contrast, across.brighter, across.before_plain, across.after_plain]
    first = np.stack([*first, across.before_level, across.after_level])
    second = [across.length, across.contrast, -across.brighter, across.after_plain, across.before_plain]
    second = np.stack([*second, across.after_level, across.before_level])
    beside = [down.length, down.contrast, down.brighter, down.before_plain, down.after_plain]
    beside = np.stack([*beside, down.before_level, down.after_level])
    beyond = [down.length, down.contrast, -down.brighter, down.after_plain, down.before_plain]
    beyond = np.stack([*beyond, down.after_level, down.before_level])
    return np.stack(
        [first[:, upper], beyond[:, right].transpose(0, 2, 1), second[:, lower], beside[:, left].transpose(0, 2, 1)],
        axis=1,
    )


def _value(quads: np.ndarray, least_side: float) -> np.ndarray:
    """Return how much each quadrangle looks like the outline of something on a plain surface, 0 (not at all) .. 1."""
    length, contrast, plain = quads[LENGTH], quads[CONTRAST], quads[PLAIN]
    wide, high = length[0] + length[2], length[1] + length[3]
    allowed = (length.min(axis=0) >= least_side) & (np.maximum(wide, high) <= MOST_ELONGATED * np.minimum(wide, high))
    allowed &= (contrast.min(axis=0) >= LEAST_OF_SIDE) & (contrast.mean(axis=0) >= LEAST_OF_ALL)
    allowed &= plain.mean(axis=0) >= LEAST_PLAIN
    return allowed * contrast.mean(axis=0) * plain.mean(axis=0) * (0.5 + 0.5 * contrast.min(axis=0))


def _flat(level: np.ndarray, upright: np.ndarray) -> np.ndarray:
    """Return which quadrangles may be a rectangle seen at an angle: bool (pairs of level lines, of upright lines)."""
    slopes = [lines[np.stack(np.triu_indices(len(lines), 1)), 0] for lines in (level, upright)]
    (narrows, leans), (other_narrows, other_leans) = ((abs(pair[0] - pair[1]), pair.mean(axis=0)) for pair in slopes)
    askew = abs(leans[:, np.newaxis] + other_leans[np.newaxis])
    return (askew <= MOST_ASKEW) & (narrows <= MOST_NARROWING)[:, np.newaxis] & (other_narrows <= MOST_NARROWING)


def _corners(level: np.ndarray, upright: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the corners of quadrangles, float (K, 4, 2), by their places among all combinations of lines."""
    x, y = sides.crossings(level, upright)
    upper, lower = np.triu_indices(len(level), 1)
    left, right = np.triu_indices(len(upright), 1)
    rows, columns = np.divmod(places, len(left))
    top, bottom, first, last = upper[rows], lower[rows], left[columns], right[columns]
    at = np.stack([top, top, bottom, bottom], 1), np.stack([first, last, last, first], 1)
    return np.stack([x[at], y[at]], axis=-1)


def _of_sides(quads: np.ndarray, height: int) -> np.ndarray:
    """Return the features of quadrangles' sides for `quad_scorer`: float32 (K, F).

    Args:
        quads: float (7, 4, K), of `_quadrangles`.
        height: of the small frame, in pixels.
    """
    outside, inside = (np.sort(quads[row], axis=0) / 255 for row in (OUTSIDE, INSIDE))
    size = quads[LENGTH] / height
    features = [
        *quads[CONTRAST],
        *quads[BRIGHTER],
        *quads[PLAIN],
        *quads[PLAIN_INSIDE],
        *outside,
        *inside,
        3 * (outside[-1] - outside[0]),
        3 * (inside[-1] - inside[0]),
        *(size * 0.7),
        np.log((size[0] + size[2]) / (size[1] + size[3])),
    ]
    return np.clip(features, -3, 3).T.astype(np.float32)


def _looks(soft: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return the pictures of quadrangles and their near surroundings, levels scaled alike, as float32 (K, F)."""
    rim = AROUND / (1 + 2 * AROUND) * LOOK
    square = np.array([[rim, rim], [LOOK - rim, rim], [LOOK - rim, LOOK - rim], [rim, LOOK - rim]], np.float32)
    looks = np.empty((len(corners), LOOK, LOOK), np.float32)
    for at, four in enumerate(corners.astype(np.float32)):
        # Each pixel is the average of four, since a quadrangle is some ten times as large.
        onto = cv2.getPerspectiveTransform(four, 2 * square)
        large = cv2.warpPerspective(soft, onto, (2 * LOOK, 2 * LOOK), borderMode=cv2.BORDER_REPLICATE)
        looks[at] = cv2.resize(large, (LOOK, LOOK), interpolation=cv2.INTER_AREA)
    within = slice(round(rim), LOOK - round(rim))
    inner = np.sort(looks[:, within, within].reshape(len(looks), -1), axis=1)
    low, middle, high = (inner[:, int(share * (inner.shape[1] - 1)), np.newaxis] for share in (0.1, 0.5, 0.9))
    levels = (looks.reshape(len(looks), -1) - middle) / np.maximum(high - low, 8)
    return np.concatenate([low / 255, middle / 255, high / 255, np.clip(levels, -2, 2)], axis=1)


def _distinct(corners: np.ndarray, fits: np.ndarray) -> list[int]:
    """Return the places of the quadrangles that score best among those that overlap, the best first."""
    kept: list[int] = []
    for at in np.argsort(-fits):
        if fits[at] < (LEAST_SECOND if kept else LEAST_FIT):
            break
        if all(_overlap(corners[at], corners[other]) < 0.1 for other in kept):
            kept.append(int(at))
    return kept


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the area that two quadrangles have in common, as a share of the smaller one's area."""
    one, other = one.astype(np.float32), other.astype(np.float32)
    return cv2.intersectConvexConvex(one, other)[0] / max(min(cv2.contourArea(one), cv2.contourArea(other)), 1)


def refined(grey: np.ndarray, corners: np.ndarray, scale: float) -> np.ndarray:
    """Return corners that were found `scale` times smaller, moved to the steepest place of `grey`: float (4, 2)."""
    corners = (corners + 0.5) * scale - 0.5
    found = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        found.append(_steepest(grey, start, end, REACH * scale))
    normal, offset = np.array([side[:2] for side in found]), np.array([side[2] for side in found])
    try:
        moved = np.array([np.linalg.solve(normal[[at - 1, at]], offset[[at - 1, at]]) for at in range(4)])
    except np.linalg.LinAlgError:
        return corners
    # Sides turned by something that crosses them meet elsewhere: then the lines of the small picture are better.
    far = np.linalg.norm(moved - corners, axis=1).max() > 3 * REACH * scale
    return corners if far else moved


def _steepest(grey, start, end, reach: float) -> np.ndarray:
    """Return the line through the steepest places near that from start to end: (nx, ny, c), n the normal, n x = c."""
    along = (end - start) / np.linalg.norm(end - start)
    outwards = np.array([along[1], -along[0]])  # clockwise in a picture, where y points down
    away = np.arange(-reach, reach + 0.25, 0.5)
    shares = np.linspace(0.05, 0.95, REFINED_POINTS)
    points = start + shares[:, None] * (end - start)
    at = points[:, None] + away[:, None] * outwards
    across, down = np.moveaxis(at.astype(np.float32), -1, 0)
    seen = cv2.remap(grey, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    slope = cv2.GaussianBlur(np.gradient(seen.astype(np.float32), axis=1), (0, 0), sigmaX=2, sigmaY=1)
    # The side's own direction of contrast: text or a rib beside it may be steeper the other way.
    sign = 1.0 if slope.sum() >= 0 else -1.0
    steep = np.maximum(sign * slope, 0)
    best = steep.argmax(axis=1)
    weight = steep.max(axis=1)
    good = weight >= 0.3 * np.median(weight)
    edge = points[good] + away[best[good], None] * outwards
    vx, vy, x, y = cv2.fitLine(edge.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel().astype(float)
    return np.array([-vy, vx, -vy * x + vx * y])
