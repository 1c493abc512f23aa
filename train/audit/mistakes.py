"""The worst mistakes, with what the network took for COVID-19 in each."""

import numpy as np

from edge_app.screening import phrasing
from edge_app.screening.heat import Heat
from train.audit import maps
from train.index.findings import COVID

MOST = 8


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
    covid = run.labels.index(COVID)
    return [maps.heat(run, of_film[..., covid], COVID) for of_film in maps.class_maps(run, pixels)]


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
        hot = heats(run, pixels)
        section.text(f"C{phrasing.colours(hot[0])[1:]}.")
        alt = f"{kind}: " + "; ".join(f"{film['path']}, {film['label']}, score {film['score']:.3f}" for film in films)
        titles = [f"{film['label']}, score {film['score']:.3f}\n{film['source']}" for film in films]
        section.figure(maps.sheet(titles, pixels[..., 0], hot), alt, kind="png")
