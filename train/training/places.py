"""What the class maps of a trained network say of places: how they become probabilities, how often they are right."""

import numpy as np

from train.evaluation import localisation
from train.films.film_dataset import FilmDataset
from train.index.findings import NORMAL
from train.models import keras_calls
from train.training import calibrate, truth
from train.training.config import TrainConfig

# Films whose boxes are read at once.
AT_ONCE = 1024


def scales(model, settings: TrainConfig, dataset: FilmDataset, val: np.ndarray) -> dict[str, dict[str, float]]:
    """Return by disease how its class map becomes the logits of places, as `calibrate.places`.

    Args:
        model: of `train.models.networks`, with its temperature.
        settings: its recipe.
        dataset: the films.
        val: int (N,), the rows of the validation films.

    Returns:
        Nothing of a disease that no film with a box shows, and nothing at all of films without boxes.
    """
    if dataset.opacities is None:
        return {}
    _, maps = _answers(model, dataset.pixels[val])
    inside = _inside(dataset.opacities[val], maps.shape[1])
    targets, _ = truth.of_films(dataset.films["label"].iloc[val].tolist(), settings.labels)
    found = {settings.labels[i]: calibrate.places(maps[..., i], inside, targets[:, i]) for i in _diseases(settings)}
    return {label: numbers for label, numbers in found.items() if numbers}


def measured(model, settings: TrainConfig, dataset: FilmDataset, points: dict) -> dict | None:
    """Return `localisation.measure` of the suspected test films that have boxes; None if there are none.

    Args:
        model, settings, dataset: as of `scales`.
        points: the operating points of rule `refer`, by label.
    """
    films = dataset.films
    asked = (films["split"] == "test") & (films["boxes"] != "")
    asked &= films["source"].isin(settings.sources or tuple(films["source"]))
    rows = np.flatnonzero(asked)
    if dataset.opacities is None or not len(rows):
        return None
    scores, maps = _answers(model, dataset.pixels[rows])
    suspected = np.zeros(len(rows), bool)
    for i in _diseases(settings):
        point = points[settings.labels[i]]
        suspected |= scores[:, i] >= point.get("high", point.get("threshold"))
    if not suspected.any():
        return None
    shown = localisation.suspected_map(scores, maps, _diseases(settings))[suspected]
    inside = _inside(dataset.opacities[rows[suspected]], shown.shape[1])
    return localisation.measure(shown, inside, films["group"].to_numpy()[rows][suspected])


def _inside(opacities, side: int) -> np.ndarray:
    """Return `localisation.shrunk` of the boxes of films, read in parts where they are in shards."""
    spans = range(0, len(opacities), AT_ONCE)
    return np.concatenate([localisation.shrunk(np.asarray(opacities[at : at + AT_ONCE]), side) for at in spans])


def _answers(model, pixels) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores, float32 (N, labels), and class maps, float32 (N, h, w, labels), of films."""
    from train.models import networks

    answer = keras_calls.predict(networks.with_class_maps(model), pixels, 64)
    return answer["scores"], answer["cam"]


def _diseases(settings: TrainConfig) -> tuple[int, ...]:
    return tuple(i for i, label in enumerate(settings.labels) if label != NORMAL)
