"""What validation films say of a trained network's numbers: how scores, and places, become probabilities.

Temperature scaling (Guo et al. 2017) is one number for the scores. It goes into the last layer of the network, so a
program that reads the scores need not know of it. A class map is scaled and shifted instead (Platt 1999), by the boxes
of radiologists, and the card says how.
"""

import numpy as np
from scipy import optimize, special
from sklearn.linear_model import LogisticRegression

from train.models import keras_calls

# Networks stay far within these bounds; they stop the fit on a tiny validation set from diverging.
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


def into(model, pixels: np.ndarray, truth: np.ndarray) -> float:
    """Fit the temperature of a network on validation films, fold it into the network, and return it.

    Args:
        model: of `train.models.networks`; changed in place.
        pixels: uint8 (N, S, S, 1).
        truth: float (N, labels), 0 or 1.
    """
    value = temperature(keras_calls.predict(model, pixels), truth)
    fold(model, value)
    return value


def places(maps: np.ndarray, inside: np.ndarray, truth: np.ndarray) -> dict[str, float] | None:
    """Return how a class map becomes the logits of "an opacity lies here": times `scale`, plus `offset`.

    Args:
        maps: float (N, h, w), the class map of one disease, of validation films.
        inside: bool (N, h, w), which places lie in a radiologist's box.
        truth: float (N,), how far each film shows the disease; those of 1 that have a box, and those of 0 without one,
            are asked.

    Returns:
        None if no film has a box, or the map does not rise in boxes.
    """
    boxed = inside.any(axis=(1, 2))
    asked = ((truth == 1) & boxed) | ((truth == 0) & ~boxed)
    if not (asked & boxed).any():
        return None
    # Hardly any penalty: there are tens of thousands of places, and two numbers to find.
    model = LogisticRegression(C=1e6).fit(maps[asked].reshape(-1, 1), inside[asked].ravel())
    scale, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
    return {"scale": scale, "offset": offset} if scale > 0 else None
