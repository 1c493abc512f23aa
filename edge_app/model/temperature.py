"""A temperature: the one number that scores' logits are divided by, so that a score means what it says."""

import numpy as np


def softened(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits of scores, float (..., labels) in 0 .. 1, by a temperature: nearer to 0.5 above 1."""
    odds = np.clip(scores, 1e-7, 1 - 1e-7).astype(np.float64)
    return 1 / (1 + ((1 - odds) / odds) ** (1 / temperature))


def softened_threshold(value: float, temperature: float) -> float:
    """Return the threshold on softened scores that parts films as `value`, 0 .. 1, does on the others."""
    return value if temperature == 1 else float(softened(np.array(value), temperature))
