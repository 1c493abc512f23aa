"""What goes wrong with a feed: the fault itself, and the check of a frame."""

import numpy as np

from edge_app.errors import EdgeError

# A frame smaller than this shows no film well enough; what is larger is a broken device's.
LEAST_FRAME, MOST_FRAME = (320, 240), (8192, 8192)


class FeedFault(EdgeError):
    """A feed cannot be opened, or broke off; the text is the reason, without a full stop."""


def checked(pixels: np.ndarray) -> np.ndarray:
    """Return a frame that is one.

    OpenCV's V4L2 can say yes and hand over a raw buffer of shape (1, N), or the size of another format.

    Raises:
        FeedFault: it is not a picture, or it is too small or too large.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise FeedFault(f"it hands over raw buffers of shape {pixels.shape} and no pictures")
    height, width = pixels.shape[:2]
    if width < LEAST_FRAME[0] or height < LEAST_FRAME[1]:
        raise FeedFault(f"its pictures have {width} x {height} pixels; {LEAST_FRAME[0]} x {LEAST_FRAME[1]} are needed")
    if width > MOST_FRAME[0] or height > MOST_FRAME[1]:
        raise FeedFault(f"its pictures have {width} x {height} pixels; {MOST_FRAME[0]} x {MOST_FRAME[1]} are allowed")
    return pixels
