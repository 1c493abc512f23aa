"""Words burnt into a film: 'PORTABLE', 'AP ERECT', 'Bettaufnahme'. A hospital's habit, and so a shortcut.

A word is a line of at least three bright sharp marks of one height, or marks that have grown together. One letter for
the side does not count; nearly every film has one. Checked by eye on 119 films, 40 a label, evenly over the
collections: of 17 films found to hold words 14 do, and of 19 that do in collections of 300 pixels and more 14 were
found, but none of 7 in the collection of 224 pixels, where small grey words are lost. So smaller films get no answer.
"""

import cv2
import numpy as np

# Films with a longest side below this are not asked.
LEAST_SIDE = 300
# The longest side that films are brought to, so that sizes below are those of one scale.
SIDE = 640
# A letter's height in pixels at that scale; smaller ones are not read by eye either.
LEAST_HEIGHT, MOST_HEIGHT = 6, 36
# A mark stands out from what surrounds it within half a letter by this many grey levels,
LEAST_CONTRAST = 60
# and its rim is this steep (levels between neighbours): ribs and cables are softer.
LEAST_STEEPNESS = 60
# Printing is white; a mark darker than this share of the brightest pixels is something else.
LEAST_BRIGHTNESS = 0.45
LETTERS = 3


def has_words(grey: np.ndarray) -> bool:
    """Say whether bright words stand on a film, uint8 (H, W)."""
    scale = SIDE / max(grey.shape)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    film = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=method)
    film = cv2.copyMakeBorder(film, 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    letters, joined = _marks(film)
    return bool(joined) or any(len(line) >= LETTERS for line in _lines(letters))


def _marks(film):
    """Return boxes (x, y, width, height) of single letters, and of letters grown together to a word."""
    kernel = np.ones((21, 21), np.uint8)
    raised = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, kernel) > LEAST_CONTRAST
    steep = cv2.morphologyEx(film, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    bright = LEAST_BRIGHTNESS * np.percentile(film, 99.9)
    _, names, boxes, _ = cv2.connectedComponentsWithStats(raised.astype(np.uint8), connectivity=8)
    letters, joined = [], []
    for name, (x, y, width, height, area) in enumerate(boxes[1:], start=1):
        if not (LEAST_HEIGHT <= height <= MOST_HEIGHT and 2 <= width <= 12 * height and area >= 12):
            continue
        here = np.s_[y : y + height, x : x + width]
        mark = (names[here] == name).astype(np.uint8)
        inner = cv2.erode(mark, np.ones((3, 3), np.uint8), borderValue=(0,))
        if np.median(steep[here][mark > inner]) < LEAST_STEEPNESS or film[here][mark > 0].mean() < bright:
            continue
        if width <= 1.6 * height + 4:
            letters.append((x, y, width, height))
        elif _strokes(mark) >= max(LETTERS, width / height):
            joined.append((x, y, width, height))
    return letters, joined


def _strokes(mark):
    """Return how many strokes the richest row in the middle half of a mark crosses."""
    height = len(mark)
    rows = np.pad(mark[height // 4 : height - height // 4].astype(int), ((0, 0), (1, 0)))
    return (np.diff(rows, axis=1) == 1).sum(axis=1).max()


def _lines(letters):
    """Return boxes that stand side by side at one height, as lists."""
    lines = []
    for x, y, width, height in sorted(letters):
        for line in lines:
            left, top, wide, high = line[-1]
            gap, overlap = x - (left + wide), min(y + height, top + high) - max(y, top)
            if -2 <= gap < 0.9 * max(height, high) and overlap > 0.63 * max(height, high):
                line.append((x, y, width, height))
                break
        else:
            lines.append([(x, y, width, height)])
    return lines
