"""`python -m convert heat MODEL`: how much of the heat for COVID-19 lies inside lungs that a person has drawn.

On the COVID-19 films of the test patients that have a drawn mask, by the file itself as the edge runs it.
"""

import json
from pathlib import Path

import cv2
import numpy as np

from edge_app import bundle, classifier, lung_field, preprocess, radiograph, reading
from train import film_arguments, index
from train.lungs import masks

BOOTSTRAPS = 2000


def add_parser(subparsers) -> None:
    """Declare `convert heat`."""
    parser = subparsers.add_parser("heat", help="measure the share of the heat inside drawn lungs, on test films")
    parser.add_argument("model", type=Path, help="a .tflite of this project")
    film_arguments.add(parser)
    parser.add_argument("--out", type=Path, help="write the figures here too, as JSON")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command."""
    one = classifier.Classifier(bundle.read(args.model))
    found = measure(one, args.data, index.read(args.index)) | {"model": one.card.name, "sha256": one.card.sha256}
    print(json.dumps(found, indent=1))
    if args.out:
        args.out.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def measure(one, data: Path, films) -> dict:
    """Return the mean share with its 95 % interval over patients' films drawn anew, and how many films there are.

    Args:
        one: of `classifier.Classifier`.
        data: the folder of the collections.
        films: the index.
    """
    listing = masks.listing(data, films)
    sick = set(films.loc[(films["split"] == "test") & (films["label"] == "covid"), "path"])
    rows = listing[(listing["state"] == masks.USED) & listing["film"].isin(sick)]
    shares, refused, cold = [], 0, 0
    for row in rows.itertuples():
        seen = reading.read(radiograph.read(data / row.film, preprocess.least_side(one.card.size)), one)
        if seen.refusal:
            refused += 1
        elif (share := inside(seen, masks.read(data / row.mask, lung_field.FINE))) is None:
            cold += 1
        else:
            shares.append(share)
    rng = np.random.default_rng(0)
    means = [np.mean(rng.choice(shares, len(shares))) for _ in range(BOOTSTRAPS)]
    low, high = np.quantile(means, [0.025, 0.975])
    figure = {"value": float(np.mean(shares)), "low": float(low), "high": float(high), "n": len(shares)}
    return {"inside_drawn_lungs": figure, "films": len(rows), "refused": refused, "nothing_hot": cold}


def inside(seen: reading.Reading, drawn: np.ndarray) -> float | None:
    """Return the share of a film's heat inside a drawn mask, uint8 (256, 256); None if nothing is hot."""
    mask = cv2.resize(seen.field.crop(drawn), seen.heat.shape[::-1], interpolation=cv2.INTER_AREA) / 255
    hot = np.maximum(seen.heat, 0)
    return float((hot * mask).sum() / hot.sum()) if hot.sum() > 0 else None
