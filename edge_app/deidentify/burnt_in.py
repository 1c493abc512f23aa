"""Words in the pixels of a film: letters in a line, brighter or darker than what lies round them, with hard edges."""

import cv2
import numpy as np

# So many letters in a line are words; marks of side and position, "L", "PA" or "R 12", have fewer. docs/deidentify.md
# has what was measured.
LEAST_LETTERS = 5
# A film is looked at with its longer side this long at most, in pixels: letters of 12 pixels and more are still there.
LONGEST = 2048
# Letters: pixels high at least, and as a share of the film's height at most; how wide and how full their box may be.
LEAST_HEIGHT, MOST_HEIGHT, WIDEST, FULL = 7, 0.08, 1.6, (0.12, 0.85)
# Grey levels of 256 by which a stroke differs from what lies round it, and by which its rim rises within two pixels:
# bones and wires rise more softly.
CONTRAST, STEP = 70, 60
# Strokes are thinner than this share of the longer side.
STROKE = 1 / 64
# Neighbours in a line: how far apart, how much one may lie above the other, how much their heights may differ.
GAP, ASLANT, TALLER = 1.3, 0.35, 1.9


def longest_line(grey: np.ndarray) -> int:
    """Return how many letters stand in the longest line of a film, uint8 (H, W), light on dark or dark on light."""
    scale = min(1.0, LONGEST / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    return max(_longest(_letters(small)), _longest(_letters(255 - small)))


def _letters(grey: np.ndarray) -> np.ndarray:
    """Return the boxes of what may be letters, int (n, 4): left, top, width, height, from left to right."""
    side = max(3, round(STROKE * max(grey.shape))) | 1
    strokes = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, np.ones((side, side), np.uint8)) > CONTRAST
    _, parts, figures, _ = cv2.connectedComponentsWithStats(strokes.astype(np.uint8), connectivity=8)
    left, top, width, height, area = figures[1:].T
    full = area / (width * height)
    fits = (height >= LEAST_HEIGHT) & (height <= MOST_HEIGHT * len(grey)) & (width <= WIDEST * height)
    fits &= (full >= FULL[0]) & (full <= FULL[1])
    step = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    found = []
    for at in np.flatnonzero(fits):
        box = np.s_[top[at] : top[at] + height[at], left[at] : left[at] + width[at]]
        mask = (parts[box] == at + 1).astype(np.uint8)
        rim = mask - cv2.erode(mask, np.ones((3, 3), np.uint8))
        if rim.any() and np.median(step[box][rim > 0]) >= STEP:
            found.append((left[at], top[at], width[at], height[at]))
    return np.array(sorted(found), int).reshape(-1, 4)


def _longest(letters: np.ndarray) -> int:
    """Return the number of letters in the longest chain of neighbours."""
    longest = np.ones(len(letters), int)
    for at, (left, top, _, height) in enumerate(letters):
        before = letters[:at]
        gap = left - before[:, 0] - before[:, 2]
        tall = np.maximum(height, before[:, 3])
        level = np.abs(top + height / 2 - before[:, 1] - before[:, 3] / 2) <= ASLANT * tall
        alike = tall <= TALLER * np.minimum(height, before[:, 3])
        joined = longest[:at][(gap <= GAP * tall) & (gap >= -0.2 * tall) & level & alike]
        longest[at] = 1 + (joined.max() if len(joined) else 0)
    return int(longest.max()) if len(longest) else 0
