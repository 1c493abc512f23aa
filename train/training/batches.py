"""Batches of training films: their choice, order and augmentation are a function of (seed, epoch, position) alone.

So a run gets the same batches with any number of threads, and a resumed run continues as if it had never stopped.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from train.training import augment
from train.training.config import TrainConfig

# Batches prepared ahead of the network: enough to hide a slow film, few enough to stay small in memory.
LOOK_AHEAD = 8


@dataclass(frozen=True)
class LabelledFilms:
    """Films to learn from.

    Attributes:
        pixels: uint8 (N, S, S, C). The first channel is the film. A second one, if there is one, is the mask of
            radiologists' boxes (255 inside), which an augmentation moves with the film.
        truth: float32 (N, labels), 0 .. 1, how far the film shows what the label says.
        weight: float32 (N, labels), 0 .. 1, how much that counts.
    """

    pixels: np.ndarray
    truth: np.ndarray
    weight: np.ndarray

    def at(self, rows: np.ndarray) -> "LabelledFilms":
        """Return some of the films."""
        return LabelledFilms(self.pixels[rows], self.truth[rows], self.weight[rows])


def chances(cells, balance: float) -> np.ndarray:
    """Return float (N,), summing to 1: each film's chance, by how many films its source and label have."""
    _, cell_of_film, counts = np.unique(np.asarray(cells), return_inverse=True, return_counts=True)
    weights = counts[cell_of_film] ** -float(balance)
    return weights / weights.sum()


def epoch_batches(
    films: LabelledFilms, chance: np.ndarray, config: TrainConfig, epoch: int, part: slice | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the batches of one epoch.

    Args:
        films: the training films.
        chance: float (N,), from `chances`.
        config: batch, augment and seed are used.
        epoch: 0 for the first.
        part: which films of each batch to make, of a worker that has its share of it; None: all.

    Yields:
        float32 (batch, S, S, C) holding 0 .. 255, and the truth and weight, float32 (batch, labels) each.
    """
    count = len(films.pixels)
    drawn = np.random.default_rng((config.seed, epoch)).choice(count, max(count, config.batch), p=chance)
    change, own = augment.KINDS[config.augment], range(config.batch)[part or slice(None)]

    def one(position):
        rng = np.random.default_rng((config.seed, epoch, position))
        row = drawn[position]
        return change(films.pixels[row], rng), films.truth[row], films.weight[row]

    def make(step):
        first = step * config.batch
        pixels, truth, weight = zip(*(one(first + at) for at in own), strict=True)
        return np.stack(pixels).astype(np.float32), np.stack(truth), np.stack(weight)

    steps = iter(range(steps_per_epoch(count, config)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = deque(pool.submit(make, step) for _, step in zip(range(LOOK_AHEAD), steps, strict=False))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(make, step) for _, step in zip(range(1), steps, strict=False))


def steps_per_epoch(films: int, config: TrainConfig) -> int:
    """Return the number of whole batches, at least one."""
    return max(1, films // config.batch)
