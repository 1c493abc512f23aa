"""What stands before the camera: a film on a light box, or a monitor that shows it. Flat, in linear light.

A scene is drawn in pixels of its own, with room round light box or monitor; 1 is the light of the bare light box or of
the monitor's white. A grey level g of a film is what a display shows, so its light is (g / 255) ** 2.2 (sRGB, about);
a film on a light box lets that share of the light through, never all and never none.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from train.photograph.severity import Severity

GAMMA = 2.2
LIGHT_BOX, MONITOR = "light box", "monitor"
WORDS = ("PA", "AP PORTABLE", "ERECT", "W 2048 L 1024", "Zoom 87 %", "Se: 1", "Im: 1/1", "CHEST", "12.03.2020", "R")
# The light of each grey level, as a share of white's.
LIGHT = ((np.arange(256) / 255) ** GAMMA).astype(np.float32)


@dataclass(frozen=True)
class Scene:
    """A flat scene.

    Attributes:
        light: float32 (h, w, 3), red, green, blue, linear, 1 = the bare light box or the monitor's white.
        corners: float64 (films, 4, 2), x and y of each film's corners, from its upper left clockwise.
        kind: `LIGHT_BOX` or `MONITOR`.
        surface: float32 (h, w), 1 where a smooth surface reflects, 0 elsewhere.
    """

    light: np.ndarray
    corners: np.ndarray
    kind: str
    surface: np.ndarray


def light_box(
    films: list[np.ndarray], rng: np.random.Generator, how: Severity, size: tuple[int, int], empty: bool = False
) -> Scene:
    """Hang films beside each other on a light box.

    Args:
        films: uint8 (H, W) each, 0 = black = air; as large as they shall be in the scene.
        rng: draws rim, clips, room, falloff.
        how: the ranges.
        size: (width, height) of the scene.
        empty: leave the films out.
    """
    light = _room(rng, size)
    boxes = _beside_each_other(films, size, gap=rng.uniform(0.02, 0.12))
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    tall = bottom - top
    # The bare rim on each side; a film may hang right at the lower rim.
    near, far = rng.uniform(0.03, 0.12), rng.uniform(0.04, 0.5)
    rims = np.array([far * rng.uniform(0.3, 1), near, far * rng.uniform(0.3, 1), near * rng.uniform(0.5, 2)]) * tall
    panel = np.array([left - rims[0], top - rims[1], right + rims[2], bottom + rims[3]])
    case = panel + np.array([-1, -1, 1, 1]) * rng.uniform(0.02, 0.08) * tall
    surface = np.zeros(light.shape[:2], np.float32)
    _fill(light, case, rng.choice([0.01, 0.05, 0.3]) * rng.uniform(0.5, 1.2))
    _fill(light, panel, 1)
    for film, box in () if empty else zip(films, boxes, strict=True):
        _hang(light, surface, film, box, rng)
    _fall_off(light, panel, rng, how)
    for box in boxes:
        _clips(light, box, rng)
    light += (rng.uniform(*how.ambient) * (0.6 + 0.4 * surface))[..., np.newaxis]
    return Scene(light, _corners(boxes), LIGHT_BOX, surface)


def monitor(
    films: list[np.ndarray], rng: np.random.Generator, how: Severity, size: tuple[int, int], empty: bool = False
) -> Scene:
    """Show films beside each other in a viewer window; arguments as of `light_box`."""
    light = _room(rng, size)
    boxes = _beside_each_other(films, size, gap=rng.uniform(0.02, 0.12))
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    tall = bottom - top
    pane = np.array([left, top, right, bottom]) + np.array([-1, -0.2, 1, 0.2]) * rng.uniform(0.1, 0.4) * tall
    bar, list_width = rng.uniform(0.06, 0.12) * tall, rng.uniform(0.1, 0.4) * tall
    screen = pane + np.array([-list_width, -bar, rng.uniform(0, 0.1) * tall, rng.uniform(0, 0.06) * tall])
    bezel = screen + np.array([-1, -1, 1, rng.uniform(1, 2)]) * rng.uniform(0.015, 0.05) * tall
    _fill(light, bezel, rng.choice([0.005, 0.02, 0.4]))
    shown = np.full((*light.shape[:2], 1), 0, np.uint8)
    _fill(shown, screen, int(rng.integers(50, 200)))
    _fill(shown, pane, int(rng.integers(*how.background)))
    _write(shown, screen, pane, rng)
    for film, box in () if empty else zip(films, boxes, strict=True):
        _paste(shown[..., 0], film, box)
    surface = np.zeros(light.shape[:2], np.float32)
    _fill(surface, screen, 1)
    black = rng.uniform(0.001, 0.006)
    rows, columns = _within(screen, light)
    light[rows, columns] = (black + (1 - black) * LIGHT)[shown[rows, columns]]
    _fall_off(light, screen, rng, how, at_most=0.3)
    light += (rng.uniform(*how.ambient) * (0.4 + 0.3 * surface))[..., np.newaxis]
    return Scene(light, _corners(boxes), MONITOR, surface)


def _room(rng, size: tuple[int, int]) -> np.ndarray:
    """Paint a wall, dark or lit, uneven, with a few things on it: float32 (h, w, 3)."""
    width, height = size
    level = rng.uniform(0.002, 0.02) if rng.random() < 0.6 else rng.uniform(0.05, 0.35)
    shades = rng.uniform(0.6, 1.4, (4, 6, 1)) * rng.uniform(0.95, 1.05, (4, 6, 3)) * rng.uniform(0.85, 1.15, 3)
    soft = cv2.resize((level * shades).astype(np.float32), (96, 64), interpolation=cv2.INTER_CUBIC)
    wall = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    for _ in range(rng.integers(0, 5)):  # a door frame, a shelf, a poster
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        box = np.array([x, y, x + rng.uniform(0.02, 0.4) * width, y + rng.uniform(0.02, 0.5) * height])
        wall[_within(box, wall)] += level
    return wall


def _beside_each_other(films, size: tuple[int, int], gap: float) -> np.ndarray:
    """Return float (films, 4): left, top, right, bottom of films in a row round the middle of the scene."""
    widths, heights = np.array([film.shape[1] for film in films]), np.array([film.shape[0] for film in films])
    space = gap * heights.max()
    lefts = np.concatenate([[0], np.cumsum(widths + space)[:-1]])
    lefts += (size[0] - (lefts[-1] + widths[-1])) / 2
    lefts = np.round(lefts)
    top = (size[1] - heights.max()) // 2
    return np.column_stack([lefts, np.full(len(films), top), lefts + widths, top + heights])


def _corners(boxes: np.ndarray) -> np.ndarray:
    # The edge of a film lies half a pixel before the middle of its first pixel.
    left, top, right, bottom = (boxes - 0.5).T
    around = ((left, top), (right, top), (right, bottom), (left, bottom))
    return np.stack([np.stack(pair, axis=1) for pair in around], 1)


def _hang(light, surface, film, box, rng) -> None:
    """Let the light box shine through a film with rounded corners and a tinted base."""
    left, top, right, bottom = box.astype(int)
    height, width = film.shape
    least, most = rng.uniform(0.003, 0.015), rng.uniform(0.55, 0.82)
    tint = np.array([rng.uniform(0.82, 1), rng.uniform(0.93, 1), 1])  # the base of a film is clear or bluish
    share = (least + (most - least) * LIGHT ** rng.uniform(0.9, 1.1)).astype(np.float32)[film]
    mask = np.zeros((height, width), np.float32)
    radius = int(rng.uniform(0, 0.025) * width)
    inner = (radius, radius, width - 2 * radius, height - 2 * radius)
    cv2.rectangle(mask, inner, (1,), -1)
    if radius:
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2))
    through = mask[..., np.newaxis] * (share[..., np.newaxis] * tint.astype(np.float32) - 1) + 1
    light[top:bottom, left:right] *= through
    surface[top:bottom, left:right] = mask


def _clips(light, box, rng) -> None:
    """Put clips, or the rail of a light box, over a little of the film's upper edge."""
    if rng.random() < 0.4:
        return
    left, top, right, bottom = box
    tall, wide = bottom - top, right - left
    for at in rng.uniform(0.05, 0.85, rng.integers(1, 4)):
        x, half = left + at * wide, rng.uniform(0.02, 0.05) * wide
        above, below = rng.uniform(0.02, 0.06) * tall, rng.uniform(0.005, 0.02) * tall
        clip = np.array([x - half, top - above, x + half, top + below])
        _fill(light, clip, rng.uniform(0.01, 0.2))


def _fall_off(light, panel, rng, how: Severity, at_most: float = 1) -> None:
    """Take light away towards the corners of the panel, more on one side."""
    lost = min(rng.uniform(*how.falloff), at_most)
    middle, half = (panel[:2] + panel[2:]) / 2, (panel[2:] - panel[:2]) / 2
    middle = middle + rng.uniform(-0.3, 0.3, 2) * half
    inside = _within(panel, light)
    rows, columns = (np.arange(part.start, part.stop, dtype=np.float32) for part in inside)
    far = ((columns - middle[0]) / half[0]) ** 2 + (((rows - middle[1]) / half[1]) ** 2)[:, np.newaxis]
    light[inside] *= (1 - lost * np.minimum(far / 2, 1.3)).astype(np.float32)[..., np.newaxis]


def _write(shown, screen, pane, rng) -> None:
    """Draw what a viewer has round its films: buttons in a bar, a list, text in the corners of the pane."""
    tall = pane[3] - pane[1]
    step = (pane[1] - screen[1]) * 0.9
    for x in np.arange(screen[0] + step, screen[2] - step, step * rng.uniform(1.1, 2)):
        box = np.array([x, screen[1] + 0.15 * step, x + 0.7 * step, screen[1] + 0.8 * step])
        _fill(shown, box, int(rng.integers(90, 230)))
    scale = tall / 1100
    for y in np.arange(pane[1] + 0.05 * tall, pane[3], 0.05 * tall * rng.uniform(0.7, 2)):
        _text(shown, rng, screen[0] + 4, y, scale)
    upper, lower, right = pane[1] + 0.03 * tall, pane[3] - 0.02 * tall, pane[2] - 0.14 * tall
    for x, y in ((pane[0], upper), (right, upper), (pane[0], lower)):
        for line in range(rng.integers(0, 4)):
            _text(shown, rng, x + 0.01 * tall, y + line * 0.03 * tall * (1 if y < pane[1] + tall / 2 else -1), scale)


def _text(shown, rng, x: float, y: float, scale: float) -> None:
    level, word = (int(rng.integers(150, 255)),), str(rng.choice(WORDS))
    cv2.putText(shown, word, (int(x), int(y)), cv2.FONT_HERSHEY_SIMPLEX, scale, level, 1, cv2.LINE_AA)


def _paste(shown, film, box) -> None:
    left, top, right, bottom = box.astype(int)
    shown[top:bottom, left:right] = film


def _fill(picture, box, value) -> None:
    """Fill a box (left, top, right, bottom) with a value."""
    picture[_within(box, picture)] = value


def _within(box, picture) -> tuple[slice, slice]:
    """Return the rows and columns of a picture that a box (left, top, right, bottom) covers."""
    left, top, right, bottom = np.maximum(np.round(box).astype(int), 0)
    return slice(top, min(bottom, picture.shape[0])), slice(left, min(right, picture.shape[1]))
