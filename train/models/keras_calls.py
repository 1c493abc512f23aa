"""Calls of Keras whose published types do not tell the truth.

Its functions have no annotations, so a checker takes the type of a default (`verbose="auto"`) for that of the argument,
and believes that a loaded network may be None. So networks are `Any` here.
"""

from pathlib import Path
from typing import Any

import numpy as np

# Batches that are read at once of what is not an array: 75 MB of films at 192 pixels.
BATCHES_AT_ONCE = 32


def load(path: Path, custom_objects: dict[str, Any] | None = None, *, to_go_on: bool = False) -> Any:
    """Return the network of a `.keras` file.

    Args:
        path: the file.
        custom_objects: losses of its own, by name.
        to_go_on: load the optimizer and its state too, to train on.

    Raises:
        ValueError: the file is not a Keras model.
    """
    import keras  # in functions, so that the commands of training start without it

    from train.models import fused_norm, place_logits  # noqa: F401 -- a file is read only where its layers are known

    return keras.models.load_model(path, custom_objects=custom_objects, compile=to_go_on)


def predict(network: Any, pictures: Any, batch_size: int = 32, *, progress: bool = False) -> Any:
    """Return what a network answers to uint8 or float (N, S, S, C): an array, or arrays by name of the output.

    What is not an array, such as films in shards, is read and asked in parts, with the same answers.
    """
    if isinstance(pictures, np.ndarray):
        return network.predict(pictures, batch_size=batch_size, verbose=int(progress))
    span = batch_size * BATCHES_AT_ONCE
    parts = [
        network.predict(np.asarray(pictures[at : at + span]), batch_size=batch_size, verbose=int(progress))
        for at in range(0, max(len(pictures), 1), span)
    ]
    if isinstance(parts[0], dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return np.concatenate(parts)


def adam(rate: Any, weight_decay: float | None = None) -> Any:
    """Return the optimizer Adam.

    Args:
        rate: the learning rate, a number or a schedule of Keras.
        weight_decay: decoupled decay of the weights, if any.
    """
    import keras

    return keras.optimizers.Adam(rate, weight_decay=weight_decay)
