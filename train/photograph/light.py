"""Light that is no light of the film: reflections on it and the shadow of a hand. Linear, in the frame."""

import cv2
import numpy as np

from train.photograph.severity import Severity


def glare(size: tuple[int, int], film: np.ndarray, rng: np.random.Generator, how: Severity) -> np.ndarray:
    """Draw the reflection of a lamp or of a window on a film.

    Args:
        size: (width, height) of the frame.
        film: float (4, 2), its corners in the frame.
        rng: draws place, form and strength.
        how: the ranges.

    Returns:
        float32 (height, width), light to add where the surface is smooth.
    """
    light = np.zeros(size[::-1], np.float32)
    inside = rng.dirichlet(np.ones(4)) @ film
    across = float(np.linalg.norm(film[1] - film[0]))
    soft = rng.uniform(0.01, 0.06) * across
    if rng.random() < 0.5:
        axes = [int(rng.uniform(0.04, 0.2) * across) for _ in range(2)]
        cv2.ellipse(light, (inside.astype(int).tolist(), [2 * axis for axis in axes], rng.uniform(0, 180)), (1,), -1)
    else:
        wide, high = rng.uniform(0.08, 0.3, 2) * across
        window = cv2.boxPoints((inside.tolist(), (wide, high), rng.uniform(-15, 15)))
        cv2.fillConvexPoly(light, window.astype(np.int32), (1,))
        start, end = (((window[at] + window[at + 1]) / 2).astype(int).tolist() for at in (0, 2))
        cv2.line(light, start, end, (0,), max(1, int(0.02 * across)))
    return rng.uniform(*how.glare_light) * cv2.GaussianBlur(light, (0, 0), soft)


def hand(size: tuple[int, int], film: np.ndarray, rng: np.random.Generator, how: Severity) -> np.ndarray:
    """Draw the shadow of a hand that reaches in from outside; arguments as of `glare`.

    Returns:
        float32 (height, width), what is left of the light, 0 .. 1.
    """
    shade = np.zeros(size[::-1], np.float32)
    across = float(np.linalg.norm(film[1] - film[0]))
    palm = film[rng.integers(4)] + rng.normal(0, 0.08, 2) * across
    inwards = film.mean(axis=0) - palm
    along = inwards / np.linalg.norm(inwards)
    beside = np.array([-along[1], along[0]])
    thick = 0.09 * across
    _stroke(shade, palm - 3 * across * along, palm, 3.2 * thick)
    for finger, length in zip((-1.5, -0.5, 0.5, 1.5), (0.2, 0.27, 0.28, 0.22), strict=True):
        root = palm + finger * 0.8 * thick * beside
        _stroke(shade, root, root + (length * along + 0.03 * finger * beside) * across, 0.8 * thick)
    soft = cv2.GaussianBlur(shade, (0, 0), rng.uniform(0.01, 0.06) * across)
    return 1 - soft * (1 - rng.uniform(*how.shadow_light))


def _stroke(picture, start, end, thick: float) -> None:
    cv2.line(picture, start.astype(int).tolist(), end.astype(int).tolist(), (1,), max(1, int(thick)))
