"""Masks that the network of the first round draws itself, on films of collections that have none."""

import cv2
import numpy as np
import pandas as pd

from edge_app.errors import NoLungField
from edge_app.imaging import lung_field, preprocess
from train.lungs import examples, training_round
from train.lungs.config import LungConfig


def draw(model, films: pd.DataFrame, pictures: np.ndarray, settings: LungConfig) -> examples.Examples:
    """Let a network draw masks on films without any, and keep those of which it is sure.

    Args:
        model: of `network.build`.
        films: rows of the index.
        pictures: uint8 (N, K, K), one a row.
        settings: own_films, least_certainty and seed are used.
    """
    rows = alike_of_each_cell(films, settings.own_films, settings.seed)
    small = np.array([preprocess.shrink(pictures[row], preprocess.LUNG_SIZE) for row in rows])
    answers = training_round.chances(model, small[..., np.newaxis]) if len(small) else small
    kept, drawn = [], []
    for row, chance in zip(rows, answers, strict=True):
        try:
            field = lung_field.find(chance)
        except NoLungField:
            continue
        if field.certainty >= settings.least_certainty and field.parts == 2:
            kept.append(row)
            drawn.append(cv2.resize(field.mask, (examples.KEPT_SIZE,) * 2, interpolation=cv2.INTER_AREA))
    side = (0, examples.KEPT_SIZE, examples.KEPT_SIZE)
    return examples.Examples(np.asarray(pictures[kept]), np.stack(drawn) if drawn else np.zeros(side, np.uint8))


def alike_of_each_cell(films: pd.DataFrame, most: int, seed: int) -> np.ndarray:
    """Return up to `most` rows, drawn at random, in turn from every source and label: int (M,)."""
    shuffled = np.random.default_rng(seed).permutation(len(films))
    cell = (films["source"] + "/" + films["label"]).iloc[shuffled]
    rank = cell.groupby(cell.to_numpy()).cumcount().to_numpy()
    return shuffled[np.argsort(rank, kind="stable")][:most]
