"""Where opacities were found on a film: outlines in pixels of the image as it is stored."""

from dataclasses import dataclass

import cv2
import numpy as np

from edge_app.imaging.dicom_values import whole
from edge_app.imaging.lung_field import LungField
from edge_app.screening.heat import Heat

# A place of a map is drawn with so many steps along each side: finer than the network can tell, so that outlines are
# smooth, and an outline of them leaves out less than a step. Odd, so that one step has the very value of the place.
STEPS = 15


@dataclass(frozen=True)
class Region:
    """One opacity.

    Attributes:
        outline: (column, row) in pixels of the stored image from the upper left corner of the first pixel, not closed.
        chance: at its hottest place, 0 .. 1, that a radiologist would draw a box there.
    """

    outline: tuple[tuple[float, float], ...]
    chance: float


def found(heat: Heat, field: LungField, film: tuple[int, int], rows: int, columns: int) -> list[Region]:
    """Return the regions of a heat map above the chance where its colours begin, the hottest first.

    Args:
        heat: whose places are chances; a class map has no regions, since nobody taught it where an opacity is.
        field: over whose box the map lies.
        film: (H, W) of the film that was judged, which `radiograph.reduce` may have shrunk by a whole factor.
        rows, columns: of the stored image.
    """
    if not heat.chances:
        return []
    height, width = heat.logits.shape
    fine = cv2.resize(heat.logits, (STEPS * width, STEPS * height), interpolation=cv2.INTER_LINEAR)
    hot = (heat.strength(fine) > 0).astype(np.uint8)
    outlines, _ = cv2.findContours(hot, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    regions = []
    for outline in outlines:
        points = cv2.approxPolyDP(outline, 1.0, closed=True)[:, 0]
        if len(points) < 3:  # a step wide: no area
            continue
        inside = np.zeros_like(hot)
        cv2.drawContours(inside, [outline], -1, (1,), cv2.FILLED)
        hottest = float(fine[inside > 0].max())
        shares = (points + 0.5) / (STEPS * width, STEPS * height)
        regions.append(Region(_in_pixels(shares, field, film, rows, columns), 1 / (1 + float(np.exp(-hottest)))))
    return sorted(regions, key=lambda region: -region.chance)


def box(field: LungField, film: tuple[int, int], rows: int, columns: int) -> tuple[tuple[float, float], ...]:
    """Return the corners of the box round the lungs, from which scores are made; arguments as of `found`."""
    return _in_pixels(np.array([(0, 0), (1, 0), (1, 1), (0, 1)]), field, film, rows, columns)


def stored(header) -> tuple[int, int]:
    """Return the rows and columns of the image whose header this is; it has been decoded, so they are there."""
    return whole(header, "Rows", 0), whole(header, "Columns", 0)


def _in_pixels(shares: np.ndarray, field: LungField, film: tuple[int, int], rows: int, columns: int):
    """Return points, float (n, 2) as shares (across, down) of the box, as (column, row) in pixels of the image."""
    top, left, bottom, right = field.box
    found = []
    for across, down in shares:
        column = _stored(left + across * (right - left), film[1], columns)
        row = _stored(top + down * (bottom - top), film[0], rows)
        found.append((round(column, 2), round(row, 2)))
    return tuple(found)


def _stored(share: float, side: int, stored: int) -> float:
    """Return a place, as a share of a film's side, in pixels of the stored side.

    `radiograph.reduce` takes the mean of blocks in the middle of the film, and cuts off what is left at its edges.
    """
    factor = max(1, stored // side)
    return (stored - factor * side) // 2 + share * factor * side
