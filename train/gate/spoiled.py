"""Films spoiled as films are in practice, for teaching the gate and for counting what it refuses. Pure, seeded.

Scales are shares of the film's side, so that a film of 224 pixels and one of 3,000 are spoiled alike to the eye.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from edge_app.gate import refusal
from train.index import film_margin
from train.lungs import film_photographs
from train.photograph import simulator
from train.photograph.severity import SEVERITIES

# Share of the lungs' area lost where lungs are cut off: below a quarter a reader would still report the film.
LOST = (0.28, 0.55)


class Spoiling(NamedTuple):
    """One way to spoil a film.

    Attributes:
        do: (grey uint8 (H, W), mask uint8 (H, W), rng) -> uint8 (h, w).
        reasons: the refusals that are right for it.
    """

    do: Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
    reasons: tuple[str, ...]


def spoil(kind: str, grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Spoil a film in one of the ways of `KINDS`.

    Args:
        kind: a key of `KINDS`.
        grey: uint8 (H, W), a good film.
        mask: uint8, its lungs, 255 = lung, over the whole film at any size.
        rng: says how badly.

    Returns:
        uint8 (h, w); other sides than the film's where it was turned, cut or put on a page.
    """
    whole = cv2.resize(mask, grey.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(KINDS[kind].do(grey, whole, rng))


def reasons(kind: str) -> tuple[str, ...]:
    """Return the refusals that are right for a kind."""
    return KINDS[kind].reasons


def upside_down(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn by 180 degrees."""
    return np.rot90(grey, 2)


def turned_left(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn by 90 degrees against the clock."""
    return np.rot90(grey)


def turned_right(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn by 90 degrees with the clock."""
    return np.rot90(grey, -1)


def inverted(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exchange black and white."""
    return 255 - grey


def dark(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darken until most of the lungs are black: what was there cannot be got back."""
    black = np.quantile(grey[mask > 127], rng.uniform(0.7, 0.98))
    return _levels((grey - black) * rng.uniform(0.5, 1.8))


def bright(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brighten until most of the lungs are white."""
    white = np.quantile(grey[mask > 127], rng.uniform(0.02, 0.3))
    return _levels(255 + (grey - white) * rng.uniform(0.5, 1.8))


def faint(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Squeeze the film into some 10 to 20 dark or bright grey levels."""
    span = rng.uniform(10, 20)
    return _levels(grey / 255 * span + (rng.uniform(0, 15) if rng.random() < 0.5 else 255 - span - rng.uniform(0, 15)))


def defocused(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur evenly by 1.2 to 3 % of the side, 5 to 13 mm on a film of 43 cm: no vessel or infiltrate is left."""
    return _sensor(cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.012, 0.03) * max(grey.shape)), rng)


def moved(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Smear along a line of 4 to 8 % of the side."""
    length = max(3, round(rng.uniform(0.04, 0.08) * max(grey.shape)))
    line = np.zeros((length, length), np.float32)
    turn = rng.uniform(0, np.pi)
    step = np.array([np.cos(turn), np.sin(turn)]) * length / 2
    start, end = (tuple(int(at) for at in length / 2 + sign * step) for sign in (-1, 1))
    cv2.line(line, start, end, (1.0,))
    return _sensor(cv2.filter2D(grey, -1, line / line.sum()), rng)


def small(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shrink to a thumbnail of 24 to 48 pixels and enlarge it again, as out of a report or a chat."""
    side = rng.uniform(24, 48) / max(grey.shape)
    thumbnail = cv2.resize(grey, None, fx=side, fy=side, interpolation=cv2.INTER_AREA)
    way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(2)]
    return cv2.resize(thumbnail, grey.shape[::-1], interpolation=way)


def upper_cut(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut off the film's top with a part of both lungs."""
    return grey[_row_above(mask, rng.uniform(*LOST)) :]


def lower_cut(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut off the film's bottom with a part of both lungs."""
    return grey[: _row_above(mask, 1 - rng.uniform(*LOST))]


def one_lung(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep the side of one lung and as much of the middle as chance gives."""
    share = rng.uniform(0.42, 0.55)
    if rng.random() < 0.5:
        return grey[:, : _row_above(mask.T, share)]
    return grey[:, _row_above(mask.T, 1 - share) :]


def half_film(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blacken or whiten one half of the film, as where a copy broke off or a sheet lay over it."""
    spoiled, level, share = grey.copy(), int(rng.choice([0, 128, 255])), rng.uniform(0.42, 0.6)
    if rng.random() < 0.6:
        spoiled[_row_above(mask, 1 - share) :] = level
    elif rng.random() < 0.5:
        spoiled[:, _row_above(mask.T, 1 - share) :] = level
    else:
        spoiled[:, : _row_above(mask.T, share)] = level
    return spoiled


def on_page(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Photograph the film as a figure on a page: small, a little askew, text round it."""
    from train.gate import drawn  # here, since fonts are slow to load and no other kind needs them

    side = int(max(grey.shape) * 1.2)
    page = drawn.draw("text page", rng, side)
    height, width = (int(length * rng.uniform(0.35, 0.5) / max(grey.shape) * side) for length in grey.shape)
    top, left = (int(rng.uniform(0.05, 0.9 - length / side) * side) for length in (height, width))
    page[top : top + height, left : left + width] = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-5, 5), 1)
    return cv2.warpAffine(page, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)


def photographed(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Photograph the film on a light box or a screen; half of the photographs are cropped."""
    taken = simulator.photograph(film_margin.trimmed(grey), rng, int(rng.choice(list(SEVERITIES))))
    return film_photographs.as_sent(taken, rng)


def dithered(grey: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scan in black and white, as a fax or an office scanner does."""
    return np.asarray(Image.fromarray(grey).convert("1").convert("L"))


KINDS = {
    "upside down": Spoiling(upside_down, (refusal.TURNED,)),
    "turned left": Spoiling(turned_left, (refusal.TURNED,)),
    "turned right": Spoiling(turned_right, (refusal.TURNED,)),
    "inverted": Spoiling(inverted, (refusal.INVERTED,)),
    "dark": Spoiling(dark, (refusal.DARK,)),
    "bright": Spoiling(bright, (refusal.BRIGHT,)),
    # No more than a nuance of grey: dark or bright or blank is all true.
    "faint": Spoiling(faint, (refusal.DARK, refusal.BRIGHT, refusal.BLANK)),
    "defocused": Spoiling(defocused, (refusal.BLURRED,)),
    "moved": Spoiling(moved, (refusal.BLURRED,)),
    # Its pixels are enough, its detail is not.
    "small": Spoiling(small, (refusal.SMALL, refusal.BLURRED)),
    "upper cut": Spoiling(upper_cut, (refusal.CUT,)),
    "lower cut": Spoiling(lower_cut, (refusal.CUT,)),
    "one lung": Spoiling(one_lung, (refusal.CUT,)),
    "half film": Spoiling(half_film, (refusal.CUT,)),
    "photograph": Spoiling(photographed, (refusal.FILM_PHOTOGRAPH, refusal.PICTURE)),
    "black and white": Spoiling(dithered, (refusal.LEVELS,)),
    # The page is not a radiograph, and the film on it is too small.
    "on a page": Spoiling(on_page, (refusal.PICTURE, refusal.SMALL)),
}


def _levels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _row_above(mask: np.ndarray, share: float) -> int:
    """Return the row above which this share of the lungs' area lies."""
    below = np.cumsum(np.count_nonzero(mask, axis=1))
    return int(np.clip(np.searchsorted(below, share * below[-1]), 1, len(below) - 1))


def _sensor(grey: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add the noise that a sensor adds after the lens, up to 2 grey levels."""
    return _levels(grey + rng.normal(0, rng.uniform(0, 2), grey.shape))
