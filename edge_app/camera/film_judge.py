"""How well a quadrangle fits a film: two networks of two hidden layers over what `outline` measured of it.

Learnt by `python -m train outline` from photographs that were simulated; their weights are in `film_judge.npz` beside.
"""

from functools import cache
from pathlib import Path

import numpy as np

WEIGHTS = Path(__file__).with_name("film_judge.npz")
LAYERS = 3


def by_sides(features: np.ndarray) -> np.ndarray:
    """Return how well quadrangles fit a film as far as their sides tell, float32 (K,), 0 .. 1.

    Args:
        features: float32 (K, F), of `outline.candidates`.
    """
    return _run("sides", features)


def by_look(features: np.ndarray) -> np.ndarray:
    """Return how well quadrangles fit a film, float32 (K,), 0 .. 1; 1: all corners within 1 % of its width.

    Args:
        features: float32 (K, F), of `outline.closely`.
    """
    return _run("look", features)


def _run(network: str, value: np.ndarray) -> np.ndarray:
    layers = _networks(WEIGHTS)[network]
    for at, (weights, bias) in enumerate(layers):
        value = value @ weights + bias
        if at < len(layers) - 1:
            value = np.maximum(value, 0)
    return 1 / (1 + np.exp(-np.clip(value[:, 0], -30, 30)))


@cache
def _networks(path: Path) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Return weights float32 (in, out) and bias float32 (out,) of each layer of each network."""
    with np.load(path) as held:
        return {
            network: [
                tuple(held[f"{network}_{part}{at}"].astype(np.float32) for part in ("weights", "bias"))
                for at in range(LAYERS)
            ]
            for network in ("sides", "look")
            if f"{network}_weights0" in held.files
        }


def use(path: Path) -> None:
    """Judge by the weights in another file from now on, read anew."""
    global WEIGHTS
    WEIGHTS = path
    _networks.cache_clear()
