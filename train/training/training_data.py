"""What a network learns from and is watched on, put together from the films of a dataset."""

from dataclasses import dataclass, replace

import numpy as np

from train.films import film_dataset, shards
from train.films.film_dataset import FilmDataset
from train.films.indexed_films import IndexedFilms
from train.training import batches, selection, truth
from train.training.batches import LabelledFilms
from train.training.config import TrainConfig


@dataclass(frozen=True)
class TrainingData:
    """What a network learns from, and is watched on.

    Attributes:
        films: the training films; with masks of boxes as a second channel if the recipe weighs places.
        chance: float (N,), each training film's to be drawn, summing to 1.
        val: the validation films.
    """

    films: LabelledFilms
    chance: np.ndarray
    val: LabelledFilms


def load(settings: TrainConfig, indexed: IndexedFilms) -> FilmDataset:
    """Return the films that a recipe can use, as its network sees them.

    Raises:
        EdgeError: as of `film_dataset.load`.
    """
    return film_dataset.load(indexed, settings.size, settings.treatment, boxes=bool(settings.places))


def build(settings: TrainConfig, dataset: FilmDataset, train: np.ndarray, val: np.ndarray) -> TrainingData:
    """Put together the films that a recipe learns from (rows `train`) and is watched on (rows `val`).

    Raises:
        ValueError: the recipe weighs places, and the dataset has no masks of boxes.
    """
    everything = LabelledFilms(dataset.pixels, *truth.of_films(dataset.films["label"].tolist(), settings.labels))
    films = everything.at(train)
    if settings.places:
        if dataset.opacities is None:
            raise ValueError(f"places weigh {settings.places}; that needs the masks of boxes")
        films = replace(films, pixels=_joined(films.pixels, dataset.opacities[train]))
    cell = selection.cells(dataset.films)
    return TrainingData(films, batches.chances(cell.iloc[train], settings.balance), everything.at(val))


def _joined(pixels, opacities):
    """Return films and their boxes as channels of one, uint8 (N, S, S, 2)."""
    if isinstance(pixels, shards.ShardedPixels):
        return pixels.joined(opacities)
    return np.concatenate([pixels, opacities], axis=-1)
