"""Small pictures of the worst mistakes, with what the network took for COVID-19; only where they are asked for."""

from pathlib import Path

import cv2
import numpy as np

from edge_app.errors import EdgeError
from edge_app.model.classifier import Classifier
from edge_app.outputs import pictures
from edge_app.screening.heat import Heat
from edge_app.screening.result import Inference
from train.audit.mistakes import MOST
from train.site_check import look

SIDE = 192


def tile(pixels: np.ndarray, heat: Heat) -> np.ndarray:
    """Return a picture of what the classifier saw, and beside it the same under its heat map.

    Args:
        pixels: uint8 (S, S, 1), lungs alone: no borders, no burnt-in words outside the lungs.
        heat: of COVID-19, in the colours of all pictures.

    Returns:
        uint8 (192, 392, 3), RGB.
    """
    film = cv2.resize(pixels[..., 0], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    film = np.repeat(film[..., np.newaxis], 3, axis=2)
    gap = np.full((SIDE, 8, 3), 255, np.uint8)
    return np.hstack([film, gap, pictures.under_heat(film, heat)])


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
                found[film["path"]] = tile(seen.pixels, seen.heats["covid"])
    return found
