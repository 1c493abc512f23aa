"""Near-duplicates: the same picture in two files, re-encoded, resized, squashed, cropped, or brightened. Pure.

Two steps, because at low resolution chest films of different people look alike, and at high resolution comparing all
pairs takes days:

1. Candidates: each film as the low frequencies of its thumbnail, and again for `CROPS` of it; correlation with every
   other film, as matrix products over blocks of films; each film's `NEIGHBOURS` best go on.
2. Each candidate is aligned and compared in detail (train/index/registration.py).

Measured on 250 films, 50 from each collection, among 11,486. Each was copied as JPEG at quality 40, at half size,
squashed to 299 and to 224 pixels, brightened (gain 0.7 to 1.3, offset -30 to 30), with gamma 0.6 and 1.5, with CLAHE,
cropped by 3 % and 6 % on four sides, by 6 % on two, by a random 0 to 6 % on each, rotated by 2 degrees, with two lines
of text over it, with black bars of 8 % beside, above and below, and all round, and in two combinations of random crop,
brightness or gamma, squashing to 224 or 160 pixels, and JPEG 40:

| treatment                                  | found | as the same picture | similarity, 1st percentile |
|--------------------------------------------|-------|---------------------|--------------------------|
| JPEG 40                                    | 1.000 | 0.996               | 0.87                     |
| half size; squashed to 299 or 224          | 1.000 | 1.000               | 0.96                     |
| brightness, gamma, CLAHE                   | 0.997 | 0.997               | 0.89                     |
| cropped by up to 6 %, any of the four ways | 0.997 | 0.997               | 0.94                     |
| rotated by 2 degrees                       | 0.996 | 0.996               | 0.87                     |
| combination, 224 pixels                    | 0.988 | 0.976               | 0.36                     |
| combination with gamma, 160 pixels         | 0.992 | 0.956               | 0.72                     |
| text over it                               | 0.992 | 0.992               | 0.83                     |
| black bars of 8 %, any of the three ways   | 0.999 | 0.999               | 0.82                     |
| cropped by 10 % on four sides              | 0.956 | 0.956               | (0 if not aligned)       |

False pairs: none among 1,708 films of 1,313 children, where different patients reached 0.53, among 723 of 571 NIH
patients, where they stayed below 0.40, and among 5,453 of 2,761 SIIM patients, where they reached 0.50; but one film
came twice, byte for byte, under two SIIM patients.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from os import cpu_count
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from train.index import registration

# Films of which the detail correlates at least so well show one person in one posture: the same picture after harsh
# treatment, or another one taken soon after. Either must not be in two splits. Different people reached 0.53.
SAME_PERSON = 0.55

# From here on two labels for it are a contradiction. Two films of one person stay below as a rule; the nearest here,
# with another bubble in the stomach or the marker moved, reached 0.82 and 0.76.
SAME_PICTURE = 0.77

# A film is compared in detail with this many of its best matches that are at least this like. Of different people about
# one pair in a hundred is, so it is the number of neighbours that bounds the work.
NEIGHBOURS = 10
CANDIDATE = 0.82

# Shares of the film cut off left, top, right and bottom before it is matched. With 0 and 5 % no crop of up to 6 %
# is further than 2.5 % from one of these, a third of the finest half wave. The last six undo margins lost on one or two
# sides: with them 197 groups of films span two of the collections here, without them 189.
CROPS: tuple[tuple[float, float, float, float], ...] = (
    *product((0.0, 0.05), (0.0, 0.05), (0.0, 0.05), (0.0, 0.05)),
    (0.1, 0.1, 0.1, 0.1),
    (0.1, 0.0, 0.1, 0.0),
    (0.0, 0.1, 0.0, 0.1),
    (0.1, 0.0, 0.0, 0.0),
    (0.0, 0.1, 0.0, 0.0),
    (0.0, 0.0, 0.1, 0.0),
    (0.0, 0.0, 0.0, 0.1),
)

# Half waves kept in each direction.
WAVES = 12

# Films matched against all others at once, and pairs that a thread compares at once: at 50,000 films the scores of a
# block take 50 MB.
BLOCK = 256


class Pair(NamedTuple):
    """Two films by position, one < other, and the correlation of their detail."""

    one: int
    other: int
    similarity: float


def find(thumbnails: np.ndarray) -> list[Pair]:
    """Find pairs of films whose similarity is at least `SAME_PERSON`.

    Args:
        thumbnails: uint8 (N, S, S), films without their plain margin, of `film_facts.thumbnails`; S is 128 or so.

    Returns:
        Pairs sorted by position.
    """
    some = sorted(set(candidates(thumbnails)))
    quarters = [registration.quarter(film) for film in thumbnails]

    def compare(at: int) -> list[Pair]:
        return [
            Pair(one, other, registration.similarity(thumbnails[one], thumbnails[other], warp))
            for one, other in some[at : at + BLOCK]
            if (warp := registration.align_quarters(quarters[one], quarters[other])) is not None
        ]

    found: list[Pair] = []
    with (
        ThreadPoolExecutor(cpu_count()) as threads,
        tqdm(total=len(some), desc="near-duplicates", unit="pair", disable=None) as progress,
    ):
        for at, pairs in zip(range(0, len(some), BLOCK), threads.map(compare, range(0, len(some), BLOCK)), strict=True):
            found += [pair for pair in pairs if pair.similarity >= SAME_PERSON]
            progress.update(min(BLOCK, len(some) - at))
    return found


def candidates(thumbnails: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield pairs of positions, the smaller first, that are worth a closer look; some twice.

    Args:
        thumbnails: uint8 (N, S, S).
    """
    blocks = range(0, len(thumbnails), BLOCK)
    whole = np.concatenate([waves(thumbnails[at : at + BLOCK]) for at in blocks]) if len(thumbnails) else np.empty(0)
    neighbours = min(NEIGHBOURS, len(thumbnails) - 1)
    if neighbours < 1:
        return
    for at in tqdm(blocks, desc="candidates", unit=f"{BLOCK} films", disable=None):
        block = thumbnails[at : at + BLOCK]
        scores = np.full((len(block), len(whole)), -1.0, np.float32)
        for crop in CROPS:
            np.maximum(scores, waves(block, crop) @ whole.T, out=scores)
        rows = np.arange(len(block))
        scores[rows, at + rows] = -1.0
        best = np.argpartition(-scores, neighbours - 1, axis=1)[:, :neighbours]
        for row, column in zip(*np.nonzero(np.take_along_axis(scores, best, axis=1) >= CANDIDATE), strict=True):
            one, other = at + int(row), int(best[row, column])
            yield min(one, other), max(one, other)


def waves(thumbnails: np.ndarray, crop: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)) -> np.ndarray:
    """Describe a window of each film by its low spatial frequencies.

    Args:
        thumbnails: uint8 (N, S, S).
        crop: shares cut off left, top, right and bottom.

    Returns:
        float32 (N, K), each row of length 1, so that a product of rows is a correlation. Mean grey and the plain slopes
        are left out (exposure), and the rest is weighted by frequency, as films have energy in inverse proportion.
    """
    left, top, right, bottom = crop
    side = thumbnails.shape[1]
    down, across = _cosines(side, top, bottom), _cosines(side, left, right)
    spectrum = down @ (thumbnails.astype(np.float32) @ across.T)
    rows, columns = np.mgrid[:WAVES, :WAVES]
    frequency = np.hypot(rows, columns).astype(np.float32)
    kept = (rows + columns >= 2) & (frequency <= WAVES)
    described = (spectrum * frequency)[:, kept]
    # A film without any structure has no direction; 1e-6 leaves it at 0.
    return described / np.maximum(np.linalg.norm(described, axis=1, keepdims=True), 1e-6)


def _cosines(side: int, before: float, after: float) -> np.ndarray:
    """Return float32 (WAVES, side): half waves over the window that is left when the shares are cut off, 0 outside."""
    start, end = before * side, side - after * side
    pixels = np.arange(side)
    covered = np.clip(np.minimum(pixels + 1, end) - np.maximum(pixels, start), 0, 1)
    phase = np.clip(pixels + 0.5 - start, 0, end - start) / (end - start)
    return (np.cos(np.pi * np.arange(WAVES)[:, np.newaxis] * phase) * covered / (end - start)).astype(np.float32)
