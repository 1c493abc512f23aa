"""Simulated photographs of films, in two uses: as they are sent as files, and straightened as the camera's path does.

The first are a kind of picture of their own; the second are frontal films, which the camera's path must not lose.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from edge_app.camera.detect import straighten
from edge_app.imaging import preprocess
from train.lungs.masks import KEPT_SIZE
from train.photograph import simulator
from train.photograph.severity import SEVERITIES
from train.photograph.simulator import Photograph

# Width and height of a photograph in pixels, upright and across: six times the side that the network sees.
SIZES = ((800, 600), (600, 800), (800, 450))
# A film's width over its height: 35 x 43 cm, upright and across, and what lies between.
PROPORTIONS = (0.8, 1.25)
# Some users crop a photograph: what is left round the film, as a share of its width. With less no scene is to be seen.
LEFT = (0.08, 0.5)
# How far each corner is off, as a share of the film's width: about as those that the edge finds.
OFF = 0.005


def take(films: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Photograph films.

    Args:
        films: uint8 (N, K, K).
        seed: decides the photographs.

    Returns:
        uint8 (N, K, K), the photographs, whole or cropped; and uint8 (N, K, K), their films, straightened.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        made = list(pool.map(_one, films, [(seed, at) for at in range(len(films))]))
    if not made:
        return films[:0], films[:0]
    shown, straightened = (np.stack(part) for part in zip(*made, strict=True))
    return shown, straightened


def _one(film: np.ndarray, seed: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    stretch = np.sqrt(rng.uniform(*PROPORTIONS))
    film = cv2.resize(film, None, fx=2 * stretch, fy=2 / stretch, interpolation=cv2.INTER_LINEAR)
    size = SIZES[rng.integers(len(SIZES))]
    taken = simulator.photograph(film, rng, int(rng.choice(list(SEVERITIES))), size)
    width = np.linalg.norm(taken.corners[1] - taken.corners[0])
    corners = taken.corners + rng.normal(0, OFF * width, (4, 2))
    return _squashed(as_sent(taken, rng)), _squashed(straighten.straighten(taken.pixels, corners))


def as_sent(taken: Photograph, rng: np.random.Generator) -> np.ndarray:
    """Return a photograph in grey, whole or cropped: uint8 (h, w)."""
    seen = cv2.cvtColor(taken.pixels, cv2.COLOR_RGB2GRAY)
    if rng.random() < 0.5:
        room = rng.uniform(*LEFT, 4) * np.linalg.norm(taken.corners[1] - taken.corners[0])
        left, above = np.maximum(taken.corners.min(axis=0) - room[:2], 0).astype(int)
        right, below = (taken.corners.max(axis=0) + room[2:]).astype(int)
        seen = seen[above:below, left:right]
    return seen


def _squashed(grey: np.ndarray) -> np.ndarray:
    return preprocess.shrink(np.ascontiguousarray(grey), KEPT_SIZE)
