"""The worst mistakes, with what the network took for COVID-19 in each."""

import numpy as np

from edge_app.outputs import pictures
from edge_app.screening import phrasing
from edge_app.screening.heat import Heat
from train.reporting import page

MOST = 8
COLUMNS = 4


def worst(table) -> dict[str, list[int]]:
    """Return positions in `table` of the COVID-19 films with the lowest score and the others with the highest."""
    positive, scores = (table["label"] == "covid").to_numpy(), table["score_covid"].to_numpy()
    order = np.argsort(scores, kind="stable")
    return {
        "missed": [int(at) for at in order if positive[at]][:MOST],
        "false alarms": [int(at) for at in order[::-1] if not positive[at]][:MOST],
    }


def measure(table, threshold: float) -> dict:
    """Return {kind: [{path, source, label, score}]}, only those on the wrong side of `threshold`."""
    found = {}
    for kind, rows in worst(table).items():
        films = table.iloc[rows]
        wrong = films[(films["score_covid"] < threshold) == (kind == "missed")]
        found[kind] = [
            {"path": row.path, "source": row.source, "label": row.label, "score": float(row.score_covid)}
            for row in wrong.itertuples()
        ]
    return found


def heats(run, pixels: np.ndarray) -> list[Heat]:
    """Return the heat map of COVID-19 of each film, as the edge shows it.

    Args:
        run: `train.audit.audited.AuditedRun`, with its network.
        pixels: uint8 (n, S, S, 1).
    """
    from train.models.networks import with_class_maps

    maps = with_class_maps(run.model).predict_on_batch(pixels.astype(np.float32))["cam"]
    found = np.asarray(maps)[..., run.labels.index("covid")]
    scale = run.places.get("covid")
    return [Heat("covid", scale.logits(one) if scale else one, scale is not None, None) for one in found]


def show(page_, numbers: dict, run, seen_films) -> None:
    """Write the chapter, with films and heat maps from the network."""
    section = page_.section(
        "The worst mistakes",
        "COVID-19 films with the lowest COVID-19 score, and other films with the highest, among the test films. Below "
        "each film its heat map of COVID-19, on one scale of colours for all.",
    )
    section.note("These are patients' films, under their collections' licences: this page is not for publication.")
    for kind, films in numbers.items():
        section.heading(kind.capitalize())
        if not films:
            section.text("None at the operating point.")
            continue
        pixels = seen_films.pixels[seen_films.rows([film["path"] for film in films])]
        maps = heats(run, pixels)
        section.text(f"C{phrasing.colours(maps[0])[1:]}.")
        alt = f"{kind}: " + "; ".join(f"{film['path']}, {film['label']}, score {film['score']:.3f}" for film in films)
        section.figure(_sheet(films, pixels[..., 0], maps), alt, kind="png")


def _sheet(films, pixels, maps):
    lines = -(-len(films) // COLUMNS)
    figure, grid = page.subplots(2 * lines, COLUMNS, size=(9.5, 5.1 * lines), squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for at, film in enumerate(films):
        line, column = divmod(at, COLUMNS)
        above, below = grid[2 * line][column], grid[2 * line + 1][column]
        above.imshow(pixels[at], cmap="gray", vmin=0, vmax=255)
        above.set_title(f"{film['label']}, score {film['score']:.3f}\n{film['source']}", fontsize=8)
        below.imshow(pictures.under_heat(np.repeat(pixels[at][..., np.newaxis], 3, axis=2), maps[at]))
    return figure
