"""The class maps of a run's network, as arrays and as the edge colours them."""

import numpy as np

from edge_app.outputs import pictures
from edge_app.screening.heat import Heat
from train.models import keras_calls
from train.reporting import page

COLUMNS = 4


def class_maps(run, pixels: np.ndarray) -> np.ndarray:
    """Return the class maps of films: uint8 (n, S, S, 1) -> float32 (n, h, w, labels).

    Args:
        run: `train.audit.audited.AuditedRun`, with its network.
        pixels: what the network sees.
    """
    return keras_calls.predict(run.with_class_maps, pixels.astype(np.float32), 64)["cam"]


def heat(run, class_map: np.ndarray, label: str) -> Heat:
    """Return the heat of a class map, float (h, w), of a label, as the edge shows it."""
    scale = run.places.get(label)
    return Heat(label, scale.logits(class_map) if scale else class_map, scale is not None, None)


def sheet(titles: list[str], pixels: np.ndarray, heats: list[Heat], boxes: np.ndarray | None = None):
    """Return a figure: each film, with its title and the rims of boxes, and below it the film under its heat.

    Args:
        titles: one a film.
        pixels: uint8 (n, S, S).
        heats: one a film.
        boxes: bool (n, S, S), inside a radiologist's box.
    """
    lines = -(-len(titles) // COLUMNS)
    figure, grid = page.subplots(2 * lines, COLUMNS, size=(9.5, 5.1 * lines), squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for at, title in enumerate(titles):
        line, column = divmod(at, COLUMNS)
        above, below = grid[2 * line][column], grid[2 * line + 1][column]
        above.imshow(pixels[at], cmap="gray", vmin=0, vmax=255)
        above.set_title(title, fontsize=8)
        below.imshow(pictures.under_heat(np.repeat(pixels[at][..., np.newaxis], 3, axis=2), heats[at]))
        rims = boxes[at] if boxes is not None and boxes[at].any() else None
        for axes in () if rims is None else (above, below):
            axes.contour(np.asarray(rims, float), levels=[0.5], colors=page.COLOURS[4], linewidths=1.2)
    return figure
