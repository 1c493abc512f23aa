"""What a network answers to many pictures: its scores and its embedding, the mean of its last feature maps."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

BATCH = 64


@dataclass(frozen=True)
class ScoresAndEmbeddings:
    """Scores float32 (N, labels) in 0 .. 1 and embedding float32 (N, features)."""

    scores: np.ndarray
    embedding: np.ndarray


def with_embedding(model):
    """Return a network of `train.models.networks` that answers its scores and its embedding."""
    import keras

    maps = keras.layers.GlobalAveragePooling2D()(model.get_layer("cam").input)
    return keras.Model(model.input, [model.output, maps])


def answers(model, pictures: Callable[[slice], np.ndarray], films: int, desc: str) -> np.ndarray:
    """Return scores and embedding side by side: float32 (films, labels + features); `split` takes them apart.

    Args:
        model: from `with_embedding`.
        pictures: gives uint8 (n, S, S, 1) of the rows in a slice.
        films: number of rows.
        desc: what the progress bar says.
    """
    found = []
    for start in tqdm(range(0, films, BATCH), desc=desc, unit="batch", disable=None):
        batch = pictures(slice(start, min(start + BATCH, films))).astype(np.float32)
        found.append(np.concatenate([np.asarray(part) for part in model.predict_on_batch(batch)], axis=1))
    return np.concatenate(found)


def split(both: np.ndarray, labels: int) -> ScoresAndEmbeddings:
    """Take apart what `answers` returns."""
    return ScoresAndEmbeddings(both[:, :labels], both[:, labels:])


def imagenet(side: int):
    """Return `lite0` as ImageNet left it, with its embedding: what a network knows that saw no X-ray."""
    from train.models import networks

    return with_embedding(networks.build("lite0", side, ("none",), imagenet=True))
