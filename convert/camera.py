"""The camera's part of a card: temperature, operating points and gate, set on photographs of validation films.

A photograph of a film is softer, greyer and less even than its file, so a network that is right about it is less sure,
and the gate's limits for files refuse much of it. Both are set anew here, and counted on photographs of test films.
`python -m convert camera MODEL` does so; the network in the file stays as it is.
"""

import json
from pathlib import Path

import numpy as np

from convert import files
from convert.modelfile import fit_ood, variants
from convert.verify import runtimes
from edge_app.errors import EdgeError
from edge_app.gate import view_classes
from edge_app.gate.picture_checks import LEAST
from edge_app.model import model_file
from edge_app.model.ood import unpack
from edge_app.screening import inference
from train.evaluation import evaluate, intervals
from train.films import film_arguments, photographs
from train.films.photographs import CHECKS, Photographs, simulator
from train.index import index
from train.reporting import provenance
from train.training import batches, calibrate

# The share of the validation photographs that keeps each limit. One that no file kept is not made stricter.
PASSING = 0.99
# A picture that is more likely something else than a frontal film is refused, however many photographs look so.
MOST_WRONG = 0.5


def add_parser(subparsers) -> None:
    """Declare `convert camera`."""
    parser = subparsers.add_parser("camera", help="give a file for the edge what its card needs for a camera")
    parser.add_argument("model", type=Path, help="a .tflite of this project, with a gate; it is written anew")
    film_arguments.add(parser, lungs=True)
    parser.add_argument("--record", type=Path, help="the JSON beside it, whose figures of this file get it too")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command."""

    packed, name = model_file.read(args.model), args.model.name
    training, hashed = packed.card.raw["training"], index.sha256(args.index)
    if packed.card.gate is None:
        raise EdgeError(f"{name}: has no gate, as a file for phones; a camera's card needs one.")
    if training["index_sha256"] != hashed:
        raise EdgeError(f"{args.index}: is not the index that {name} was made with; its splits are needed.")
    kind = packed.card.name.partition("-")[2]
    everything = index.read(args.index)
    everything = everything[everything["split"] != ""].reset_index(drop=True)
    films = everything[everything["split"].isin(("val", "test"))]
    taken = photographs.load(everything, args.data, packed.card.size, args.cache, hashed, args.lungs)
    like = model_file.member(args.model, model_file.LIKENESS)
    made = measure(
        packed.scores,
        variants.named([kind])[0],
        like,
        packed.card.raw["gate"],
        films.reset_index(drop=True),
        taken.at(films.index.to_numpy()),
        training,
    )
    made["commit"] = provenance.commit()
    card = packed.card.raw | {"camera": made}
    files.write(args.model, model_file.pack(packed.scores, packed.lungs, card, packed.golden, like, deflate=True))
    if args.record:
        record = json.loads(args.record.read_text())
        record["files"][kind]["camera"] = made
        record["files"][kind]["bytes"] = args.model.stat().st_size
        files.write(args.record, (json.dumps(record, indent=1) + "\n").encode())
    print(json.dumps({name: made[name] for name in ("temperature", "photographs")}, indent=1))
    return 0


def measure(content: bytes, variant, like: bytes, limits: dict, films, taken: Photographs, record: dict) -> dict:
    """Return the field `camera` of a card.

    Args:
        content: the flatbuffer.
        variant: of `convert.modelfile.variants`, for the edge.
        like: of `ood.fit`, for that file.
        limits: the gate's for files, as in a card.
        films: rows of the index, or of `scores.csv`: validation and test films.
        taken: their photographs, row by row.
        record: `run.json`, of which the config is used.
    """
    labels, settings = tuple(record["config"]["labels"]), record["config"]
    seen = np.flatnonzero(taken.crops.found)
    taken, table = taken.at(seen), films.iloc[seen].reset_index(drop=True)
    shown = taken.crops.finish(outside=settings["outside"], levels=settings["levels"])
    scores = runtimes.run(runtimes.here()[0], content, variant.films(shown), len(labels)).scores
    likely = unpack(like, limits["features"])
    distances = np.array([likely.distance(one) for one in fit_ood.embeddings(content, shown, len(labels))])
    val = (table["split"] == "val").to_numpy()
    wrong = taken.kinds[:, [view_classes.KINDS.index(kind) for kind in view_classes.WRONG]].sum(axis=1)
    cut = taken.kinds[:, view_classes.KINDS.index(view_classes.CUT)]
    own = {
        "wrong": min(MOST_WRONG, _looser("wrong", limits["wrong"], wrong[val])),
        "cut": _looser("cut", limits["cut"], cut[val]),
        "unlike": _looser("unlike", limits["unlike"], distances[val] * fit_ood.ROOM),
        "features": limits["features"],
        "picture": {
            name: _looser(name, limit, taken.values[val, CHECKS.index(name)])
            for name, limit in limits["picture"].items()
        },
    }
    passed = (wrong <= own["wrong"]) & (cut <= own["cut"]) & (distances <= own["unlike"])
    for name, limit in own["picture"].items():
        values = taken.values[:, CHECKS.index(name)]
        passed &= values >= limit if name in LEAST else values <= limit
    truth = batches.targets(table["label"], labels)
    temperature = calibrate.temperature(scores[val & passed], truth[val & passed])
    table[[f"score_{label}" for label in labels]] = inference.softened(scores, temperature)
    measured = evaluate.measure(table[passed].reset_index(drop=True), labels, tuple(settings["cells"]))
    split = films["split"].to_numpy()
    answered = np.zeros(len(split), bool)
    answered[seen[passed]] = True
    return {
        "temperature": temperature,
        "operating_points": measured["operating_points"],
        "gate": own,
        "metrics": {name: measured[name] for name in ("validation", "test")},
        "photographs": {
            "simulator": simulator(),
            "refused": {name: intervals.proportion(~answered[split == name]) for name in ("val", "test")},
        },
    }


def _looser(name: str, limit: float, values: np.ndarray) -> float:
    """Return the limit that all but few of some photographs keep, or that for files if that allows more."""
    if name in LEAST:
        return round(float(min(limit, np.quantile(values, 1 - PASSING))), 4)
    return round(float(max(limit, np.quantile(values, PASSING))), 4)
