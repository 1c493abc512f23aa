"""Masks that a first network draws for the second: only where it is sure, alike from every source and label."""

import numpy as np
import pandas as pd

from tests.support.lung_examples import bright_is_lung, shapes
from train.lungs import masks, own_masks
from train.lungs.config import LungConfig
from train.lungs.examples import KEPT_SIZE


def test_own_masks_are_kept_only_where_the_network_is_sure_of_two_lungs():
    pictures = np.stack(
        [
            shapes(50, 140),
            shapes(96),  # one
            shapes(50, 140, level=150),  # two, of which it is not sure
            np.zeros((KEPT_SIZE, KEPT_SIZE), np.uint8),  # none
            np.full((KEPT_SIZE, KEPT_SIZE), 255, np.uint8),  # everything
            shapes(45, 150),
        ]
    )
    films = pd.DataFrame({"source": ["a"] * 6, "label": ["normal"] * 6})
    own = own_masks.draw(bright_is_lung(), films, pictures, LungConfig())
    assert len(own.pictures) == len(own.masks) == 2
    order = [0, 5] if np.array_equal(own.pictures[0], pictures[0]) else [5, 0]
    for picture, mask, row in zip(own.pictures, own.masks, order, strict=True):
        assert np.array_equal(picture, pictures[row])
        assert mask.shape == (KEPT_SIZE, KEPT_SIZE)
        assert masks.overlap(mask > 127, pictures[row] > 127) > 0.9
    none = own_masks.draw(bright_is_lung(), films[1:4], pictures[1:4], LungConfig())
    assert none.pictures.shape == none.masks.shape == (0, KEPT_SIZE, KEPT_SIZE)


def test_own_masks_come_alike_from_every_source_and_label():
    cells = [("big", "normal")] * 20 + [("big", "covid")] * 6 + [("small", "normal")] * 2
    pictures = np.stack([shapes(50, 140) for _ in cells])
    pictures[:, 0, 0] = np.arange(len(cells))  # so that films can be told apart
    films = pd.DataFrame(cells, columns=["source", "label"])
    own = own_masks.draw(bright_is_lung(), films, pictures, LungConfig(own_films=8))
    rows = own.pictures[:, 0, 0]
    assert len(set(rows)) == 8
    assert sorted(films.loc[rows].value_counts().tolist()) == [2, 3, 3]
    assert not len(own_masks.draw(bright_is_lung(), films[:0], pictures[:0], LungConfig()).pictures)
