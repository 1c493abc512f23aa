"""Small drawn films in the shape that training takes them."""

import numpy as np
import pandas as pd
import pytest

from edge_app import preprocess
from tests.films import draw_film

SOURCES = ("clinic-a", "clinic-b")
LABELS = ("normal", "covid", "pneumonia")


@pytest.fixture(scope="session")
def drawn():
    """Return (rows of an index, uint8 (N, 32, 32, 1)): 36 train, 18 val and 18 test films of two sources."""
    rows, pixels = [], []
    for i in range(72):
        label = LABELS[i % 3]
        split = ("train", "train", "val", "test")[i // 3 % 4]
        name = f"{SOURCES[i % 2]}/{i:03d}.png"
        rows.append({"path": name, "source": SOURCES[i % 2], "label": label, "group": name, "split": split})
        film = draw_film(i, 160, 140, opacity={"normal": 0.0, "covid": 0.9, "pneumonia": 0.4}[label])
        pixels.append(preprocess.to_pixels(film, 32))
    return pd.DataFrame(rows), np.stack(pixels)
