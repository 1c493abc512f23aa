"""The two losses: of a film's scores, where an uncertain label counts less, and of the places of its class maps.

Places are taught by radiologists' boxes round opacities. A film without pneumonia has no opacity anywhere; a film that
is sick and has no box says nothing of its places. That heat inside boxes lowers it, and not merely heat inside
the lungs, matters: lungs lie in one place on every crop, so heat that stays there can be the same for everybody.
"""

import numpy as np


def with_weights(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what `scores` takes: float32 (N, labels), 0 .. 1, and their weights, in one array (N, 2 * labels)."""
    return np.concatenate([targets, weights], axis=1).astype(np.float32)


def scores(smoothing: float):
    """Return the loss of the scores: the binary cross-entropy a label, times its weight.

    Args:
        smoothing: targets become 0.5 * smoothing and 1 - 0.5 * smoothing.
    """
    from keras import ops  # in functions, so that the commands of training start without it

    def weighted(expected, given):
        labels = given.shape[-1]
        targets = expected[..., :labels] * (1 - smoothing) + 0.5 * smoothing
        entropy = ops.binary_crossentropy(targets, given)  # Keras keeps scores off 0 and 1 by 1e-7
        return ops.mean(expected[..., labels:] * entropy, axis=-1)

    return weighted


def place_truth(boxes: np.ndarray, targets: np.ndarray, side: int) -> np.ndarray:
    """Return what the places of films should say, and whether they count.

    Args:
        boxes: float32 (N, S, S, 1), 255 inside a radiologist's box, else 0; S is a multiple of `side`.
        targets: float32 (N, diseases), 0 .. 1, how far each film shows each disease.
        side: of the class maps.

    Returns:
        float32 (N, side, side, diseases + 1): the share of each place that lies in a box, times the target; and last 1
        where the film's places count, else 0.
    """
    count, size = boxes.shape[:2]
    block = size // side
    inside = boxes.reshape(count, side, block, side, block, 1).mean(axis=(2, 4)) / 255
    counts = (inside.max(axis=(1, 2, 3)) > 0) | (targets.max(axis=1) == 0)
    shown = np.broadcast_to(counts[:, None, None, None], inside.shape)
    return np.concatenate([inside * targets[:, None, None, :], shown], axis=-1).astype(np.float32)


def places(expected, logits):
    """Return the mean cross-entropy of each film's places, float (N,); `expected` as of `place_truth`."""
    from keras import ops

    wanted, counts = expected[..., :-1], expected[..., -1:]
    return ops.mean(counts * ops.binary_crossentropy(wanted, logits, from_logits=True), axis=(1, 2, 3))
