"""Pictures of a camera, and the wait for what it does."""

import time

import numpy as np

SIZE = (640, 360)


def picture(number: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return a picture, RGB, whose left half is red and whose brightness tells its number."""
    pixels = np.full((size[1], size[0], 3), 60 + 10 * number % 150, np.uint8)
    pixels[:, : size[0] // 2, 0] = 250
    return pixels


def until(condition, seconds: float = 100):
    """Wait for something to become true; say whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
