"""What a network learns from and is watched on, put together from the films of a dataset."""

from dataclasses import dataclass, replace

import numpy as np

from edge_app.errors import WrongUsage
from train.films import film_dataset
from train.films.film_dataset import FilmDataset
from train.films.indexed_films import IndexedFilms
from train.training import batches, selection
from train.training.batches import LabelledFilms
from train.training.config import TrainConfig


@dataclass(frozen=True)
class TrainingData:
    """What a network learns from, and is watched on.

    Attributes:
        films: the training films; with masks as a second channel if the recipe weighs heat.
        chance: float (N,), each training film's to be drawn, summing to 1.
        val: the validation films.
    """

    films: LabelledFilms
    chance: np.ndarray
    val: LabelledFilms


def load(settings: TrainConfig, indexed: IndexedFilms) -> FilmDataset:
    """Return the films that a recipe can use, as its network sees them.

    Raises:
        WrongUsage: it weighs heat outside the lungs, and shows whole films, of which there are no masks.
        EdgeError: as of `film_dataset.load`.
    """
    if settings.heat and settings.crop == "none":
        raise WrongUsage(
            f"--heat: is {settings.heat:g} with '--crop none'; heat outside the lungs needs cropped films; "
            "give '--heat 0' too, or leave '--crop' out."
        )
    return film_dataset.load(indexed, settings.size, settings.treatment, masks=bool(settings.heat))


def build(settings: TrainConfig, dataset: FilmDataset, train: np.ndarray, val: np.ndarray) -> TrainingData:
    """Put together the films that a recipe learns from (rows `train`) and is watched on (rows `val`).

    Raises:
        ValueError: the recipe weighs heat outside the lungs, and the dataset has no masks.
    """
    everything = LabelledFilms(dataset.pixels, batches.targets(dataset.films["label"], settings.labels))
    films = everything.at(train)
    if settings.heat:
        if dataset.masks is None:
            raise ValueError(f"heat is {settings.heat}; it needs the masks of the lungs")
        films = replace(films, pixels=np.concatenate([films.pixels, dataset.masks[train]], axis=-1))
    cell = selection.cells(dataset.films)
    return TrainingData(films, batches.chances(cell.iloc[train], settings.balance), everything.at(val))
