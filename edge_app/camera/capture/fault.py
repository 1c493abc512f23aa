"""The fault of a feed, and the check that a frame is a picture of a usable size."""

import numpy as np

from edge_app.errors import EdgeError

# Width and height: a smaller frame shows no film well enough, and a larger one comes from a broken device.
LEAST_FRAME, MOST_FRAME = (320, 240), (8192, 8192)


class FeedFault(EdgeError):
    """A feed cannot be opened, or broke off; the text is the reason, without a full stop."""


def checked(pixels: np.ndarray) -> np.ndarray:
    """Return a frame, uint8 (H, W, 3), if it is a picture.

    OpenCV's V4L2 reader can report success and return a raw buffer of shape (1, N), or the size of another format.

    Raises:
        FeedFault: it is not a picture, or it is too small or too large.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise FeedFault(f"it gives raw buffers of shape {pixels.shape}, not pictures")
    height, width = pixels.shape[:2]
    if width < LEAST_FRAME[0] or height < LEAST_FRAME[1]:
        raise FeedFault(f"its pictures have {width} x {height} pixels; {LEAST_FRAME[0]} x {LEAST_FRAME[1]} are needed")
    if width > MOST_FRAME[0] or height > MOST_FRAME[1]:
        raise FeedFault(f"its pictures have {width} x {height} pixels; {MOST_FRAME[0]} x {MOST_FRAME[1]} are allowed")
    return pixels
