"""`python -m convert heat MODEL`: how much of the heat for COVID-19 lies inside lungs that a person has drawn.

On the COVID-19 films of the test patients that have a drawn mask, by the file itself as the edge runs it. A share
inside the lungs is worth little if a network has only learnt where lungs lie, so it is also measured how much alike the
maps are, and what the score loses when the film is covered where it is hot.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_app import atomic_io
from edge_app.imaging import lung_field, preprocess, radiograph
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from edge_app.screening.result import Inference, Rejection
from train.evaluation import deletion, intervals
from train.films import film_arguments
from train.index import index
from train.lungs import masks

DRAWS = 2000


def add_parser(subparsers) -> None:
    """Declare `convert heat`."""
    parser = subparsers.add_parser("heat", help="measure the share of the heat inside drawn lungs, on test films")
    parser.add_argument("model", type=Path, help="a .tflite of this project")
    film_arguments.add(parser)
    parser.add_argument("--out", type=Path, help="write the figures here too, as JSON")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command."""
    classifier = Classifier(model_file.read(args.model))
    found = measure(classifier, args.data, index.read(args.index))
    found |= {"model": classifier.card.name, "sha256": classifier.card.sha256}
    print(json.dumps(found, indent=1))
    if args.out:
        atomic_io.write_json(args.out, found)
    return 0


def measure(classifier, data: Path, films) -> dict:
    """Return the mean share with its 95 % interval over resampled films, and how many films there are.

    Args:
        classifier: both networks, `Classifier`.
        data: the folder of the collections.
        films: the index.
    """
    listing = masks.listing(data, films)
    sick = films.loc[(films["split"] == "test") & (films["label"] == "covid"), "path"]
    rows = listing.loc[(listing["state"] == masks.USED) & listing["film"].isin(sick)]
    shares, refused, cold, maps, lost = [], 0, 0, [], {where: [] for where in deletion.WHERE}
    for film, mask in zip(rows["film"], rows["mask"], strict=True):
        seen = screening.infer(radiograph.read(data / film, preprocess.least_side(classifier.card.size)), classifier)
        if isinstance(seen, Rejection):
            refused += 1
            continue
        drawn = replace(seen.field, mask=masks.read(data / mask, lung_field.FINE))
        heat = seen.heats["covid"].logits
        if (share := lung_field.inside(heat, drawn)) is None:
            cold += 1
            continue
        shares.append(share)
        maps.append(np.maximum(heat, 0) / np.maximum(heat, 0).sum())
        for where, fall in covered(seen, lung_field.places(drawn, heat.shape), classifier):
            lost[where].append(fall)
    # By film and not by patient: models/*-heat.json was measured so.
    figure = intervals.mean(np.array(shares), np.arange(len(shares)), DRAWS) | {"n": len(shares)}
    mean = np.mean(maps, axis=0)
    alike = np.mean([np.corrcoef(one_map.ravel(), mean.ravel())[0, 1] for one_map in maps])
    return {
        "inside_drawn_lungs": figure,
        "films": len(rows),
        "refused": refused,
        "nothing_hot": cold,
        "correlation_with_mean_map": float(alike),
        "logit_lost_when_covered": {where: float(np.mean(falls)) for where, falls in lost.items()},
    }


def covered(seen: Inference, lungs: np.ndarray, classifier) -> Iterator[tuple[str, float]]:
    """Cover the crop round one place of the map after the other, as `deletion.covers`.

    Args:
        seen: of a film.
        lungs: of `lung_field.places`, the share of lung in each place.
        classifier: both networks, `Classifier`.

    Yields:
        Where that is, one of `deletion.WHERE`, and by how much the logit of COVID-19 falls.
    """
    label = classifier.card.labels.index("covid")
    own = seen.maps[..., label]  # its mean is the logit
    for where, pixels in deletion.covers(seen.pixels, own, lungs):
        yield where, float(own.mean() - classifier.scores(pixels)[1][..., label].mean())
