"""Cheap checks of the picture itself: blank, noise, exposure, sharpness. Pure; the limits come from the card.

The whole picture, and the box round the lungs, are shrunk to `SIDE` pixels before they are measured, so that neither
the film's size nor its JPEG quality matters. Black borders do not count: while the lungs are not known, exposure is
measured in the middle of the picture.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from edge_app.gate import refusal
from edge_app.gate.checks import Check
from edge_app.gate.refusal import Refusal
from edge_app.imaging import preprocess
from edge_app.imaging.lung_field import LungField

SIDE = 256
# Grey levels that count as clipped: JPEG moves black and white by some levels.
BLACK, WHITE = 5, 250
# The 99th percentile of the steps between neighbours, in grey levels. A film of which exposure clipped most is soft: of
# 126 darkened ones it was 38 at most, of 126 brightened ones 34 in 95 %. Documents, icons and drawings are as black or
# white and have hard edges: of 87 as white pictures it was 57 at least.
SOFT = 40
# Share cut off on each side to leave the middle of the picture, where a chest lies, collimated or not.
RIM = 0.25

# Rows and columns whose grey levels span no more than this show nothing; JPEG leaves a plain area within some 4 levels.
PLAIN = 5
# A covered or broken film is empty on one side only: on another by this share at most. Icons are empty all round.
ONE_SIDED = 0.15

# Fewer grey levels are a scan in black and white, dithered or not, which hides what a film shows: one made the score of
# a COVID-19 film 0.05 in place of 0.95. Of 10,537 films of six collections two have 13 and 16, all others 68 and more.
LEAST_LEVELS = 9

# Names of the values; those of which too little is wrong (of all others too much is); and the sentences.
CONTRAST, LEVELS = "grey levels spanned", "grey levels used"
NEIGHBOURS = "likeness of neighbouring pixels"
MIDDLE_BLACK, MIDDLE_WHITE = "black in the middle", "white in the middle"
LUNGS_BLACK, LUNGS_WHITE, SHARPNESS = "black in the lungs", "white in the lungs", "sharpness of the lungs"
EMPTY = "empty on one side"
LEAST = (CONTRAST, LEVELS, NEIGHBOURS, SHARPNESS)
SENTENCES = {
    CONTRAST: "all of it lies within {value:.0f} of 256 grey levels; {limit:.0f} are needed; film or export it again",
    LEVELS: "it has {value:.0f} grey levels; {limit:.0f} are needed; scan or export it in grey, with 8 bits or more",
    NEIGHBOURS: "it is noise: neighbouring pixels have nothing in common; export the film again",
    MIDDLE_BLACK: "{value:.0%} or more of all its parts are black; {limit:.0%} are allowed; film or export it brighter",
    MIDDLE_WHITE: "{value:.0%} or more of all its parts are white; {limit:.0%} are allowed; film or export it darker",
    LUNGS_BLACK: "{value:.0%} of the lungs are black; {limit:.0%} are allowed; film or export it brighter",
    LUNGS_WHITE: "{value:.0%} of the lungs are white; {limit:.0%} are allowed; film or export it darker",
    EMPTY: "{value:.0%} of the picture, from one side on, show nothing; {limit:.0%} are allowed; show the film whole",
    SHARPNESS: "fine detail in the lungs is {value:.2f} of coarse; {limit:.2f} is needed; film it again, hold it still",
}
KINDS = {
    LEVELS: refusal.LEVELS,
    NEIGHBOURS: refusal.NOISE,
    MIDDLE_BLACK: refusal.DARK,
    MIDDLE_WHITE: refusal.BRIGHT,
    LUNGS_BLACK: refusal.DARK,
    LUNGS_WHITE: refusal.BRIGHT,
    EMPTY: refusal.CUT,
    SHARPNESS: refusal.BLURRED,
}


def check(grey: np.ndarray, field: LungField | None, limits: Mapping[str, float]) -> tuple[list[Check], Refusal | None]:
    """Measure a picture and judge it.

    Args:
        grey: uint8 (H, W) from `radiograph.read`.
        field: where its lungs are: then they alone are looked at; None before they are known.
        limits: the card's, by the names of values; a value without one is not judged, but for `LEVELS`.

    Returns:
        What was looked at, and the reason to refuse it, if there is one.
    """
    values, limits = measure(grey, field), {LEVELS: LEAST_LEVELS, **limits}
    checks = [
        Check(name, value, **{"low" if name in LEAST else "high": limits[name]})
        for name, value in values.items()
        if name in limits
    ]
    return checks, judge(values, limits, grey)


def measure(grey: np.ndarray, field: LungField | None = None) -> dict[str, float]:
    """Measure the whole picture, or its lungs if they are known.

    Args:
        grey: uint8 (H, W).
        field: where its lungs are, or None.

    Returns:
        Without lungs: `CONTRAST` in grey levels, 0 .. 255; `LEVELS`, how many of 256 occur; `NEIGHBOURS`, at most 1,
        about the correlation of neighbours across or down, whichever is lower; `MIDDLE_BLACK` and `MIDDLE_WHITE`,
        shares 0 .. 1 of that side of a soft picture's middle that has the least; `EMPTY`, 0 .. 1, the share of a soft
        picture's rows or columns that show nothing, counted from the worst side inwards.
        With lungs: `LUNGS_BLACK` and `LUNGS_WHITE`, shares 0 .. 1 of them; `SHARPNESS`, 0 and more, the share of fine
        in coarse detail in the direction in which it is lowest.
    """
    if field is None:
        small = preprocess.shrink(grey, min(SIDE, *grey.shape))
        return _whole(small, int(np.count_nonzero(preprocess.counted(grey))))
    return _lungs(preprocess.shrink(grey, SIDE, field.box), field)


def judge(values: Mapping[str, float], limits: Mapping[str, float], grey: np.ndarray) -> Refusal | None:
    """Return the reason to refuse what was measured, or None.

    Args:
        values: from `measure`.
        limits: by the same names; a value without one is not judged.
        grey: the picture: says whether one with too few grey levels is dark or bright.
    """
    for name, value in values.items():  # in the order of `measure`: noise is only noise if it is not blank
        limit = limits.get(name)
        if limit is None or (value >= limit if name in LEAST else value <= limit):
            continue
        if name != CONTRAST:
            kind = KINDS[name]
        elif value < preprocess.LEAST_CONTRAST:
            kind = refusal.BLANK
        else:
            kind = refusal.BRIGHT if grey.mean() > 127 else refusal.DARK
        return Refusal(kind, SENTENCES[name].format(value=value, limit=limit))
    return None


def _lungs(box: np.ndarray, field: LungField) -> dict[str, float]:
    lungs = box[preprocess.shrink(field.mask, SIDE, field.box) > 127]
    if not lungs.size:  # a field of a few pixels, lost when it was shrunk
        lungs = box
    return {
        LUNGS_BLACK: float(np.count_nonzero(lungs <= BLACK) / lungs.size),
        LUNGS_WHITE: float(np.count_nonzero(lungs >= WHITE) / lungs.size),
        SHARPNESS: _sharpness(box.astype(np.float32)),
    }


def _whole(small: np.ndarray, levels: int) -> dict[str, float]:
    below = np.cumsum(preprocess.counted(small)) / small.size
    low, high = np.searchsorted(below, (0.01, 0.99))
    # As of a correlation: the mean square step between neighbours against twice the variance.
    pairs = ((small[:, 1:], small[:, :-1]), (small[1:], small[:-1]))
    steps = max(cv2.norm(one, other, cv2.NORM_L2SQR) / one.size for one, other in pairs)
    variance = float(cv2.meanStdDev(small)[1][0, 0]) ** 2
    hard = sum(np.count_nonzero(cv2.absdiff(one, other) > SOFT) for one, other in pairs)
    soft = bool(hard <= 0.01 * sum(one.size for one, _ in pairs))
    rim = int(RIM * len(small))
    middle = small[rim:-rim, rim:-rim]
    return {
        CONTRAST: float(high - low),
        LEVELS: levels,
        NEIGHBOURS: 1 - steps / (2 * variance) if variance else 1.0,
        MIDDLE_BLACK: soft * _on_every_side(middle <= BLACK),
        MIDDLE_WHITE: soft * _on_every_side(middle >= WHITE),
        EMPTY: soft * _empty(small),
    }


def _on_every_side(clipped: np.ndarray) -> float:
    """Return the share of True in the upper, lower, left or right quarter of bool (S, S): whichever has the least.

    Exposure clips everywhere. One half all black or white is a film that is cut, or covered.
    """
    edge = max(1, len(clipped) // 4)
    return min(float(part.mean()) for part in (clipped[:edge], clipped[-edge:], clipped[:, :edge], clipped[:, -edge:]))


def _empty(small: np.ndarray) -> float:
    """Return how far, as a share of the side, uint8 (S, S) shows nothing from one side on; 0 if from two."""
    lengths = []
    for axis in (0, 1):
        plain = small.max(axis=axis) - small.min(axis=axis) <= PLAIN
        lengths += [int(np.argmin(plain)), int(np.argmin(plain[::-1]))]
    other, worst = sorted(lengths)[-2:]
    return worst / len(small) if other <= ONE_SIDED * len(small) else 0.0


def _sharpness(box: np.ndarray) -> float:
    """Compare detail of about 2 pixels of `SIDE`, float32 (SIDE, SIDE), with detail of about 32, in four directions."""
    fine = cv2.GaussianBlur(box, (0, 0), 1.5) - cv2.GaussianBlur(box, (0, 0), 3)
    quarter = cv2.resize(box, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(quarter, (0, 0), 1.5) - cv2.GaussianBlur(quarter, (0, 0), 3)
    # Half a grey level of coarse detail is nothing to compare with: a plain picture counts as blurred.
    return float(np.min(_slopes(fine) / np.maximum(_slopes(coarse), 0.5)))


def _slopes(detail: np.ndarray) -> np.ndarray:
    """Return the root mean square of the slope across, down and along both diagonals, float (4,)."""
    inner = detail[1:-1, 1:-1]
    others = (detail[1:-1, :-2], detail[:-2, 1:-1], detail[:-2, :-2], detail[:-2, 2:])
    return np.array([cv2.norm(inner, other) for other in others]) / np.sqrt(inner.size)
