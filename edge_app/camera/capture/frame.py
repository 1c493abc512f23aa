"""One picture of a camera."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frame:
    """One picture of a camera.

    Attributes:
        pixels: uint8 RGB (H, W, 3), as the sensor sees it: never mirrored.
        number: count of the frames before it since the camera was opened.
        time: in seconds: of a device under V4L2 when the frame was taken, of another live camera when it came (both of
            `time.monotonic`), of a recording its position.
    """

    pixels: np.ndarray
    number: int
    time: float
