"""What lies round a film as digitisers and collimators leave it, and what may cover it. Pure, seeded.

A film is squashed and its grey levels are stretched before the network sees it, so that in a frame the chest is small,
and pale where the frame is black or white: portable films and digitised ones look so, and are whole.
"""

import cv2
import numpy as np

# Of the lungs' area, what a cover takes: below a quarter a reader would still report the film.
LOST = (0.28, 0.65)
# A film in a frame may use few grey levels: the frame, and not the film, is what is black or white.
SPAN = (35, 120)


def framed(film: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Put a film into a frame: corners cut off, a ground on all sides or on one, a line; the lungs stay whole.

    Args:
        film: uint8 (H, W).
        mask: uint8 (H, W), 255 = lung; it moves with the film.
        rng: draws everything.

    Returns:
        Film and mask, uint8 (H, W) each.
    """
    levels = (0, 0, 0, 255, int(rng.integers(0, 256)))
    level = levels[rng.integers(len(levels))]
    if rng.random() < 0.5:
        film = _squeezed(film, rng)
    if rng.random() < 0.5:
        film = np.where(_shape(film.shape, rng), film, np.uint8(level))
    if rng.random() < 0.7:
        film, mask = _on_ground(film, mask, rng, level)
    if rng.random() < 0.2:
        film = film.copy()
        edge = np.rot90(film, int(rng.integers(4)))
        at = int(rng.integers(0, len(film) // 12))
        edge[at : at + int(rng.integers(1, 4))] = 255 - level
    return film, mask


def covered(film: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Cover a film from one side on with one grey, as where a copy broke off: a large part of the lungs is lost."""
    turn = int(rng.integers(4))
    film, mask = np.rot90(film, turn).copy(), np.rot90(mask, turn).copy()
    below = np.cumsum(np.count_nonzero(mask, axis=1))
    first = int(np.searchsorted(below, (1 - rng.uniform(*LOST)) * below[-1]))
    film[first:], mask[first:] = int(rng.choice([0, 0, 128, 255])), 0
    return np.rot90(film, -turn), np.rot90(mask, -turn)


def _squeezed(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Leave a film few grey levels, anywhere in the scale."""
    span = rng.uniform(*SPAN)
    return (film * (span / 255) + rng.uniform(0, 255 - span)).astype(np.uint8)


def _shape(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return where a collimator lets light through, bool (H, W): a rectangle without its corners, or an ellipse."""
    down, across = (abs(np.linspace(-1, 1, side)) for side in shape)
    x, y = np.meshgrid(across, down)
    manner = rng.integers(3)
    if manner == 0:  # an octagon
        return x + y <= rng.uniform(1.55, 1.9)
    if manner == 1:  # rounded corners
        radius = rng.uniform(0.15, 0.6)
        return np.hypot(np.maximum(x - 1 + radius, 0), np.maximum(y - 1 + radius, 0)) <= radius
    return np.hypot(x, y) <= rng.uniform(1.1, 1.3)


def _on_ground(
    film: np.ndarray, mask: np.ndarray, rng: np.random.Generator, level: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lay a film on a larger ground, more on one side than on the others in half of all, a little askew in some."""
    height, width = film.shape
    sides = np.array([width, height])
    margins = rng.uniform(0, 0.2, 4) * (rng.random(4) < 0.7)
    if rng.random() < 0.5:
        margins[rng.integers(4)] = rng.uniform(0.15, 0.6)
    left, right, above, below = margins
    scale = np.array([1 / (1 + left + right), 1 / (1 + above + below)])
    turn = np.deg2rad(rng.uniform(-6, 6)) if rng.random() < 0.4 else 0.0
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = scale * (np.array([left, above]) * sides + sides / 2 - spin @ (sides / 2))
    matrix = np.column_stack([scale[:, np.newaxis] * spin, shift])
    return (
        cv2.warpAffine(film, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(level,)),
        cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(0,)),
    )
