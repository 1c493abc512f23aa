"""One picture of a camera."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frame:
    """One picture of a camera.

    Attributes:
        pixels: uint8 RGB (H, W, 3), as the sensor sees it: never mirrored.
        number: how many came before it since the camera was opened.
        time: seconds; of a live camera when it came (`time.monotonic`), of a recording its place in it.
    """

    pixels: np.ndarray
    number: int
    time: float
