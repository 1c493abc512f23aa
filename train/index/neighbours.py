"""Candidates for near-duplicates among more films than can all be matched with each other: an index of faiss.

The descriptors are those of the exact search (train/index/low_waves.py), in which films of different people are alike
because chests are. Less the mean of all films, and with the directions in which films differ most turned down
(`FLATTENED`, part of a whitening), copies stand out: in the collections here 5 % of the true pairs are below 0.73, and
of different films one pair in 10,000 is above 0.65; as plain correlation these were 0.88 and 0.93.

1. An inverted file over `COARSE` leading directions gives each film's neighbours, asked with `ASKED` of its crops.
2. These are matched as in the exact search, with every crop; the best go on to be aligned.

The work is `NEIGHBOURS` comparisons a film at most, and lists whose number grows as the root of the films.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tqdm import tqdm

from train.index.low_waves import CROPS, of_crops, waves
from train.index.thumbnails import Thumbnails

if TYPE_CHECKING:
    import faiss

# Powers of the variance of each direction by which it is turned down: 0 leaves the plain correlation, 0.5 whitens. For
# matching 0.4 told true pairs of the collections here best; for the lists less, since their leading directions must
# decide.
FLATTENED, FLATTENED_COARSE = 0.4, 0.25
# Directions with less than this share of the greatest variance are noise; without a floor they would be blown up.
LEAST_VARIANCE = 1e-4
COARSE = 48
# Crops that ask the lists: the whole film, all four sides, one or two sides; between them the others lie.
ASKED = tuple(CROPS.index(crop) for crop in ((0.0,) * 4, (0.05,) * 4, *CROPS[16:]))
# Neighbours that each of them fetches from the lists.
FETCHED = 16
# A film goes on with this many of its best matches that are at least this like.
NEIGHBOURS = 5
ALIKE = 0.6
# Films on which directions and lists are learnt, evenly spaced: faiss wants 39 a list and more add nothing.
LEARNT_FROM = 160_000
# Films described and searched at once: their descriptors take 60 MB.
BLOCK = 1024
# Films of a block that are matched at once: what they are matched with takes 40 MB, which caches hold in part.
MATCHED = 512


class Space(NamedTuple):
    """How descriptors, float32 (N, K) of length 1, become comparable ones."""

    mean: np.ndarray  # float32 (K,)
    fine: np.ndarray  # float32 (K, K), for matching
    coarse: np.ndarray  # float32 (K, COARSE), for the lists

    def of(self, described: np.ndarray, axes: np.ndarray) -> np.ndarray:
        """Return float32 (..., axes) of length 1; 0 of a film without structure."""
        structured = np.any(described, axis=-1, keepdims=True)
        turned = (described - self.mean) @ axes * structured
        return turned / np.maximum(np.linalg.norm(turned, axis=-1, keepdims=True), 1e-6)


def candidates(thumbnails: np.ndarray | Thumbnails) -> np.ndarray:
    """Return pairs of positions that are worth a closer look.

    Args:
        thumbnails: uint8 (N, S, S), a thousand films or more: fewer do not tell how films differ.

    Returns:
        int64 (P, 3): a film, another one, and which of `CROPS` of the first one lies on the second; each pair once.
    """
    blocks = range(0, len(thumbnails), BLOCK)
    whole = np.concatenate([waves(thumbnails[at : at + BLOCK]) for at in tqdm(blocks, **_bar("films"))])
    space = _space(whole[:: -(-len(whole) // LEARNT_FROM)])
    lists = _lists(space, whole)
    for at in blocks:
        whole[at : at + BLOCK] = space.of(whole[at : at + BLOCK], space.fine)
    found = []
    for at in tqdm(blocks, **_bar("candidates")):
        crops = of_crops(thumbnails[at : at + BLOCK])
        asked = space.of(crops[:, ASKED], space.coarse)
        count, queries, _ = asked.shape
        _, fetched = lists.search(asked.reshape(count * queries, COARSE), FETCHED)
        fetched = np.sort(fetched.reshape(count, -1), axis=1)
        fine = space.of(crops, space.fine)
        for part in range(0, count, MATCHED):
            span = slice(part, part + MATCHED)
            found.append(_best(at + part, fine[span], fetched[span], whole))
    return _each_once(np.concatenate(found), len(whole))


def _space(described: np.ndarray) -> Space:
    mean = described.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov((described - mean).T))
    variance, axes = variance[::-1], axes[:, ::-1]
    variance = np.maximum(variance, LEAST_VARIANCE * variance[0])
    fine, coarse = (axes * variance**-power for power in (FLATTENED, FLATTENED_COARSE))
    return Space(mean, fine.astype(np.float32), coarse[:, :COARSE].astype(np.float32))


def _lists(space: Space, whole: np.ndarray) -> "faiss.Index":
    """Return the inverted file of all films, by 4 bits a pair of directions."""
    import faiss  # here, so that other commands start without it

    count = 2 ** max(4, round(np.log2(2 * len(whole) ** 0.5)))
    lists: Any = faiss.index_factory(COARSE, f"IVF{count},PQ{COARSE // 2}x4fs", faiss.METRIC_INNER_PRODUCT)
    lists.train(space.of(whole[:: -(-len(whole) // LEARNT_FROM)], space.coarse))
    for at in range(0, len(whole), BLOCK):
        lists.add(space.of(whole[at : at + BLOCK], space.coarse))
    lists.nprobe = max(8, count // 128)  # pyright: ignore (of the inverted file that is made here)
    return lists


def _best(first: int, crops: np.ndarray, fetched: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Match the films from position `first` on with those that were fetched for them.

    Args:
        first: position of the first.
        crops: float32 (B, crops, K), each film's descriptors for matching.
        fetched: int (B, M), sorted by row; -1 for nothing.
        whole: float32 (N, K), every film's.

    Returns:
        float64 (P, 4): film, other, crop, likeness.
    """
    scores = crops @ whole[fetched].transpose(0, 2, 1)
    crop, score = scores.argmax(axis=1), scores.max(axis=1)
    again = np.zeros(fetched.shape, bool)
    again[:, 1:] = fetched[:, 1:] == fetched[:, :-1]
    own = first + np.arange(len(crops))[:, None]
    score[again | (fetched < 0) | (fetched == own)] = -1
    best = np.argpartition(-score, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    row, place = np.nonzero(np.take_along_axis(score, best, axis=1) >= ALIKE)
    place = best[row, place]
    return np.column_stack([first + row, fetched[row, place], crop[row, place], score[row, place]])


def _each_once(found: np.ndarray, films: int) -> np.ndarray:
    """Return int64 (P, 3) of `_best`, of each pair the direction in which it is more alike, sorted by position."""
    low, high = found[:, :2].min(axis=1), found[:, :2].max(axis=1)
    key = (low * films + high).astype(np.int64)
    order = np.lexsort((found[:, 0], -found[:, 3], key))
    _, first = np.unique(key[order], return_index=True)
    return found[order][first, :3].astype(np.int64)


def _bar(what: str) -> dict:
    return {"desc": what, "unit": f"{BLOCK} films", "disable": None}
