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
from os import cpu_count
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from train.index import neighbours, registration
from train.index.low_waves import CROPS, waves
from train.index.thumbnails import Thumbnails

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

# Films matched against all others at once, and pairs that a thread compares at once: at 50,000 films the scores of a
# block take 50 MB.
BLOCK = 256

# Up to this number of films every one is matched against all others; the cost grows as the square: 10,000 synthetic
# films took 26 s of processor time, and the 11,266 of the collections here 58 s.
# Above, an index finds the neighbours (train/index/neighbours.py).
MOST_EXACT = 20_000
# In the place of a crop: the film was matched by another way, and how it lies on the other one is not known.
UNKNOWN = -1
# Candidates of the index that are less alike than this at a glance (`registration.glance`) are not aligned. Of the
# pairs found in the collections here 2 % are less alike; of other candidates 22 % are more.
LEAST_AT_A_GLANCE = 0.54


class Pair(NamedTuple):
    """Two films by position, one < other, and the correlation of their detail."""

    one: int
    other: int
    similarity: float


def find(thumbnails: np.ndarray | Thumbnails, exact: bool | None = None) -> list[Pair]:
    """Find pairs of films whose similarity is at least `SAME_PERSON`.

    Args:
        thumbnails: uint8 (N, S, S), films without their plain margin, of `film_facts.thumbnails`; S is 128 or so.
        exact: compare every film with every other one; None: do so up to `MOST_EXACT` films.

    Returns:
        Pairs sorted by position.
    """
    if len(thumbnails) <= MOST_EXACT if exact is None else exact:
        some = np.array(sorted(set(candidates(thumbnails))), np.int64).reshape(-1, 2)
        some = np.column_stack([some, np.full(len(some), UNKNOWN)])
    else:
        some = neighbours.candidates(thumbnails)
    found: list[Pair] = []
    with (
        ThreadPoolExecutor(cpu_count()) as threads,
        tqdm(total=len(some), desc="near-duplicates", unit="pair", disable=None) as progress,
    ):
        for pairs in threads.map(lambda at: _compared(thumbnails, some[at : at + BLOCK]), range(0, len(some), BLOCK)):
            found += pairs
            progress.update(min(BLOCK, len(some) - progress.n))
    return sorted(found)


def _compared(thumbnails: np.ndarray | Thumbnails, some: np.ndarray) -> list[Pair]:
    """Return those of some candidates, int (P, 3) of (one, other, crop of the one), that are the same person's."""
    films = {at: thumbnails[at] for at in set(some[:, :2].ravel().tolist())}
    quarters = {at: registration.quarter(film) for at, film in films.items()}
    found = []
    for one, other, crop in some.tolist():
        if crop != UNKNOWN and registration.glance(films[one], quarters[other], CROPS[crop]) < LEAST_AT_A_GLANCE:
            continue
        one, other = min(one, other), max(one, other)
        warp = registration.align_quarters(quarters[one], quarters[other])
        if warp is not None:
            pair = Pair(one, other, registration.similarity(films[one], films[other], warp))
            if pair.similarity >= SAME_PERSON:
                found.append(pair)
    return found


def candidates(thumbnails: np.ndarray | Thumbnails) -> Iterator[tuple[int, int]]:
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
