"""Small drawn films in the shape that training takes them."""

import numpy as np
import pandas as pd
import pytest

from edge_app.imaging import lung_field, preprocess
from tests.support.drawn_index import LABELS, OPACITY, SOURCES
from tests.support.films import draw_film, draw_lungs
from tests.support.golden import LUNGS
from train.films.film_dataset import FilmDataset


@pytest.fixture(scope="session")
def drawn():
    """Return (rows of an index, uint8 (N, 32, 32, 1)): 36 train, 18 val and 18 test films of two sources."""
    rows, pixels = [], []
    for i in range(72):
        label = LABELS[i % 3]
        split = ("train", "train", "val", "test")[i // 3 % 4]
        name = f"{SOURCES[i % 2]}/{i:03d}.png"
        row = {"path": name, "source": SOURCES[i % 2], "label": label, "group": name, "split": split}
        rows.append(row | {"appearance": "", "machine": ""})
        field = lung_field.find(preprocess.shrink(draw_lungs(i, 160, 140), preprocess.MASK_SIZE) / 255)
        pixels.append(preprocess.lungs_to_pixels(draw_film(i, 160, 140, opacity=OPACITY[label]), field, 32))
    said = dict.fromkeys(("machine", "view", "appearance", "boxes"), "")
    return pd.DataFrame(rows).assign(**said), np.stack(pixels)


@pytest.fixture(scope="session")
def dataset(drawn):
    """Return the drawn films as a dataset, of an index whose hash is all 0."""
    return FilmDataset(*drawn, "0" * 64, LUNGS)


@pytest.fixture
def joined(drawn):
    """Return the rows as four films of each patient, and two patients who have films in both sources."""
    films = drawn[0].copy()
    eight = np.arange(len(films)) // 8
    films["group"] = films["source"] + "-" + eight.astype(str)
    films["split"] = np.array(["train", "train", "val", "test"])[eight % 4]
    for i, name in ((0, "both-trained"), (6, "both-val")):
        films.loc[eight == i, "group"] = name
    return films
