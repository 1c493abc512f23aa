"""Photograph a film: scene, lens, stray light, sensor. Pure; the same generator gives the same photograph."""

from dataclasses import dataclass

import cv2
import numpy as np

from train.photograph import light, optics, scene, sensor
from train.photograph.severity import SEVERITIES

SIZE = (1280, 720)
SCENES = {scene.LIGHT_BOX: scene.light_box, scene.MONITOR: scene.monitor}


@dataclass(frozen=True)
class Photograph:
    """A photograph and the truth about it.

    Attributes:
        pixels: uint8 (H, W, 3), red, green, blue.
        corners: float64 (4, 2), x and y in pixels of the film's corners, from its own upper left clockwise.
        all_corners: float64 (films, 4, 2), of every film in it; `corners` is the first.
        done: what was done to it, by name: `scene`, then amounts.
    """

    pixels: np.ndarray
    corners: np.ndarray
    all_corners: np.ndarray
    done: dict[str, float | str]


def photograph(
    film: np.ndarray,
    rng: np.random.Generator,
    severity: int,
    size: tuple[int, int] = SIZE,
    kind: str | None = None,
    empty: bool = False,
) -> Photograph:
    """Photograph one film, uint8 (H, W); see `several`."""
    return several([film], rng, severity, size, kind, empty)


def several(
    films: list[np.ndarray],
    rng: np.random.Generator,
    severity: int,
    size: tuple[int, int] = SIZE,
    kind: str | None = None,
    empty: bool = False,
) -> Photograph:
    """Photograph films that hang or stand beside each other.

    Args:
        films: uint8 (H, W) each, 0 = black = air, 255 = white = bone.
        rng: draws everything.
        severity: 1 careful, 2 everyday, 3 poor but still readable to a person.
        size: (width, height) of the photograph in pixels.
        kind: a key of `SCENES`; None draws one.
        empty: show the bare light box, or a viewer without a picture, where the films would be.
    """
    how = SEVERITIES[severity]
    kind = kind or str(rng.choice(list(SCENES)))
    # Room on all sides for what a tilted camera sees beside the films; as fine as the largest of them will be seen.
    room = how.fill[1] / how.fill[0] + 0.1
    canvas = round(size[0] * room), round(size[1] * room)
    shown = SCENES[kind](_to_scale(films, size, how.fill[1]), rng, how, canvas, empty)
    view = optics.place(shown.corners, rng, how, size)
    across, down = view.to_scene()
    seen, surface = (
        cv2.remap(plane, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for plane in (shown.light, shown.surface)
    )
    corners = view.to_frame(shown.corners)
    done = {"scene": kind, "glare": 0.0, "shadow": 0.0, "moire": 0.0}
    if rng.random() < how.shadow:
        left = light.hand(size, corners[0], rng, how)
        seen, done["shadow"] = seen * left[..., np.newaxis], 1 - float(left.min())
    if rng.random() < how.glare:
        spot = light.glare(size, corners[0], rng, how) * surface
        seen, done["glare"] = seen + spot[..., np.newaxis], float(spot.max())
    if kind == scene.MONITOR:
        done["moire"] = rng.uniform(*how.moire)
        pitch = rng.uniform(0.6, 1.6)  # the screen's pixels against the scene's, which are about the frame's
        grid = sensor.screen_grid(across, down, pitch, done["moire"])
        grid[surface <= 0.5] = 1
        seen = seen * grid
    done["defocus"], done["motion"] = rng.uniform(*how.defocus), rng.uniform(*how.motion)
    seen = optics.defocus(seen.astype(np.float32), done["defocus"])
    seen = optics.smear(seen, done["motion"], rng.uniform(0, np.pi))
    on_film = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(on_film, [np.round(one).astype(np.int32) for one in corners], (255,))
    return Photograph(sensor.expose(seen, on_film, rng, how), corners[0], corners, done)


def _to_scale(films: list[np.ndarray], size: tuple[int, int], fill: float) -> list[np.ndarray]:
    """Make films equally high, so that all together fill that share of the frame."""
    proportions = [film.shape[1] / film.shape[0] for film in films]
    height = fill * min(size[1], size[0] / sum(proportions))
    sides = [(max(1, round(height * proportion)), round(height)) for proportion in proportions]
    return [
        cv2.resize(film, side, interpolation=cv2.INTER_AREA if film.shape[0] > side[1] else cv2.INTER_CUBIC)
        for film, side in zip(films, sides, strict=True)
    ]
