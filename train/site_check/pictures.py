"""Small pictures of the worst mistakes, with what the network took for COVID-19; only where they are asked for."""

from pathlib import Path

import cv2
import numpy as np

from edge_app.errors import EdgeError
from edge_app.model.classifier import Classifier
from edge_app.screening.result import Inference
from train.audit.mistakes import MOST, SCALE
from train.site_check import look

SIDE = 192
RED, BLUE = np.array([214, 39, 40]), np.array([31, 90, 180])
OPACITY = 0.55


def tile(pixels: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return a picture of what the classifier saw, and beside it the same under its heat map.

    Args:
        pixels: uint8 (S, S, 1), lungs alone: no borders, no burnt-in words outside the lungs.
        heat: float (h, w), the class map of COVID-19; red speaks for it, blue against.

    Returns:
        uint8 (192, 392, 3), RGB.
    """
    film = cv2.resize(pixels[..., 0], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    film = np.repeat(film[..., np.newaxis], 3, axis=2)
    large = cv2.resize(heat.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)[..., np.newaxis]
    share = np.clip(np.abs(large) / SCALE, 0, 1) * OPACITY
    under = film * (1 - share) + np.where(large > 0, RED, BLUE) * share
    gap = np.full((SIDE, 8, 3), 255, np.uint8)
    return np.hstack([film, gap, np.rint(under).astype(np.uint8)])


def tiles(mistakes: dict, folder: Path, classifier: Classifier) -> dict[str, np.ndarray]:
    """Return a tile by path of the worst mistakes of each kind; none of a film that is gone or refused by now."""
    found = {}
    for kind in ("missed", "false_alarms"):
        for film in mistakes[kind][:MOST]:
            try:
                seen = look.read(folder / film["path"], classifier)
            except EdgeError:
                continue
            if isinstance(seen, Inference):
                found[film["path"]] = tile(seen.pixels, seen.heat)
    return found
