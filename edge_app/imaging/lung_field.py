"""The lung field: where the lungs are on a film, or that the film shows none.

A small network gives the chance of lung at each place of the whole film; this file turns it into a mask and a box.
The classifier then sees the lungs and nothing else (`preprocess.lungs_to_pixels`), since borders, burnt-in markers and
shoulders tell one hospital from another and nothing of a disease.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge_app.errors import NoLungField
from edge_app.imaging.resample import resample

# The chance is smoothed up to this side before it is cut, so that the box is fine to 0.4 % of the film.
FINE = 256
# A part smaller than this share of the largest is a stray patch (gas in the bowel, a shoulder), not a second lung.
LEAST_PART = 0.15
# The box begins where the lungs are this wide or high, as a share of the film: a tip is a place or two of the network's
# answer, and comes and goes with a JPEG's quality.
LEAST_WIDTH = 1 / 32
# The box reaches this share of its height and width beyond that: for the tips, and since the network is off by some
# pixels.
MARGIN = 0.06
# Of 787 validation films all but one in a thousand have a share of 0.07 to 0.54, and all but one in 400 a certainty
# from 0.76: less is a chest gone white, or no chest. No CT slice and no lateral view of training or validation shows
# any, and of 400 ordinary pictures one did, at 0.77.
LEAST_SHARE, MOST_SHARE = 0.06, 0.75
LEAST_CERTAINTY = 0.75


@dataclass(frozen=True)
class LungField:
    """Where the lungs lie on one film.

    Attributes:
        mask: uint8 (256, 256) over the whole film, 255 = lung, 0 = not.
        box: (top, left, bottom, right) round the lungs with a margin, each 0 .. 1 of the film's height or width; finer
            than the mask, since it lies where the chance crosses one half.
        share: the lungs' share of the film's area, 0 .. 1.
        certainty: mean chance of lung inside the mask, 0.5 .. 1.
        parts: 2, or 1 where only one lung is seen or both run together.
    """

    mask: np.ndarray
    box: tuple[float, float, float, float]
    share: float
    certainty: float
    parts: int

    def with_box(self, box: Sequence[float]) -> "LungField":
        """Return a copy of this field with `box` replaced."""
        return replace(self, box=tuple(box))


def find(chance: np.ndarray) -> LungField:
    """Find the lungs.

    Args:
        chance: float (h, w), each place's chance of lung, 0 .. 1, over the whole film squashed to a square.

    Raises:
        NoLungField: there are none, or what there is cannot be lungs.
    """
    fine = cv2.resize(chance.astype(np.float32), (FINE, FINE), interpolation=cv2.INTER_LINEAR)
    mask, figures, fine = _largest_parts(fine)
    share = float(figures[:, cv2.CC_STAT_AREA].sum() / mask.size)
    certainty = cv2.mean(fine, mask)[0]
    if not LEAST_SHARE <= share <= MOST_SHARE or certainty < LEAST_CERTAINTY:
        raise NoLungField(
            f"no lung field is to be seen: {share:.0%} of the picture looks like lung, with certainty {certainty:.2f}; "
            f"{LEAST_SHARE:.0%} to {MOST_SHARE:.0%} with {LEAST_CERTAINTY} are needed; show a frontal chest radiograph"
        )
    lung = np.maximum(2 * fine - 1, 0)
    top, bottom = _extent(lung.sum(axis=1, dtype=np.float64))
    left, right = _extent(lung.sum(axis=0, dtype=np.float64))
    return LungField(mask, (top, left, bottom, right), share, certainty, len(figures))


def inside(heat: np.ndarray, field: LungField) -> float | None:
    """Return the share of a heat map that lies inside the lungs, 0 .. 1; None if nothing is hot.

    Args:
        heat: float (h, w) over the box of `field`: a class map; what is below 0 speaks against the label, and is left
            out.
    """
    hot = np.maximum(heat, 0).astype(np.float32)
    if hot.sum() <= 0:
        return None
    return float((hot * places(field, heat.shape)).sum() / hot.sum())


def places(field: LungField, shape: tuple[int, int]) -> np.ndarray:
    """Return how much of each place of a map of this shape over the box is lung: float (h, w), 0 .. 1."""
    return resample(field.mask, *shape, field.box) / 255.0


def _largest_parts(fine: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the largest part of what is at least 0.5, and the second if it is not much smaller.

    Returns:
        uint8 (H, W), 255 in them; int (parts, 5), a row of OpenCV's figures for each; `fine`, 0 in all other parts.
    """
    likely = (fine >= 0.5).view(np.uint8)
    _, part, figures, _ = cv2.connectedComponentsWithStats(likely, connectivity=4)
    areas = figures[1:, cv2.CC_STAT_AREA]
    kept = [1 + i for i in np.argsort(areas)[::-1][:2] if areas[i] >= LEAST_PART * areas.max()]
    table = np.zeros(len(figures), np.uint8)
    table[kept] = 255
    mask = table.take(np.asarray(part, np.int32))  # three times as fast as table[part]
    return mask, figures[kept], np.where(likely > mask, np.float32(0), fine)


def _extent(widths: np.ndarray) -> tuple[float, float]:
    """Return where lungs begin and end as shares of the side, with the margin and within 0 .. 1.

    Args:
        widths: float64 (FINE,), how many places across each row, or down each column, are lung.
    """
    padded = np.pad(widths, 1)  # beyond the film there is no lung
    least = min(LEAST_WIDTH * FINE, widths.max() / 2)
    wide = np.flatnonzero(padded >= least)
    first, last = wide[0], wide[-1]
    before = (padded[first] - least) / (padded[first] - padded[first - 1])
    behind = (padded[last] - least) / (padded[last] - padded[last + 1])
    begin, end = (first - 0.5 - before) / FINE, (last - 0.5 + behind) / FINE
    margin = MARGIN * (end - begin)
    return float(max(0.0, begin - margin)), float(min(1.0, end + margin))
