"""Training that is told what the source alone says, so that the network need only learn the rest.

A source whose films are mostly of one label tempts a network to recognise the source. Here the log-odds of each label
in the film's source are added to the network's logits while training, and left out afterwards: a network that only
knows the source gains nothing (the "bias product" of Clark et al. 2019, arXiv:1909.03683).
"""

import numpy as np

# A source without a label says "1 in 10": all the same its films teach, or the network may call them anything.
LEAST = 0.1


def of_sources(origin: np.ndarray, truth: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return the log-odds of each label in each source, among films as they are drawn: float32 (sources, labels).

    Args:
        origin: float (N, sources), 1 where the film comes from the source.
        truth: float (N, labels), 1 where it has the label.
        chance: float (N,), each film's to be drawn.
    """
    drawn = origin * chance[:, None]
    share = (drawn.T @ truth) / np.maximum(drawn.sum(axis=0)[:, None], 1e-12)
    share = np.clip(share, LEAST, 1 - LEAST)
    return np.log(share / (1 - share)).astype(np.float32)


def loss(labels: int, smoothing: float):
    """Return binary cross-entropy of scores after what is told, for a truth of labels and log-odds side by side."""
    from keras import ops

    def told(truth, scores):
        label = truth[:, :labels] * (1 - smoothing) + 0.5 * smoothing
        scores = ops.clip(scores, 1e-6, 1 - 1e-6)
        logits = ops.log(scores) - ops.log(1 - scores) + truth[:, labels:]
        return ops.mean(ops.softplus(logits) - label * logits, axis=-1)

    return told
