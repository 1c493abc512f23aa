"""The camera's part of a card: temperature, operating points and gate, set on photographs of validation films.

A photograph of a film is softer, greyer and less even than its file, so a network that is right about it is less sure,
and the gate's limits for files refuse much of it. Both are set here once more, and counted on photographs of test
films. `python -m convert camera MODEL` does so; the network in the file stays as it is.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from convert import files
from convert.modelfile import fit_ood, variants
from convert.verify import runtimes
from edge_app.errors import EdgeError
from edge_app.gate import view_classes
from edge_app.gate.picture_checks import LEAST
from edge_app.model import model_file
from edge_app.model.ood import unpack
from edge_app.model.temperature import softened
from train.evaluation import evaluate, intervals
from train.films import film_arguments, photographs
from train.films.photographs import CHECKS, Photographs, simulator_hash
from train.index import index
from train.reporting import provenance
from train.training import calibrate, truth

# The share of the validation photographs that keeps each limit. One that no file kept is not made stricter.
PASSING = 0.99
# A picture that is more likely something else than a frontal film is refused, however many photographs look so.
MOST_WRONG = 0.5


def add_parser(subparsers) -> None:
    """Declare `convert camera`."""
    parser = subparsers.add_parser("camera", help="give a file for the edge what its card needs for a camera")
    parser.add_argument("model", type=Path, help="a .tflite of this project, with a gate; it is replaced")
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
    indexed = film_arguments.read(args)
    taken = photographs.load(indexed, packed.card.size)
    known = indexed.table["label"].isin(training["config"]["labels"])
    held_out = np.flatnonzero(known & indexed.table["split"].isin(("val", "test")))
    films, taken = indexed.table.iloc[held_out].reset_index(drop=True), taken.at(held_out)
    ood = model_file.member(args.model, model_file.LIKENESS)
    file = GatedFile(packed.scores, variants.named([kind])[0], ood, packed.card.raw["gate"])
    made = measure(file, films, taken, training["config"]) | {"commit": provenance.commit()}
    card = dict(packed.card.raw) | {"camera": made}
    files.write(args.model, model_file.pack(packed.scores, packed.lungs, card, packed.golden, ood, deflate=True))
    if args.record:
        record = json.loads(args.record.read_text())
        record["files"][kind]["camera"] = made
        record["files"][kind]["bytes"] = args.model.stat().st_size
        files.write(args.record, (json.dumps(record, indent=1) + "\n").encode())
    print(json.dumps({name: made[name] for name in ("temperature", "photographs")}, indent=1))
    return 0


@dataclass(frozen=True)
class GatedFile:
    """A file for the edge and its gate for films that come as files.

    Attributes:
        flatbuffer: the network.
        variant: of the file, for the edge.
        ood: of `fit_ood.fit`, for that network.
        gate: the limits, as in a card.
    """

    flatbuffer: bytes
    variant: variants.Variant
    ood: bytes
    gate: dict


@dataclass(frozen=True)
class Answered:
    """Photographs on which lungs were found, with what a file answers to them: M rows.

    Attributes:
        table: path, source, label, group, split.
        taken: the photographs.
        scores: float32 (M, labels).
        distances: float (M,), of the embeddings from the usual ones.
    """

    table: pd.DataFrame
    taken: Photographs
    scores: np.ndarray
    distances: np.ndarray

    @property
    def validation(self) -> np.ndarray:
        """Which are of validation films: bool (M,)."""
        return (self.table["split"] == "val").to_numpy()

    def chance(self, *views: str) -> np.ndarray:
        """Return the chance that each shows one of some views: float32 (M,)."""
        return self.taken.kinds[:, [view_classes.CLASSES.index(view) for view in views]].sum(axis=1)

    @property
    def wrong(self) -> np.ndarray:
        """Return the chance that each shows something else than a film of a photograph: float32 (M,)."""
        return self.chance(*view_classes.WRONG_OF_PHOTOGRAPHS)

    def value(self, check: str) -> np.ndarray:
        """Return what a check of the picture measures on each: float32 (M,), NaN where it cannot be."""
        return self.taken.values[:, CHECKS.index(check)]


def measure(file: GatedFile, films: pd.DataFrame, taken: Photographs, config: dict) -> dict:
    """Return the field `camera` of a card.

    Args:
        file: the file that gets it.
        films: rows of the index, or of `scores.csv`: validation and test films.
        taken: their photographs, row by row.
        config: of the training run.

    Raises:
        EdgeError: no photograph of one label passes the gate, so nothing can be measured.
    """
    labels = tuple(config["labels"])
    found = np.flatnonzero(taken.crops.found)
    seen = _answers(file, films.iloc[found].reset_index(drop=True), taken.at(found), config)
    gate = _gate(file.gate, seen)
    passed = _passed(gate, seen)
    _check_labels(seen.table.loc[passed], labels)
    temperature = _temperature(seen, passed & seen.validation, labels)
    table = seen.table.copy()
    table[[f"score_{label}" for label in labels]] = softened(seen.scores, temperature)
    measured = evaluate.measure(table[passed].reset_index(drop=True), evaluate.Scope.of(config))
    refused, split = np.ones(len(films), bool), films["split"].to_numpy()
    refused[found[passed]] = False
    return {
        "temperature": temperature,
        "operating_points": measured["operating_points"],
        "gate": gate,
        "metrics": {name: measured[name] for name in ("validation", "test")},
        "photographs": {
            "simulator": simulator_hash(),
            "refused": {name: intervals.proportion(refused[split == name]) for name in ("val", "test")},
        },
    }


def _check_labels(passed: pd.DataFrame, labels: tuple[str, ...]) -> None:
    """Refuse to measure on photographs that pass the gate if validation or test has none of some label."""
    for split in ("val", "test"):
        there = set(passed.loc[passed["split"] == split, "label"])
        if missing := [label for label in labels if label not in there]:
            raise EdgeError(
                f"photographs of {split} films: none of {', '.join(missing)} passes the gate; operating points need "
                "at least one of each label; index more films of it."
            )


def _answers(file: GatedFile, table: pd.DataFrame, taken: Photographs, config: dict) -> Answered:
    """Run a file on photographs on which lungs were found."""
    labels = len(config["labels"])
    shown = taken.crops.finish(outside=config["outside"], levels=config["levels"])
    outcome = runtimes.run(runtimes.here()[0], file.flatbuffer, file.variant.films(shown), labels)
    usual = unpack(file.ood, file.gate["features"])
    embeddings = fit_ood.embeddings(file.flatbuffer, shown, labels)
    distances = np.array([usual.distance(embedding) for embedding in embeddings])
    return Answered(table, taken, outcome.answers.scores, distances)


def _gate(limits: dict, seen: Answered) -> dict:
    """Return the limits for photographs: those for files, loosened as validation photographs ask for."""
    val = seen.validation
    return {
        "wrong": min(MOST_WRONG, _looser("wrong", limits["wrong"], seen.wrong[val])),
        "cut": _looser("cut", limits["cut"], seen.chance(view_classes.CUT)[val]),
        "unlike": _looser("unlike", limits["unlike"], seen.distances[val] * fit_ood.ROOM),
        "features": limits["features"],
        "picture": {check: _looser(check, limit, seen.value(check)[val]) for check, limit in limits["picture"].items()},
    }


def _passed(gate: dict, seen: Answered) -> np.ndarray:
    """Return which photographs keep all limits of a gate: bool (M,)."""
    passed = (seen.wrong <= gate["wrong"]) & (seen.chance(view_classes.CUT) <= gate["cut"])
    passed &= seen.distances <= gate["unlike"]
    for check, limit in gate["picture"].items():
        passed &= seen.value(check) >= limit if check in LEAST else seen.value(check) <= limit
    return passed


def _temperature(seen: Answered, chosen: np.ndarray, labels: tuple[str, ...]) -> float:
    """Return the temperature that makes the scores of some photographs, bool (M,), mean what they say."""
    targets, _ = truth.of_films(seen.table["label"].tolist(), labels)
    return calibrate.temperature(seen.scores[chosen], targets[chosen])


def _looser(name: str, limit: float, values: np.ndarray) -> float:
    """Return the limit that all but few of some photographs keep, or that for files if that allows more."""
    if name in LEAST:
        return round(float(min(limit, np.quantile(values, 1 - PASSING))), 4)
    return round(float(max(limit, np.quantile(values, PASSING))), 4)
