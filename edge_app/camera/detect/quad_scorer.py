"""How well a quadrangle fits a film: two networks of two hidden layers over what `outline` measured of it.

Learnt by `python -m train outline` from photographs that were simulated; their weights are in `quad_scorer.npz` beside.
"""

from functools import cache
from pathlib import Path

import numpy as np

WEIGHTS = Path(__file__).with_name("quad_scorer.npz")
LAYERS = 3


def by_sides(features: np.ndarray) -> np.ndarray:
    """Return how well quadrangles fit a film as far as their sides tell, float32 (K,), 0 .. 1.

    Args:
        features: float32 (K, F), of `outline.candidates`.
    """
    return _run("sides", features)


def by_both(sides: np.ndarray, closely: np.ndarray) -> np.ndarray:
    """Return how well quadrangles fit a film by sides and look together, float32 (K,), 0 .. 1.

    The mean of what both networks say, as logits. The second has seen ten times fewer quadrangles, and is at times sure
    of the wrong thing: on 300 photographs of validation films the quadrangle taken is the film's in 0.94 by both, in
    0.92 by the look alone, and a film is seen in 2 of 50 scenes without one, in place of 6.

    Args:
        sides: float32 (K, F), of `outline.candidates`.
        closely: float32 (K, G), of `outline.closely`.
    """
    logits = (_logits("sides", sides) + _logits("look", closely)) / 2
    return _chance(logits)


def _run(network: str, value: np.ndarray) -> np.ndarray:
    return _chance(_logits(network, value))


def _chance(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def _logits(network: str, value: np.ndarray) -> np.ndarray:
    layers = _networks(WEIGHTS)[network]
    for at, (weights, bias) in enumerate(layers):
        value = value @ weights + bias
        if at < len(layers) - 1:
            value = np.maximum(value, 0)
    # Beyond this nothing is surer, and one network cannot overrule the other by being absurdly sure: odds of 10,000.
    return np.clip(value[:, 0], -9.2, 9.2)


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
