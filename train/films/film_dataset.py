"""The films that a network can be shown, as it sees them: the one way from an index to arrays."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from train.films import opacities, pixels
from train.films.indexed_films import IndexedFilms
from train.films.treatments import Treatment


@dataclass(frozen=True)
class FilmDataset:
    """Films as a network sees them, one row in every member.

    Attributes:
        films: rows of the index, numbered from 0.
        pixels: uint8 (N, S, S, 1); or films in shards (train/films/shards.py), which memory does not hold.
        index_sha256: hash of the index file.
        lungs: the lung-field network that cropped the films; None if they are whole.
        masks: uint8 (N, S, S, 1), 255 = lung, in the frame of `pixels`; None if they were not asked for.
        opacities: uint8 (N, S, S, 1), 255 inside a radiologist's box, likewise.
        shards_sha256: of the manifest of the shards that the films are in; None if they are in arrays.
    """

    films: pd.DataFrame
    pixels: np.ndarray
    index_sha256: str
    lungs: Path | None
    masks: np.ndarray | None = None
    opacities: np.ndarray | None = None
    shards_sha256: str | None = None

    @property
    def lungs_sha256(self) -> str | None:
        """The hash of the lung-field network; None of whole films."""
        return self.lungs and pixels.lungs_hash(self.lungs)

    def at(self, rows: np.ndarray) -> "FilmDataset":
        """Return some of the films, by bool (N,) or int (M,)."""
        films = self.films.iloc[np.arange(len(self.films))[rows]].reset_index(drop=True)
        masks, drawn = (None if of is None else of[rows] for of in (self.masks, self.opacities))
        return replace(self, films=films, pixels=self.pixels[rows], masks=masks, opacities=drawn)


def load(
    indexed: IndexedFilms, size: int, treatment: Treatment, *, masks: bool = False, boxes: bool = False
) -> FilmDataset:
    """Return the films that a network of some size and treatment can be shown, decoding them if that is not done yet.

    Args:
        indexed: the films.
        size: side of the network's input in pixels.
        treatment: how films are shown.
        masks: give the masks of their lungs too; whole films have none.
        boxes: give the masks of radiologists' boxes too.

    Returns:
        All the films; of cropped ones those on which lungs are found.

    Raises:
        EdgeError: the data folder does not hold a film, or there is no lung-field network to crop films with.
    """
    if treatment.crop == "none":
        whole = np.tile((0.0, 0.0, 1.0, 1.0), (len(indexed.table), 1))
        drawn = opacities.masks(indexed.table["boxes"].tolist(), whole, size) if boxes else None
        return FilmDataset(indexed.table, pixels.load(indexed, size), indexed.index_sha256, lungs=None, opacities=drawn)
    crops = pixels.load_crops(indexed, size)
    found = crops.found
    films = indexed.table.loc[found].reset_index(drop=True)
    return FilmDataset(
        films=films,
        pixels=crops.finish(treatment.outside, treatment.levels)[found],
        index_sha256=indexed.index_sha256,
        lungs=indexed.lungs,
        masks=crops.masks[found][..., np.newaxis] if masks else None,
        opacities=opacities.masks(films["boxes"].tolist(), crops.boxes[found], size) if boxes else None,
    )
