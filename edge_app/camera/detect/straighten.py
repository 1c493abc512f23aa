"""From a frame and a film's corners to the film as a scanner would see it: grey, as it hangs, never mirrored."""

import cv2
import numpy as np

# A side of the straightened film in pixels: the lungs' crop has 192, and common cameras show less than 2,000.
LEAST_SIDE, MOST_SIDE = 64, 2000
# Width over height of films: 0.81 or 1.23 for 35 x 43 cm, less or more for a child's or a strip. A proportion beyond
# these limits comes from wrong corners.
NARROWEST, WIDEST = 0.5, 2.0


def straighten(pixels: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Cut a film out of a frame and remove its perspective.

    Args:
        pixels: uint8 RGB (H, W, 3).
        corners: float (4, 2), x and y of the film's corners in pixels, from its upper left clockwise, as of
            `outline.find`; they may lie outside the frame.

    Returns:
        uint8 (h, w), with the film's own proportions, at the frame's resolution.
    """
    corners = np.asarray(corners, np.float64)
    width, height = size(corners, pixels.shape[1::-1])
    # A corner is the outer corner of the film's first pixel, half a pixel before its middle.
    square = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - np.float32(0.5)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), square)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return cv2.warpPerspective(grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def size(corners: np.ndarray, frame: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height in pixels that a film has once it is straightened.

    Args:
        corners: float (4, 2), as of `straighten`.
        frame: width and height of the frame.
    """
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    across, down = max(sides[0], sides[2]), max(sides[1], sides[3])
    wanted = float(np.clip(proportion(corners, frame), NARROWEST, WIDEST))
    # Keep the resolution of the nearer half: none of its pixels is lost.
    across, down = (across, across / wanted) if across / wanted >= down else (down * wanted, down)
    scale = min(1.0, MOST_SIDE / max(across, down))
    return max(LEAST_SIDE, round(across * scale)), max(LEAST_SIDE, round(down * scale))


def proportion(corners: np.ndarray, frame: tuple[int, int]) -> float:
    """Return the width of a flat rectangle over its height, from how a pinhole camera sees it.

    Zhang & He, "Whiteboard scanning and image enhancement" (2007), section 3: the four corners give the focal length,
    if the lens's axis goes through the middle of the frame, and then the proportion. Nearly parallel opposite sides do
    not determine the focal length; then the proportion of the sides' lengths is as good.
    """
    middle = np.array([(frame[0] - 1) / 2, (frame[1] - 1) / 2])
    reach = max(frame) / 2
    # In the order of the paper: upper left, upper right, lower left, lower right.
    m1, m2, m4, m3 = (np.array([*((corner - middle) / reach), 1.0]) for corner in corners)
    k2 = np.dot(np.cross(m1, m4), m3) / np.dot(np.cross(m2, m4), m3)
    k3 = np.dot(np.cross(m1, m4), m2) / np.dot(np.cross(m3, m4), m2)
    n2, n3 = k2 * m2 - m1, k3 * m3 - m1
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    plain = (sides[0] + sides[2]) / (sides[1] + sides[3])
    if abs(n2[2] * n3[2]) < LEAST_CONVERGENCE:
        return float(plain)
    squared = -(n2[0] * n3[0] + n2[1] * n3[1]) / (n2[2] * n3[2])
    if not NEAREST**2 <= squared <= FARTHEST**2:  # slightly wrong corners give an absurd focal length
        squared = float(np.clip(squared, NEAREST**2, FARTHEST**2)) if squared > 0 else USUAL**2
    lens = np.array([1 / squared, 1 / squared, 1.0])
    return float(np.sqrt((n2**2 * lens).sum() / (n3**2 * lens).sum()))


# Focal lengths in halves of the frame's longer side: cameras see 40 to 90 degrees of it, a Pi's camera 62 to 66.
NEAREST, USUAL, FARTHEST = 1.0, 1.6, 2.8
# Below this the sides count as parallel: the product of the perspective terms of both directions.
LEAST_CONVERGENCE = 2e-4
