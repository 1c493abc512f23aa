"""A contact sheet of augmented films."""

from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from train.films.film_dataset import FilmDataset
from train.reporting.plots import save
from train.training import augment
from train.training.config import TrainConfig


def augmentation_sheet(dataset: FilmDataset, rows: np.ndarray, settings: TrainConfig, path: Path) -> None:
    """Draw one training film of each source and label, as it is and in seven ways augmentation may show it.

    Args:
        dataset: the films.
        rows: int (N,), which of them are training films.
        settings: augment and seed are used.
        path: of the PNG.
    """
    films = dataset.films
    change = augment.KINDS[settings.augment]
    cell = (films["source"] + "\n" + films["label"]).iloc[rows]
    first = [rows[np.flatnonzero(cell == name)[0]] for name in sorted(set(cell))]
    figure, grid = plt.subplots(
        len(first), 8, figsize=(12, 1.6 * len(first)), layout="constrained", squeeze=False, gridspec_kw={"wspace": 0.02}
    )
    for line, row in zip(grid, first, strict=True):
        for i, axes in enumerate(line):
            picture = dataset.pixels[row]
            if i:
                picture = change(picture, np.random.default_rng((settings.seed, 0, int(row), i)))
            axes.imshow(picture[..., 0], cmap="gray", vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(films["source"].iloc[row][:20] + "\n" + films["label"].iloc[row], fontsize=6)
    save(figure, path)
