"""Temperature scaling (Guo et al. 2017): one number, fitted on validation films, that makes scores mean what they say.

It goes into the last layer of the network, so no program that reads the scores has to know of it.
"""

import numpy as np
from scipy import optimize, special

# A network is never this far off; the bounds keep a tiny validation set from running away.
LEAST, MOST = 0.2, 10.0


def logits(scores: np.ndarray) -> np.ndarray:
    """Return the logits of scores: float (N, labels) in 0 .. 1 -> float64 (N, labels)."""
    return special.logit(np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7))


def temperature(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the number to divide logits by, for the least cross-entropy.

    Args:
        scores: float (N, labels) in 0 .. 1, of validation films.
        truth: float (N, labels), 0 or 1.
    """
    values = logits(scores)

    def loss(log_temperature):
        scaled = values / np.exp(log_temperature)
        return np.mean(np.logaddexp(0, scaled) - truth * scaled)

    found = optimize.minimize_scalar(loss, bounds=(np.log(LEAST), np.log(MOST)), method="bounded")
    return float(np.exp(found.x))


def fold(model, value: float) -> None:
    """Divide the logits of a network of `train.models.networks` by `value`, in its last layer."""
    maps = model.get_layer("cam")
    maps.set_weights([weights / value for weights in maps.get_weights()])
