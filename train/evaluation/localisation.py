"""Where a network looks, against radiologists' boxes round opacities: its hottest place, and what that is worth.

A hottest place inside a box is worth little if the same place of everybody's lungs would do as well. So beside it stand
the share that a random place has, that of the best fixed place, and how much alike the maps of two patients are.
"""

import numpy as np

from train.evaluation import intervals

# Pairs of films are many; their median settles long before this.
MOST_FILMS = 400


def shrunk(boxes: np.ndarray, side: int) -> np.ndarray:
    """Return which places have their middle in a box: bool (N, side, side).

    Args:
        boxes: uint8 (N, S, S, 1), 255 inside a box; S is at least `side`.
        side: of the class maps.
    """
    middles = ((np.arange(side) + 0.5) * boxes.shape[1] / side).astype(int)
    return boxes[:, middles][:, :, middles, 0] > 127


def suspected_map(scores: np.ndarray, maps: np.ndarray, sick: tuple[int, ...]) -> np.ndarray:
    """Return the class map of each film's likeliest disease: float (N, h, w).

    Args:
        scores: float (N, labels).
        maps: float (N, h, w, labels).
        sick: which labels are of a disease.
    """
    likeliest = np.array(sick)[scores[:, list(sick)].argmax(axis=1)]
    return maps[np.arange(len(maps)), :, :, likeliest]


def measure(maps: np.ndarray, inside: np.ndarray, patients: np.ndarray) -> dict:
    """Return how often the hottest place lies in a box, with 95 % intervals over patients, and what compares with it.

    Args:
        maps: float (N, h, w), of films that are suspected and have boxes.
        inside: bool (N, h, w), of `shrunk`.
        patients: object (N,).
    """
    count, side = len(maps), maps.shape[1]
    hottest = maps.reshape(count, -1).argmax(axis=1)
    flat = inside.reshape(count, -1)
    fixed = flat.mean(axis=0)
    return {
        "films": count,
        "hottest_in_box": intervals.mean(flat[np.arange(count), hottest].astype(float), patients),
        "random_place": float(flat.mean()),
        "best_fixed_place": float(fixed.max()),
        "places": f"{side} x {side}",
        "median_correlation": alike(maps, patients),
    }


def alike(maps: np.ndarray, patients: np.ndarray) -> float:
    """Return the median correlation of the maps, float (N, h, w), of two patients; one film of each."""
    found = _correlations(maps, patients)
    return _median(found, np.arange(len(found)))


def alike_between(maps: np.ndarray, patients: np.ndarray) -> intervals.Figure:
    """Return what `alike` does with its 95 % interval over patients, of the maps of at least two."""
    found = _correlations(maps, patients)
    everybody = np.arange(len(found))
    return intervals.estimate(lambda weight: _median(found, np.repeat(everybody, weight)), everybody)


def _correlations(maps: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Return the correlation of the maps of any two patients, one film of each: float (K, K), K at most 400."""
    _, first = np.unique(patients, return_index=True)
    chosen = np.random.default_rng(0).permutation(first)[:MOST_FILMS]
    return np.atleast_2d(np.corrcoef(maps[chosen].reshape(len(chosen), -1).astype(np.float64)))


def _median(correlations: np.ndarray, drawn: np.ndarray) -> float:
    """Return the median over the pairs of different patients among those drawn, int (K,), sorted."""
    one, other = np.triu_indices(len(drawn), 1)
    pairs = correlations[drawn[one], drawn[other]][drawn[one] != drawn[other]]
    return float(np.median(pairs)) if len(pairs) else np.nan
