"""What publishers do to a film that they publish again: other formats, sizes, brightness, margins."""

import cv2
import numpy as np


def jpeg(grey: np.ndarray, quality: int) -> np.ndarray:
    """Return uint8 (H, W) after a JPEG of that quality."""
    return cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def squash(grey: np.ndarray, side: int) -> np.ndarray:
    """Return uint8 (side, side): the whole film, its proportions lost."""
    return cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)


def crop(grey: np.ndarray, left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Return the film without margins, each given as a share of its width or height."""
    height, width = grey.shape
    return grey[round(top * height) : round((1 - bottom) * height), round(left * width) : round((1 - right) * width)]


def brighten(grey: np.ndarray, gain: float, offset: float) -> np.ndarray:
    """Return uint8 `grey * gain + offset`, clipped."""
    return np.clip(grey * gain + offset, 0, 255).astype(np.uint8)


TREATMENTS = {
    "jpeg": lambda grey: jpeg(grey, 40),
    "half size": lambda grey: cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "square": lambda grey: squash(grey, 224),
    "brighter": lambda grey: brighten(grey, 1.2, 15),
    "flatter": lambda grey: brighten(grey, 0.7, 30),
    "cropped": lambda grey: crop(grey, 0.06, 0.06, 0.06, 0.06),
    "cropped on one side": lambda grey: crop(grey, 0.06, 0, 0, 0.05),
    "all of it": lambda grey: jpeg(squash(brighten(crop(grey, 0.01, 0.05, 0.04, 0.02), 0.8, 10), 224), 40),
}
