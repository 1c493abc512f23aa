"""One picture of a camera."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frame:
    """One picture of a camera.

    Attributes:
        pixels: uint8 RGB (H, W, 3), as the sensor sees it: never mirrored.
        number: count of the frames before it since the camera was opened.
        time: in seconds: for a live camera when the frame came (`time.monotonic`), for a recording its position.
    """

    pixels: np.ndarray
    number: int
    time: float
