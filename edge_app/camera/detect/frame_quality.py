"""How well a film is seen in a frame: size, tilt, exposure, glare, shadow, sharpness, moire, stillness. Pure.

All but size, tilt and stillness are measured on the film straightened to `SIDE` pixels: a film gives the same figures
wherever it is in the frame, and the measurement is fast enough for every frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

# Side of the straightened film in pixels: half a pixel of it is a pixel of a 1280 x 720 frame.
SIDE = 320
# Parts that a film is divided into, in each direction, to find glare.
PARTS = 8
# Names of the figures.
PIXELS, TILT, SPAN, DARK, WHITE, GLARE, SHADOW, SHARPNESS, MOIRE, MOVED = (
    *("pixels", "tilt", "span", "dark", "white"),
    *("glare", "shadow", "sharpness", "moire", "moved"),
)
# Grey level from which a pixel is burnt out, and up to which it is too dark to show anything.
BURNT, NIGHT = 252, 8
# Seconds over which movement is told, whatever the frame rate: a hand sways by more in a longer time.
STEP = 0.1


@dataclass(frozen=True)
class Quality:
    """The figures of a film in a frame.

    Attributes:
        figures: by name: `PIXELS`, the film's shorter side in pixels of the frame; `TILT`, the log ratio of opposite
            sides' lengths, 0 when seen straight on; `SPAN`, grey levels from its 2nd to its 98th percentile; `DARK` and
            `WHITE`, shares of its pixels up to `NIGHT` and from `BURNT`; `GLARE`, the share of burnt pixels in the
            part that has most; `SHADOW`, how much darker one half is than the other, 0 .. 1; `SHARPNESS`, the energy of
            fine detail over that of coarse detail, 0 and more; `MOIRE`, the spread of coloured stripes in grey levels;
            `MOVED`, how far its corners move in `STEP` seconds, as a share of its width (nan without a frame before).
        places: of `GLARE` and `SHADOW`, where they are, such as "upper left".
    """

    figures: Mapping[str, float]
    places: Mapping[str, str]


def measure(
    pixels: np.ndarray, corners: np.ndarray, before: np.ndarray | None = None, seconds: float = STEP
) -> Quality:
    """Measure a film.

    Args:
        pixels: uint8 RGB (H, W, 3), a frame.
        corners: float (4, 2), of the film, from its upper left clockwise, in pixels.
        before: its corners in an earlier frame; None without one.
        seconds: that lie between the two. In less than `STEP` it counts as moved by what it has moved, so that the
            noise of a corner's place is not multiplied.
    """
    film = flat(pixels, corners)
    grey = cv2.cvtColor(film, cv2.COLOR_RGB2GRAY)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    below = np.cumsum(np.bincount(grey[::2, ::2].ravel(), minlength=256)) / grey[::2, ::2].size
    low, high = np.searchsorted(below, (0.02, 0.98))
    glare, lit = _glare(grey)
    shadow, shaded = _shadow(grey)
    moved = np.nan if before is None else np.linalg.norm(corners - before, axis=1).max() / sides[0]
    moved *= STEP / max(seconds, STEP)
    figures = {
        PIXELS: float(sides.min()),
        TILT: float(max(abs(np.log(sides[0] / sides[2])), abs(np.log(sides[1] / sides[3])))),
        SPAN: float(high - low),
        DARK: float(below[NIGHT]),
        WHITE: float(1 - below[BURNT - 1]),
        GLARE: glare,
        SHADOW: shadow,
        SHARPNESS: _sharpness(grey),
        MOIRE: _moire(film),
        MOVED: float(moved),
    }
    return Quality(figures, {GLARE: lit, SHADOW: shaded})


def flat(pixels: np.ndarray, corners: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Return a film straightened to a square, uint8 RGB (side, side, 3)."""
    square = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32) - np.float32(0.5)
    onto = cv2.getPerspectiveTransform(np.asarray(corners, np.float32), square)
    return cv2.warpPerspective(pixels, onto, (side, side), borderMode=cv2.BORDER_REPLICATE)


def _glare(grey: np.ndarray) -> tuple[float, str]:
    """Return the share of the brightest part that is burnt out, and where."""
    burnt = cv2.resize((grey >= BURNT).astype(np.float32), (PARTS, PARTS), interpolation=cv2.INTER_AREA)
    row, column = divmod(int(burnt.argmax()), PARTS)
    return float(burnt.max()), place(row, column)


def _shadow(grey: np.ndarray) -> tuple[float, str]:
    """Return how much darker one half of the film is than the other, 0 .. 1, and which.

    The brightest tenth of each part counts: most parts show bone or soft tissue there.
    """
    side = len(grey) // 4
    bright = np.array(
        [
            [
                np.quantile(grey[side * row : side * (row + 1) : 2, side * column : side * (column + 1) : 2], 0.9)
                for column in range(4)
            ]
            for row in range(4)
        ]
    )
    halves = {
        "left": (bright[:, :2], bright[:, 2:]),
        "right": (bright[:, 2:], bright[:, :2]),
    }
    lacking = {where: 1 - dark.mean() / max(light.mean(), 1) for where, (dark, light) in halves.items()}
    where = max(lacking, key=lambda half: lacking[half])
    return float(max(0.0, lacking[where])), where


def _sharpness(grey: np.ndarray) -> float:
    """Return the energy of detail of some 2 pixels over that of some 8, in the direction where the ratio is lowest."""
    inner = grey[SIDE // 8 : -SIDE // 8, SIDE // 8 : -SIDE // 8].astype(np.float32)
    fine = inner - cv2.GaussianBlur(inner, (0, 0), 1.5)
    coarse = cv2.GaussianBlur(inner, (0, 0), 3) - cv2.GaussianBlur(inner, (0, 0), 6)
    ratios = [np.diff(fine, axis=axis).std() / max(np.diff(coarse, axis=axis).std(), 0.05) for axis in (0, 1)]
    return float(min(ratios))


def _moire(film: np.ndarray) -> float:
    """Return how far coloured stripes stand out, in grey levels: a film is grey, the grid of a monitor is not."""
    red, green, blue = (film[..., at].astype(np.float32) for at in range(3))
    colour = red - 0.5 * (green + blue), blue - 0.5 * (red + green)
    stripes = [part - cv2.GaussianBlur(part, (0, 0), 8) for part in colour]
    return float(max(part.std() for part in stripes))


def place(row: int, column: int, parts: int = PARTS) -> str:
    """Return in words where a part of a picture is: "upper left", "middle", "right"."""
    down = "upper" if row < parts / 3 else "lower" if row >= 2 * parts / 3 else ""
    across = "left" if column < parts / 3 else "right" if column >= 2 * parts / 3 else ""
    return " ".join(filter(None, (down, across))) or "middle"
