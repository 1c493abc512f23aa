"""Which films make a batch, in what order, changed how: all of it a function of (seed, epoch, position).

So a run gives the same batches however many threads prepare them, and a resumed run goes on as if never stopped.
"""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from train import augment
from train.config import TrainConfig

# Batches prepared ahead of the network: enough to hide a slow film, few enough to stay small in memory.
LOOK_AHEAD = 8


def targets(labels_of_films, labels: tuple[str, ...]) -> np.ndarray:
    """Return float32 (N, labels): 1 where the film has the label."""
    return (np.asarray(labels_of_films)[:, None] == np.asarray(labels)[None, :]).astype(np.float32)


def chances(cells, balance: float) -> np.ndarray:
    """Return float (N,), summing to 1: each film's chance, by how many films its source and label have."""
    _, cell_of_film, counts = np.unique(np.asarray(cells), return_inverse=True, return_counts=True)
    weights = counts[cell_of_film] ** -float(balance)
    return weights / weights.sum()


def epoch_batches(pixels: np.ndarray, truth: np.ndarray, chance: np.ndarray, config: TrainConfig, epoch: int):
    """Yield the batches of one epoch.

    Args:
        pixels: uint8 (N, S, S, 1), the training films.
        truth: float32 (N, labels).
        chance: float (N,), from `chances`.
        config: batch, augment and seed are used.
        epoch: 0 for the first.

    Yields:
        float32 (batch, S, S, 1) holding 0 .. 255, and float32 (batch, labels).
    """
    drawn = np.random.default_rng((config.seed, epoch)).choice(len(pixels), len(pixels), p=chance)
    change = augment.KINDS[config.augment]

    def make(step):
        first = step * config.batch
        rows = drawn[first : first + config.batch]
        films = [
            change(pixels[row], np.random.default_rng((config.seed, epoch, first + i))) for i, row in enumerate(rows)
        ]
        return np.stack(films).astype(np.float32), truth[rows]

    steps = iter(range(steps_per_epoch(len(pixels), config)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = deque(pool.submit(make, step) for _, step in zip(range(LOOK_AHEAD), steps, strict=False))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(make, step) for _, step in zip(range(1), steps, strict=False))


def steps_per_epoch(films: int, config: TrainConfig) -> int:
    """Return the number of whole batches, at least one."""
    return max(1, films // config.batch)
