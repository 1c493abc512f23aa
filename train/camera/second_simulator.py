"""A second simulator of photographs, to measure whether what was learnt holds outside `train.photograph`.

Nothing is shared with it: scenes are drawn by Pillow, seen by the spline warp of scikit-image, blurred by SciPy, made
noisy by `skimage.util.random_noise` and compressed by Pillow. The light falls otherwise, too: a film also lies as a
print on a desk, light boxes have tubes behind them, and a strip lamp is mirrored. No network learns from these.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage
from skimage import transform, util

SIZE = (1280, 720)
SCENES = ("light box", "monitor", "print")
# Ranges (low, high) at severities 1 to 3: corners moved by perspective, as shares of the film's height; height or width
# of the film in the frame; degrees turned; blur and smear in pixels; noise as a share of white; what of the light is
# missing on the dark side; chance and light of a lamp's reflection; quality of the JPEG; bow of straight lines.
MOVED = {1: (0.0, 0.02), 2: (0.01, 0.05), 3: (0.03, 0.09)}
FILL = {1: (0.7, 0.88), 2: (0.58, 0.88), 3: (0.48, 0.88)}
TURNED = {1: 3, 2: 7, 3: 12}
BLUR = {1: (0.2, 0.5), 2: (0.4, 0.9), 3: (0.7, 1.5)}
SMEAR = {1: (1, 2), 2: (1, 3), 3: (2, 6)}
NOISE = {1: (0.002, 0.005), 2: (0.004, 0.014), 3: (0.01, 0.03)}
DARK_SIDE = {1: (0.0, 0.15), 2: (0.1, 0.35), 3: (0.25, 0.55)}
LAMP = {1: (0.1, 0.08), 2: (0.35, 0.2), 3: (0.6, 0.45)}
QUALITY = {1: (85, 95), 2: (65, 90), 3: (40, 75)}
BOW = {1: 0.01, 2: 0.03, 3: 0.05}
TINT = {1: 0.04, 2: 0.1, 3: 0.2}
# How dark a picture comes out: the film's white as a share of the sensor's.
WHITE = {1: (0.65, 0.9), 2: (0.5, 1.0), 3: (0.35, 1.1)}


@dataclass(frozen=True)
class Photograph:
    """A photograph: pixels uint8 RGB (H, W, 3), and corners float64 (4, 2), from the film's upper left clockwise."""

    pixels: np.ndarray
    corners: np.ndarray
    scene: str


def photograph(film: np.ndarray, rng: np.random.Generator, severity: int, scene: str | None = None) -> Photograph:
    """Photograph a film.

    Args:
        film: uint8 (H, W), 0 = black = air.
        rng: draws everything.
        severity: 1 careful, 2 everyday, 3 poor but readable.
        scene: one of `SCENES`; None draws one.
    """
    scene = scene or str(rng.choice(SCENES))
    height = 640
    width = round(height * film.shape[1] / film.shape[0])
    if width > 1.5 * height:
        width, height = round(1.5 * height), round(1.5 * height * film.shape[0] / film.shape[1])
    shown = np.asarray(Image.fromarray(film).resize((width, height), Image.Resampling.BOX)) / 255.0
    canvas, corners = _scene(scene, shown, rng, severity)
    onto, wanted = _camera(corners, canvas.shape, rng, severity)
    seen = transform.warp(canvas, onto, output_shape=SIZE[::-1], order=1, mode="edge")
    seen = _lit(seen, wanted, rng, severity)
    if scene == "monitor":
        seen = _grid(seen, rng, severity)
    seen = ndimage.gaussian_filter(seen, (rng.uniform(*BLUR[severity]),) * 2 + (0,))
    seen = _smeared(seen, rng, severity)
    return Photograph(_sensor(seen, wanted, rng, severity), wanted, scene)


def _scene(scene: str, film: np.ndarray, rng, severity: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw light, linear, float (h, w, 3), round a film; return it and the film's corners in it."""
    tall, wide = film.shape
    rim = [int(rng.uniform(0.04, 0.35) * tall) for _ in range(4)]  # left, upper, right, lower
    board = (rim[0] + wide + rim[2], rim[1] + tall + rim[3])
    room = int(0.9 * tall)
    size = (board[0] + 2 * room, board[1] + 2 * room)
    picture = Image.new("L", size, int(rng.uniform(5, 120)))
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(0, 7))):
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        pen.rectangle((x, y, x + rng.uniform(20, 500), y + rng.uniform(20, 400)), fill=int(rng.uniform(5, 150)))
    picture = picture.filter(ImageFilter.GaussianBlur(3))
    pen = ImageDraw.Draw(picture)
    left, top = room, room
    edge = int(rng.uniform(0.01, 0.06) * tall)
    if scene == "light box":
        pen.rounded_rectangle(
            (left - edge, top - edge, left + board[0] + edge, top + board[1] + edge),
            edge,
            fill=int(rng.uniform(10, 200)),
        )
        pen.rectangle((left, top, left + board[0], top + board[1]), fill=255)
    elif scene == "monitor":
        pen.rectangle(
            (left - edge, top - edge, left + board[0] + edge, top + board[1] + 2 * edge), fill=int(rng.uniform(5, 60))
        )
        pen.rectangle((left, top, left + board[0], top + board[1]), fill=int(rng.uniform(35, 120)))
        if rng.random() < 0.6:  # the bar of the viewer, with words in it
            pen.rectangle((left, top, left + board[0], top + 0.7 * rim[1]), fill=int(rng.uniform(90, 220)))
            for x in np.arange(left + 6, left + board[0] - 60, 75):
                pen.text((x, top + 0.2 * rim[1]), "View  Tools", fill=int(rng.uniform(0, 60)))
        for y in np.arange(top + 0.8 * rim[1], top + board[1] - 20, 24):
            if rng.random() < 0.5 and rim[0] > 80:
                pen.text((left + 6, y), "CHEST PA 2020", fill=int(rng.uniform(140, 250)))
    else:
        pen.rectangle((left, top, left + board[0], top + board[1]), fill=int(rng.uniform(200, 250)))
    at = (left + rim[0], top + rim[1])
    light = (np.asarray(picture) / 255.0) ** 2.2
    light = light[..., np.newaxis] * rng.uniform(1 - TINT[severity], 1, 3)
    part = light[at[1] : at[1] + tall, at[0] : at[0] + wide]
    black, white = {"light box": (0.008, 0.75), "monitor": (0.004, 1.0), "print": (0.03, 0.85)}[scene]
    shown = black + (white - black) * film**2.2
    if scene == "light box":  # two tubes behind the glass
        rows = np.linspace(0, 2, tall)[:, np.newaxis]
        shown = shown * (1 - rng.uniform(0, 0.12) * (1 + np.cos(2 * np.pi * rows)) / 2)
    part[:] = shown[..., np.newaxis] * rng.uniform(0.94, 1, 3)
    corners = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], float) + at - 0.5
    return light, corners


def _camera(corners: np.ndarray, shape, rng, severity: int):
    """Return the map from the frame to the scene, as `transform.warp` takes it, and where the corners are seen."""
    wide, tall = corners[2] - corners[0]
    for _ in range(200):
        fill = rng.uniform(*FILL[severity])
        scale = fill * min(SIZE[0] / wide, SIZE[1] / tall)
        angle = np.deg2rad(rng.uniform(-TURNED[severity], TURNED[severity]))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        low, high = MOVED[severity]
        pushed = rng.uniform(low, high, (4, 2)) * rng.choice([-1, 1], (4, 2)) * tall
        seen = (corners - corners.mean(axis=0) + pushed) @ turn.T * scale
        room = (np.array(SIZE) - np.ptp(seen, axis=0)) / 2
        if (room <= 0).any():
            continue
        seen += np.array(SIZE) / 2 + rng.uniform(-0.8, 0.8, 2) * room
        bow = rng.uniform(-BOW[severity], BOW[severity])
        wanted = _bent(seen, bow)
        if (wanted > 12).all() and (wanted < np.array(SIZE) - 13).all():
            break
    else:
        raise ValueError(f"no camera of severity {severity} sees a film of {wide} x {tall} pixels whole")
    flat = transform.ProjectiveTransform.from_estimate(seen, corners)
    return (lambda points: flat(_straight(points, bow))), wanted


def _bent(points: np.ndarray, bow: float) -> np.ndarray:
    """Return where a lens shows points: the division model (Fitzgibbon 2001), solved by repetition."""
    middle, reach = np.array(SIZE) / 2, np.hypot(*SIZE) / 2
    off = (points - middle) / reach
    bent = off
    for _ in range(20):
        bent = off * (1 + bow * (bent**2).sum(axis=1, keepdims=True))
    return bent * reach + middle


def _straight(points: np.ndarray, bow: float) -> np.ndarray:
    middle, reach = np.array(SIZE) / 2, np.hypot(*SIZE) / 2
    off = (points - middle) / reach
    return off / (1 + bow * (off**2).sum(axis=1, keepdims=True)) * reach + middle


def _lit(seen: np.ndarray, corners: np.ndarray, rng, severity: int) -> np.ndarray:
    """Let the light fall off to one side, and lay the reflection of a strip lamp over the film."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    towards = rng.uniform(0, 2 * np.pi)
    along = (columns / SIZE[0] - 0.5) * np.cos(towards) + (rows / SIZE[1] - 0.5) * np.sin(towards)
    seen = seen * (1 - rng.uniform(*DARK_SIDE[severity]) * (along + 0.6).clip(0, 1))[..., np.newaxis]
    chance, light = LAMP[severity]
    if rng.random() < chance:
        middle = corners.mean(axis=0) + rng.uniform(-0.3, 0.3, 2) * (corners[2] - corners[0])
        angle = rng.uniform(0, np.pi)
        across = (columns - middle[0]) * np.sin(angle) - (rows - middle[1]) * np.cos(angle)
        length = (columns - middle[0]) * np.cos(angle) + (rows - middle[1]) * np.sin(angle)
        strip = np.exp(-((across / rng.uniform(10, 30)) ** 2) - (length / rng.uniform(60, 200)) ** 4)
        seen = seen + (rng.uniform(0.3, 1) * light * strip)[..., np.newaxis]
    return seen + rng.uniform(0, 0.01 * severity**2)


def _grid(seen: np.ndarray, rng, severity: int) -> np.ndarray:
    """Lay the beat of a screen's grid over the frame, a little differently for each colour."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    depth = rng.uniform(0.02, 0.09) * severity
    angle, period = rng.uniform(0, np.pi), rng.uniform(4, 30)
    wave = (columns * np.cos(angle) + rows * np.sin(angle)) / period
    return seen * (1 + depth * np.stack([np.sin(2 * np.pi * wave + phase) for phase in (0, 0.7, 1.4)], axis=-1))


def _smeared(seen: np.ndarray, rng, severity: int) -> np.ndarray:
    """Move the camera along a line while the shutter is open."""
    steps = int(rng.integers(SMEAR[severity][0], SMEAR[severity][1] + 1))
    angle = rng.uniform(0, np.pi)
    moved = [
        ndimage.shift(seen, (step * np.sin(angle), step * np.cos(angle), 0), order=1, mode="nearest")
        for step in np.arange(1, steps)
    ]
    return np.mean([seen, *moved], axis=0)


def _sensor(seen: np.ndarray, corners: np.ndarray, rng, severity: int) -> np.ndarray:
    """Expose for the film, add noise of light and of reading, and compress."""
    left, top = corners.min(axis=0).astype(int)
    right, bottom = corners.max(axis=0).astype(int)
    bright = np.quantile(seen[top:bottom:4, left:right:4], 0.97)
    exposed = (seen * rng.uniform(*WHITE[severity]) / max(bright, 1e-3)).clip(0, 1)
    noise = rng.uniform(*NOISE[severity])
    levels = exposed ** (1 / 2.2)
    levels = util.random_noise(levels, "gaussian", rng=rng, var=noise**2, clip=True)
    levels = util.random_noise(levels, "speckle", rng=rng, var=noise**2, clip=True)
    coded = io.BytesIO()
    picture = Image.fromarray((levels * 255 + 0.5).astype(np.uint8))
    picture.save(coded, "JPEG", quality=int(rng.integers(*QUALITY[severity])))
    return np.asarray(Image.open(coded))
