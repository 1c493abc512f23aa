"""The deletion test: a film is covered where its map is hot, and elsewhere; the first should cost the most score."""

from collections.abc import Iterator

import numpy as np

# Pixels of the side of what covers a part of the crop; a place with more lung than `WITHIN` lies in the lungs, one with
# less than `BESIDE` outside.
COVER, WITHIN, BESIDE = 32, 0.6, 0.2
HOTTEST, IN_LUNGS, OUTSIDE = "hottest", "in the lungs", "outside"
WHERE = (HOTTEST, IN_LUNGS, OUTSIDE)


def covers(pixels: np.ndarray, own: np.ndarray, lungs: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Cover a crop round one place of a map after the other with the median grey there.

    Args:
        pixels: uint8 (S, S, 1), the crop.
        own: float (h, w), its class map.
        lungs: float (h, w), 0 .. 1, the share of lung in each place.

    Yields:
        Where that is, one of `WHERE`, and the crop so covered. A place half in the lungs is left out unless it is the
        hottest.
    """
    hottest, size = np.unravel_index(own.argmax(), own.shape), len(pixels)
    for place in np.ndindex(own.shape):
        if place != hottest and BESIDE <= lungs[place] <= WITHIN:
            continue
        where = HOTTEST if place == hottest else IN_LUNGS if lungs[place] > WITHIN else OUTSIDE
        middle = [(at + 0.5) * size / length for at, length in zip(place, own.shape, strict=True)]
        part = tuple(slice(max(0, round(at - COVER / 2)), round(at + COVER / 2)) for at in middle)
        covered = pixels.copy()
        covered[part] = np.median(covered[part])
        yield where, covered
