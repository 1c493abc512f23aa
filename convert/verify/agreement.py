"""`python -m convert agree MODEL`: whether every runtime gives a film the same verdict, from its file on.

Films are decoded, shrunk and cropped here, which gives the same bits on every processor
(docs/decisions/03-preprocessing-contract.md). Both networks run in each place: that of the lung field, whose box the
crop is cut to, and that of the scores.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from convert.verify import runtimes
from convert.verify.acceptance import Answers
from edge_app import atomic_io
from edge_app.errors import UnreadableRadiograph
from edge_app.gate import view_classes
from edge_app.imaging import preprocess, radiograph
from edge_app.model import model_file
from edge_app.model.card import RULES
from edge_app.screening import decision, screening
from edge_app.screening.result import Rejection
from train.evaluation import intervals
from train.films import film_arguments
from train.index import index

# Films that an emulated processor is given, drawn at random: it takes seconds a film.
EMULATED_FILMS, SEED = 200, 0
CLASSES: tuple[str, ...] = view_classes.CLASSES


@dataclass
class Replay:
    """Stands where a `Classifier` does and answers what the networks answered elsewhere.

    Attributes:
        card, ood: of the model.
        seen: of `Classifier.look`.
        judged: scores, class maps and embedding, float32 each.
        pixels: uint8 (S, S, 1), the crop that it was last asked to judge; None before.
    """

    card: Any
    ood: Any
    seen: tuple[np.ndarray, dict[str, float]]
    judged: tuple[np.ndarray, np.ndarray, np.ndarray | None]
    pixels: np.ndarray | None = None

    def look(self, pixels):
        """As `Classifier.look`."""
        return self.seen

    def judge(self, pixels):
        """As `Classifier.judge`."""
        self.pixels = pixels
        scores, maps, embedding = self.judged
        return scores, maps, None if self.ood is None else self.ood.distance(embedding)


def add_parser(subparsers) -> None:
    """Declare `convert agree`."""
    parser = subparsers.add_parser("agree", help="count verdicts that differ between runtimes, from the film's file on")
    parser.add_argument("model", type=Path, help="a .tflite of this project")
    film_arguments.add(parser)
    parser.add_argument("--operating-point", choices=RULES, default=RULES[0], help="rule (%(default)s)")
    parser.add_argument("--out", type=Path, help="write the figures here too, as JSON")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command on the test films of the index."""
    model = model_file.read(args.model)
    films = index.read(args.index)
    films = films.loc[films["split"] == "test"].reset_index(drop=True)
    places = runtimes.here() + runtimes.emulated()
    found = measure(model, films, args.data, places, args.operating_point)
    found |= {"model": model.card.name, "sha256": model.card.sha256, "operating_point": args.operating_point}
    print(text(found))
    if args.out:
        atomic_io.write_json(args.out, found)
    return 0


def measure(model, films: pd.DataFrame, data: Path, places: list[runtimes.Place], rule: str) -> dict:
    """Return the first place's name and film count, and for each other one how often and how much it differs.

    Args:
        model: of `model_file.read`.
        films: `path` below `data`, and `group`.
        data: the folder of the collections.
        places: of `runtimes`; the first is compared with.
        rule: operating point.
    """
    greys, groups = [], []
    for path, group in zip(films["path"], films["group"], strict=True):
        try:
            greys.append(radiograph.read(data / path, preprocess.least_side(model.card.size)))
            groups.append(group)
        except UnreadableRadiograph:
            continue  # what cannot be read is so everywhere
    first, *others = places
    expected, groups = answers(model, greys, first, rule), np.array(groups, object)
    some = np.sort(np.random.default_rng(SEED).permutation(len(greys))[:EMULATED_FILMS])
    found = {"compared_with": first.name, "films": len(greys), "places": {}}
    for place in others:
        rows = some if place.emulated else np.arange(len(greys))
        given = answers(model, [greys[at] for at in rows], place, rule)
        found["places"][place.name] = _differences([expected[at] for at in rows], given, groups[rows])
    return found


def answers(model, greys: list[np.ndarray], place: runtimes.Place, rule: str) -> list[tuple[str, dict | None]]:
    """Return (verdict, or the kind of refusal; scores by label, None of a film refused before) of films in a place.

    Args:
        model: as of `measure`.
        greys: uint8 (H, W) each.
        place, rule: as of `measure`.
    """
    labels = len(model.card.labels)
    small = np.stack([preprocess.to_pixels(grey, preprocess.LUNG_SIZE) for grey in greys])
    looked = runtimes.run(place, model.lungs, small, len(CLASSES)).answers
    nothing = np.zeros(labels, np.float32), np.zeros((1, 1, labels), np.float32)
    embedding = None if model.ood is None else np.zeros_like(model.ood.mean, np.float32)
    shown = []
    for at, chances in enumerate(looked.scores):
        seen = _maps(looked)[at, ..., 0], dict(zip(CLASSES, chances.tolist(), strict=True))
        shown.append(Replay(model.card, model.ood, seen, (*nothing, embedding)))
    for one, grey in zip(shown, greys, strict=True):
        screening.infer(grey, one)
    judged = [at for at, one in enumerate(shown) if one.pixels is not None]
    if judged:
        outcome = runtimes.run(place, model.scores, np.stack([shown[at].pixels for at in judged]), labels)
        for row, at in enumerate(judged):
            own = None if outcome.embedding is None else outcome.embedding[row]
            given = outcome.answers.scores[row], _maps(outcome.answers)[row], own
            shown[at] = replace(shown[at], judged=given)
    limits = model.card.limits(rule)
    return [_answer(screening.infer(grey, one), limits) for one, grey in zip(shown, greys, strict=True)]


def _maps(answered: Answers) -> np.ndarray:
    """Return the maps of a network that has them, as both here have."""
    assert answered.maps is not None
    return answered.maps


def _answer(found, limits) -> tuple[str, dict | None]:
    if isinstance(found, Rejection):
        return found.refusal.kind, None
    return decision.decide(found.scores, *limits), found.scores


def _differences(expected, given, groups: np.ndarray) -> dict:
    """Return the share of the same verdicts with its interval over patients, and how far scores lie apart."""
    same = np.array([one[0] == other[0] for one, other in zip(expected, given, strict=True)])
    apart = [
        max(abs(one[label] - other[label]) for label in one)
        for (_, one), (_, other) in zip(expected, given, strict=True)
        if one and other
    ]
    return {
        "films": len(same),
        "same_verdict": intervals.share(same, groups),
        "mean_apart": float(np.mean(apart)),
        "most_apart": float(np.max(apart)),
    }


def text(found: dict) -> str:
    """Return the figures as a table in Markdown, which the model card repeats."""
    lines = [
        f"| compared with {found['compared_with']} | films | same verdict | scores apart, mean | most |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, one in found["places"].items():
        same = "{value:.3f} ({low:.3f} to {high:.3f})".format(**one["same_verdict"])
        lines.append(f"| {name} | {one['films']} | {same} | {one['mean_apart']:.4f} | {one['most_apart']:.3f} |")
    return "\n".join(lines)
