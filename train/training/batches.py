"""Which films make a batch, in what order, changed how: all of it a function of (seed, epoch, position).

So a run gives the same batches however many threads prepare them, and a resumed run goes on as if never stopped.
"""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from train.training import augment
from train.training.config import TrainConfig

# Batches prepared ahead of the network: enough to hide a slow film, few enough to stay small in memory.
LOOK_AHEAD = 8


@dataclass(frozen=True)
class Films:
    """Films to learn from: pixels uint8 (N, S, S, 1), truth float32 (N, labels), origin float32 (N, sources).

    Pixels may have a second channel, the mask of the lungs, which `augment.full` moves with the film. Photographs,
    like pixels, show the films as a camera saw them; of a film that is not `photographed` there is none.
    """

    pixels: np.ndarray
    truth: np.ndarray
    origin: np.ndarray
    photographs: np.ndarray | None = None
    photographed: np.ndarray | None = None

    def at(self, rows: np.ndarray) -> "Films":
        """Return some of the films."""
        given = (self.pixels, self.truth, self.origin, self.photographs, self.photographed)
        return Films(*(None if part is None else part[rows] for part in given))

    def shown(self, row: int, chance: float, rng) -> np.ndarray:
        """Return a film's pixels, or with some chance its photograph's."""
        if self.photographs is not None and rng.random() < chance and self.photographed[row]:
            return self.photographs[row]
        return self.pixels[row]

    def elsewhere(self, row: int, rng) -> int:
        """Draw a film of another source than film `row`'s, each source alike; the film itself if there is none."""
        others = np.flatnonzero(self.origin.any(axis=0) & (self.origin[row] == 0))
        if not len(others):
            return row
        return int(rng.choice(np.flatnonzero(self.origin[:, rng.choice(others)])))


def targets(labels_of_films, labels: tuple[str, ...]) -> np.ndarray:
    """Return float32 (N, labels): 1 where the film has the label (or, for sources, comes from the source)."""
    return (np.asarray(labels_of_films)[:, None] == np.asarray(labels)[None, :]).astype(np.float32)


def chances(cells, balance: float) -> np.ndarray:
    """Return float (N,), summing to 1: each film's chance, by how many films its source and label have."""
    _, cell_of_film, counts = np.unique(np.asarray(cells), return_inverse=True, return_counts=True)
    weights = counts[cell_of_film] ** -float(balance)
    return weights / weights.sum()


def epoch_batches(films: Films, chance: np.ndarray, config: TrainConfig, epoch: int):
    """Yield the batches of one epoch.

    Args:
        films: the training films.
        chance: float (N,), from `chances`.
        config: batch, augment, photographs, restyle, mix and seed are used.
        epoch: 0 for the first.

    Yields:
        float32 (batch, S, S, C) holding 0 .. 255, float32 (batch, labels), and float32 (batch, sources).
    """
    count = len(films.pixels)
    drawn = np.random.default_rng((config.seed, epoch)).choice(count, max(count, config.batch), p=chance)
    change = augment.KINDS[config.augment]

    def one(position):
        rng = np.random.default_rng((config.seed, epoch, position))
        row = drawn[position]
        pixels, truth = films.shown(row, config.photographs, rng), films.truth[row]
        if rng.random() < config.restyle:
            pixels = augment.restyle(pixels, films.pixels[films.elsewhere(row, rng)])
        pixels = change(pixels, rng)
        if rng.random() < config.mix:
            other = films.elsewhere(row, rng)
            pixels, share = augment.mix(pixels, change(films.pixels[other], rng), rng)
            truth = (1 - share) * truth + share * films.truth[other]
        return pixels, truth, films.origin[row]

    def make(step):
        first = step * config.batch
        parts = [one(position) for position in range(first, first + config.batch)]
        return tuple(np.stack(part).astype(np.float32) for part in zip(*parts, strict=True))

    steps = iter(range(steps_per_epoch(count, config)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = deque(pool.submit(make, step) for _, step in zip(range(LOOK_AHEAD), steps, strict=False))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(make, step) for _, step in zip(range(1), steps, strict=False))


def steps_per_epoch(films: int, config: TrainConfig) -> int:
    """Return the number of whole batches, at least one."""
    return max(1, films // config.batch)
