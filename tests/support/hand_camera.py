"""Videos of films as a hand-held phone or a camera on a tripod takes them, drawn with OpenCV alone.

It shares no line and no figure with the simulators of `train/`, on which the outline finder was fitted. A scene is a
flat picture in linear light; a pinhole camera before it comes near, trembles as a hand does, reads its rows one after
another, and sets its exposure as phones do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

# Bare light is round the film, far round it, nowhere, only above and below it; a viewer before black, or in a desktop.
SCENES = ("light box", "large light box", "full light box", "narrow light box", "viewer", "desktop", "window")
# Width and height of a scene and of a frame, in pixels, and pixels of a scene to a centimetre.
SCENE, FRAME, PER_CM = (2400, 1500), (1280, 720), 20
# Of a phone: focal length in pixels (60 degrees across), seconds to read all rows, seconds of an exposure indoors.
FOCAL, READ_OUT, EXPOSURE = 1108, 0.02, 0.012
# A steady hand: frequency in hertz, and amplitude in degrees of turning and centimetres of moving (postural sway, and
# physiological tremor of 8 to 12 Hz).
SWAY, TREMOR = (0.7, 0.15, 0.25), (9.0, 0.02, 0.008)
# Seconds in which the camera comes near, and in which the exposure goes two thirds of the way to its aim.
COMES, SETTLES = 0.8, 0.3
# Mean level, of 1, that the exposure aims at, and the level that the brightest hundredth of the middle may have.
AIM, BRIGHTEST = 0.28, 0.9


@dataclass(frozen=True)
class Scene:
    """A flat scene.

    Attributes:
        light: float32 (h, w, 3), linear, red green blue, 0 dark .. 1 as bright as a light box and more.
        corners: float (4, 2), of the film in it, from its upper left clockwise.
        distance: from which a person would take it, in centimetres.
        middle: where in the scene the camera aims, x and y.
    """

    light: np.ndarray
    corners: np.ndarray
    distance: float
    middle: tuple[float, float] = (SCENE[0] / 2, SCENE[1] / 2)


def scene(name: str, film: np.ndarray, seed: int = 0) -> Scene:
    """Draw a scene of `SCENES` with a film, uint8 (H, W)."""
    rng = np.random.default_rng(seed)
    light = np.empty((SCENE[1], SCENE[0], 3), np.float32)
    light[:] = np.float32([0.05, 0.045, 0.04]) * rng.uniform(0.6, 1.4)
    light *= 1 + 0.3 * _cloudy(rng)[..., np.newaxis]
    x, y = SCENE[0] // 2, SCENE[1] // 2
    if name in ("viewer", "desktop"):
        return _monitor(light, film, name, (x, y))
    if name == "window":
        panes = (0.7 + 0.3 * _cloudy(rng))[..., np.newaxis] * np.float32([0.8, 0.95, 1.1])
        panes[int(0.62 * SCENE[1]) :] *= np.float32([0.35, 0.4, 0.3])  # roofs and trees
        light[:] = panes
        light[:, x - 640 : x - 590] = light[:, x + 640 : x + 690] = 0.03  # the frame of the window
    height, width = film.shape
    high = {"large light box": 24, "window": 36}.get(name, 43 if height >= width else 35) * PER_CM
    wide = round(high * width / height)
    if name != "window":
        rim = {"light box": (6, 3), "large light box": (28, 10), "full light box": (0, 0), "narrow light box": (0, 4)}[
            name
        ]
        half = wide // 2 + rim[0] * PER_CM, high // 2 + rim[1] * PER_CM
        _fill(light, (x, y), (half[0] + 50, half[1] + 50), 0.12)  # its housing
        _fill(light, (x, y), half, 1.0)
    corners = _lay(light, film, (x, y), (wide, high))
    if name == "window":  # the fingers that hold it
        for at in (-0.36, 0.4):
            cv2.ellipse(light, (int(x + at * wide), y + high // 2 + 10), (34, 60), 0, 0, 360, (0.3, 0.2, 0.15), -1)
    return Scene(light, corners, 1.25 * max(high / FRAME[1], wide / FRAME[0]) * FOCAL / PER_CM)


def two_films(film: np.ndarray, other: np.ndarray) -> Scene:
    """Draw two films side by side on one light box."""
    light = np.full((SCENE[1], SCENE[0], 3), 0.05, np.float32)
    x, y = SCENE[0] // 2, SCENE[1] // 2
    wide, high = 25 * PER_CM, 30 * PER_CM
    _fill(light, (x, y), (wide + 120, high // 2 + 80), 1.0)
    corners = _lay(light, film, (x - wide // 2 - 30, y), (wide, high))
    _lay(light, other, (x + wide // 2 + 30, y), (wide, high))
    return Scene(light, corners, (2 * wide + 300) / FRAME[0] * FOCAL / PER_CM)


def frames(shown: Scene, rate: float, seconds: float, tripod: bool = False, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield the frames of a video, uint8 RGB (720, 1280, 3): the camera comes near, and is held before the film."""
    rng = np.random.default_rng(seed)
    phases, stand, gain = rng.uniform(0, 2 * np.pi, (2, 6)), rng.normal(0, 1, 6), 0.4
    shakes = 0.0 if tripod else 1.0
    for number in range(round(rate * seconds)):
        now = number / rate
        near = 0.0 if tripod else max(0.0, 1 - now / COMES) ** 2
        maps = [_map(shown, _pose(time, near, stand, phases, shakes), 0.5) for time in (now, now + READ_OUT)]
        row = np.linspace(0, 1, FRAME[1], dtype=np.float32)[:, np.newaxis]
        light = np.zeros((FRAME[1], FRAME[0], 3), np.float32)
        moved = [(maps[1][axis] - maps[0][axis]) * (EXPOSURE / READ_OUT) for axis in (0, 1)]
        moves = max(float(abs(part).max()) for part in moved) > 0.7
        for share in (-0.5, 0.0, 0.5) if moves else (0.0,):
            at = [
                maps[0][axis] + row * (maps[1][axis] - maps[0][axis]) + np.float32(share) * moved[axis]
                for axis in (0, 1)
            ]
            light += cv2.remap(shown.light, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        light *= gain / (3 if moves else 1)
        seen = light[::8, ::8, 1]
        middle = np.quantile(seen[20:70, 40:120], 0.99)
        wanted = min(AIM / max(float(np.clip(seen, 0, 1).mean()), 0.01), BRIGHTEST / max(float(middle), 0.01))
        gain *= wanted ** (1 - np.exp(-1 / (rate * SETTLES)))
        yield _sensor(light, rng)


def video(path: Path, pictures: Iterator[np.ndarray], rate: float) -> Path:
    """Write frames as a video of MPEG-4, as cheap cameras do, and return its path."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, FRAME)
    for picture in pictures:
        writer.write(picture[..., ::-1])
    writer.release()
    return path


def _monitor(light, film, name: str, middle: tuple[int, int]) -> Scene:
    """Draw a monitor whose viewer shows the film before black, or in a window of a bright desktop."""
    x, y = middle
    _fill(light, middle, (560, 340), 0.01)  # its bezel
    _fill(light, middle, (530, 310), 0.004 if name == "viewer" else 0.5)
    light[y - 310 : y - 286, x - 530 : x + 530] = 0.08  # the viewer's menu
    height, width = film.shape
    high = min(540, round(900 * height / width))
    corners = _lay(light, film, (x, y + 12), (round(high * width / height), high), brightest=0.6)
    return Scene(light, corners, 1.25 * 680 / FRAME[1] * FOCAL / PER_CM)


def _lay(light, film, middle, size: tuple[int, int], brightest: float = 0.85) -> np.ndarray:
    """Lay a film into a scene, its light that of the surface behind it; return its corners."""
    left, top = middle[0] - size[0] // 2, middle[1] - size[1] // 2
    shown = (cv2.resize(film, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255) ** 2.2
    behind = light[top : top + size[1], left : left + size[0]]
    bright = np.maximum(behind, 0.6) if brightest < 0.85 else behind
    behind[:] = bright * (0.006 + (brightest - 0.006) * shown[..., np.newaxis])
    right, bottom = left + size[0], top + size[1]
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float) - 0.5


def _fill(light, middle, half, value: float) -> None:
    light[middle[1] - half[1] : middle[1] + half[1], middle[0] - half[0] : middle[0] + half[0]] = value


def _cloudy(rng) -> np.ndarray:
    """Return soft patches, float32 of the size of a scene, -1 .. 1."""
    return cv2.resize(rng.uniform(-1, 1, (5, 8)).astype(np.float32), SCENE, interpolation=cv2.INTER_CUBIC)


def _pose(time: float, near: float, stand, phases, shakes: float) -> np.ndarray:
    """Return turning in degrees about x, y, z and moving in centimetres along them, at a time."""
    pose = stand * (2.0, 2.0, 0.8, 0.5, 0.5, 0.5)
    for at, (hertz, turn, move) in enumerate((SWAY, TREMOR)):
        swing = np.sin(2 * np.pi * hertz * (1 + 0.1 * np.arange(6)) * time + phases[at])
        pose = pose + shakes * swing * np.repeat((turn, move), 3)
    return pose + near * np.array([6.0, -9.0, 2.0, 12.0, 8.0, -25.0])


def _map(shown: Scene, pose: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Return where in the scene each pixel of a frame looks, float32 (720, 1280) each, x and y."""
    turn = cv2.Rodrigues(np.deg2rad(pose[:3]).reshape(3, 1))[0]
    move = np.array([*pose[3:5], shown.distance - pose[5]])
    inside = np.array([[FOCAL, 0, FRAME[0] / 2], [0, FOCAL, FRAME[1] / 2], [0, 0, 1]])
    onto_plane = np.array(
        [[1 / PER_CM, 0, -shown.middle[0] / PER_CM], [0, 1 / PER_CM, -shown.middle[1] / PER_CM], [0, 0, 1]]
    )
    to_frame = inside @ np.column_stack([turn[:, 0], turn[:, 1], move]) @ onto_plane
    back = np.linalg.inv(to_frame)
    x, y = np.meshgrid(np.arange(FRAME[0]) + half, np.arange(FRAME[1]) + half)
    sight = back @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    return tuple((sight[axis] / sight[2] - half).reshape(x.shape).astype(np.float32) for axis in (0, 1))


def _sensor(light: np.ndarray, rng) -> np.ndarray:
    """Return what a sensor makes of light of 0 .. 1: shot and read noise, gamma, 8 bits."""
    light = cv2.GaussianBlur(light, (0, 0), 0.6)
    light += rng.standard_normal(light.shape, np.float32) * np.sqrt(np.maximum(light, 0) * 2e-5 + 4e-6)
    return np.round(255 * np.clip(light, 0, 1) ** np.float32(1 / 2.2)).astype(np.uint8)
