"""How well a quadrangle fits a film: two networks of two hidden layers score what `outline` measured of it.

`python -m train outline` trained them on simulated photographs; `quad_scorer.npz` beside this file holds their weights.
"""

from functools import cache
from pathlib import Path

import numpy as np

WEIGHTS = Path(__file__).with_name("quad_scorer.npz")
LAYERS = 3
# Logits beyond this are cut off, odds of 10,000: one network must not overrule the other by an absurd certainty.
MOST_LOGIT = 9.2


class QuadScorer:
    """Scores quadrangles with the weights of one file; `released` returns that of this program."""

    def __init__(self, path: Path):
        """Read the weights.

        Args:
            path: NPZ file: of each layer of each network `<network>_weights<N>`, float (in, out), and
                `<network>_bias<N>`, float (out,). The network `look` may be missing while it is being trained.
        """
        with np.load(path) as held:
            self._networks = {
                network: [
                    (
                        held[f"{network}_weights{layer}"].astype(np.float32),
                        held[f"{network}_bias{layer}"].astype(np.float32),
                    )
                    for layer in range(LAYERS)
                ]
                for network in ("sides", "look")
                if f"{network}_weights0" in held.files
            }

    def by_sides(self, features: np.ndarray) -> np.ndarray:
        """Return how well quadrangles fit a film as far as their sides tell, float32 (K,), 0 .. 1.

        Args:
            features: float32 (K, F), of `outline.candidates`.
        """
        return _chance(self._logits("sides", features))

    def by_both(self, sides: np.ndarray, closely: np.ndarray) -> np.ndarray:
        """Return how well quadrangles fit a film by sides and look together, float32 (K,), 0 .. 1.

        It is the mean of both networks' logits. The second was trained on ten times fewer quadrangles and is sometimes
        sure of the wrong one: on 300 photographs of validation films the quadrangle taken is the film's in 0.94 by
        both and in 0.92 by the look alone, and a film is seen in 2 of 50 scenes without one instead of in 6.

        Args:
            sides: float32 (K, F), of `outline.candidates`.
            closely: float32 (K, G), of `outline.closely`.
        """
        return _chance((self._logits("sides", sides) + self._logits("look", closely)) / 2)

    def _logits(self, network: str, value: np.ndarray) -> np.ndarray:
        layers = self._networks[network]
        for at, (weights, bias) in enumerate(layers):
            value = value @ weights + bias
            if at < len(layers) - 1:
                value = np.maximum(value, 0)
        return np.clip(value[:, 0], -MOST_LOGIT, MOST_LOGIT)


@cache
def released() -> QuadScorer:
    """Return the scorer with the weights that come with this program."""
    return QuadScorer(WEIGHTS)


def _chance(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))
