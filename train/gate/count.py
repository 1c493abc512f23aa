"""`python -m train gate-count MODEL`: what the gate refuses of films and pictures that were not used to set it.

Runs what the edge runs, from the file to the refusal, over test films, some in frames, some spoiled on purpose; over CT
slices, lateral views and other parts of test patients, ordinary pictures of packages kept for the test, and drawn ones.
"""

import multiprocessing
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from edge_app import atomic_io
from edge_app.errors import NoLungField, UnreadableRadiograph
from edge_app.gate import gate, refusal
from edge_app.imaging import preprocess, radiograph
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from edge_app.screening.result import Rejection
from train.evaluation import intervals
from train.gate import drawn, pictures, spoiled
from train.index import index
from train.index.listed_film import CT, LATERAL_VIEW, NOT_CHEST
from train.lungs import frames, masks, view_examples

FILMS, FRAMED, SPOILED = "films", "framed films", "spoiled films"
OTHER, PICTURES, DRAWN = "other views", "pictures", "drawn"
# What must pass.
GOOD = (FILMS, FRAMED)
# Processes; each runs its networks on one thread.
PROCESSES = 2
# A code, a letter or a gradient of a certain grey may be drawn as small as an icon and as large as a film.
SIDES = (192, 640)
# Films shown in frames, for each that is spoiled in one way: there are many frames.
FRAMES = 4
# The refusals that are right for a kind of picture, besides `refusal.PICTURE` for all that is not here.
RIGHT = {
    "ct": (refusal.CT,),
    # No kind of its own; each of these tells the user what is wrong.
    "mri": (refusal.CT, refusal.PART),
    "part": (refusal.PART,),
    "ultrasound": (refusal.PICTURE, refusal.CT, refusal.PART),
    "scintigram": (refusal.PICTURE, refusal.CT, refusal.PART),
    "texture": (refusal.PICTURE, refusal.NOISE),
}
OF_DRAWN = {"pink noise": (refusal.NOISE, refusal.PICTURE), "gradient": (refusal.PICTURE, refusal.BLANK)}
OF_REJECTED = {CT: (refusal.CT,), LATERAL_VIEW: (refusal.LATERAL,), NOT_CHEST: (refusal.PART,)}


@dataclass(frozen=True)
class Case:
    """One picture to show.

    Attributes:
        group: one of the groups above.
        kind: of picture or of spoiling, or the collection of a good film.
        path: the file; None if it is drawn.
        right: the refusals that are right for it; none for a good film.
        seed: of the drawing or the spoiling.
        answer: the kind of refusal that the gate gave, "" if none; filled in by `show`.
        small: whether what was shown has too few pixels, so that `refusal.SMALL` is right too.
    """

    group: str
    kind: str
    path: Path | None
    right: tuple[str, ...]
    seed: int = 0
    answer: str = ""
    small: bool = False

    @property
    def is_right(self) -> bool:
        """Whether the refusal is of a right kind."""
        return self.answer in self.right or (self.small and self.answer == refusal.SMALL)


def cases(table: pd.DataFrame, data: Path, folder: Path, each: int, seed: int = 0) -> list[Case]:
    """List what is shown.

    Args:
        table: the index of films.
        data: the collections.
        folder: what `gate-pictures` made.
        each: how many films are spoiled in each way, and pictures drawn of each kind.
        seed: of the choice.
    """
    splits = masks.patient_splits(table)
    kept = table["path"].map(splits.get) == "test"
    test = table.loc[table["split"] == "test"]
    frontal = table.loc[(table["split"] == "test") | (kept & view_examples.is_frontal(table))]
    found = [
        Case(FILMS, source, data / path, ()) for source, path in zip(frontal["source"], frontal["path"], strict=True)
    ]
    some = test.sample(min(FRAMES * each, len(test)), random_state=seed)
    found += [
        Case(FRAMED, source, data / path, (), seed + at)
        for at, (source, path) in enumerate(zip(some["source"], some["path"], strict=True))
    ]
    for number, kind in enumerate(spoiled.KINDS):
        some = test.sample(min(each, len(test)), random_state=seed + number)
        found += [
            Case(SPOILED, kind, data / path, spoiled.reasons(kind), seed + at) for at, path in enumerate(some["path"])
        ]
    found += [
        Case(OTHER, kind, data / path, OF_REJECTED[kind])
        for path, kind in zip(table["path"], table["rejected"], strict=True)
        if kind in OF_REJECTED and (splits.get(path) or masks.split_by_name(path)) == "test"
    ]
    found += [
        Case(PICTURES, picture.kind, folder / picture.path, RIGHT.get(picture.kind, (refusal.PICTURE,)))
        for picture in pictures.listed(folder, "test")
    ]
    return found + [
        Case(DRAWN, kind, None, OF_DRAWN.get(kind, (drawn.reason(kind),)), seed + at)
        for kind in drawn.KINDS
        for at in range(each)
    ]


def show(case: Case, classifier: Classifier) -> Case | None:
    """Show a picture to the gate; return the case with its answer, None if a film to be spoiled shows no lungs."""
    rng = np.random.default_rng((case.seed, *case.kind.encode()))
    if case.path is None:
        grey = drawn.draw(case.kind, rng, int(rng.integers(*SIDES)))
    else:
        try:
            grey = radiograph.read(case.path, preprocess.least_side(classifier.card.size))
        except UnreadableRadiograph:
            return replace(case, answer="unreadable")
    if case.group == FRAMED:
        grey, _ = frames.framed(grey, np.zeros_like(grey), rng)
    if case.group == SPOILED:
        try:
            field = classifier.find_lungs(grey)
        except NoLungField:
            return None
        grey = spoiled.spoil(case.kind, grey, field.mask, rng)
    found = screening.infer(grey, classifier)
    answer = found.refusal.kind if isinstance(found, Rejection) else ""
    return replace(case, answer=answer, small=min(grey.shape) < gate.LEAST_SIDE)


def show_all(found: Sequence[Case], model: Path) -> list[Case]:
    """Show all, in two processes with a model each."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        shown = pool.imap(partial(_show, model), found, chunksize=16)
        return [case for case in tqdm(shown, total=len(found), desc="gate", unit="picture", disable=None) if case]


def measure(shown: Iterable[Case]) -> dict:
    """Count by group and kind.

    Returns:
        {group: {kind: {"refused": share, "right": share of those refused, "said": {refusal: count}}}}, with the kinds
        "all" for a whole group and "large enough" for those of it that are not refused for their few pixels alone; a
        share is {value, low, high, n} with its exact 95 % interval, or None of nothing.
    """
    groups: dict[str, dict[str, list[Case]]] = {}
    for case in shown:
        for kind in (case.kind, "all", *(() if case.small else ("large enough",))):
            groups.setdefault(case.group, {}).setdefault(kind, []).append(case)
    return {group: {kind: _figures(some) for kind, some in of.items()} for group, of in groups.items()}


def describe(figures: dict) -> str:
    """Return the figures as a table."""
    lines = [f"{'':16}{'':26}{'n':>6}  {'refused':22}  {'right kind of reason':22}  said"]
    for group, kinds in figures.items():
        for kind in sorted(kinds, key=lambda kind: (kind != "all", kind != "large enough", kind)):
            one = kinds[kind]
            answers = ", ".join(f"{name or '-'} {count}" for name, count in one["said"].items())
            right = "" if group in GOOD else _in_words(one["right"])
            lines.append(
                f"{group:16}{kind:26}{one['refused']['n']:6}  {_in_words(one['refused']):22}  {right:22}  {answers}"
            )
    return "\n".join(lines)


def _figures(some: list[Case]) -> dict:
    refused = [case for case in some if case.answer]
    return {
        "refused": intervals.proportion(np.array([bool(case.answer) for case in some])),
        "right": intervals.proportion(np.array([case.is_right for case in refused])),
        "said": dict(Counter(case.answer for case in some).most_common()),
    }


def _in_words(share: dict | None) -> str:
    return "" if share is None else f"{share['value']:.3f} ({share['low']:.3f} to {share['high']:.3f})"


def _show(model: Path, case: Case) -> Case | None:
    return show(case, _classifier(model))


@cache
def _classifier(model: Path) -> Classifier:
    """Return the classifier of a file, opened once in each process."""
    return Classifier(model_file.read(model), threads=1)


def add_parser(subparsers) -> None:
    """Add the command `gate-count`."""
    parser = subparsers.add_parser("gate-count", help="count what a model's gate refuses of what it never saw")
    parser.add_argument("model", type=Path, metavar="MODEL", help="model file of the edge")
    parser.add_argument("--pictures", type=Path, required=True, help="from 'train gate-pictures'")
    parser.add_argument("--index", type=Path, default=Path("build/index.csv"), help="from 'train index' (%(default)s)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the collections (%(default)s)")
    parser.add_argument("--each", type=int, default=100, help="films spoiled in each way (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/gate.json"), help="(default: %(default)s)")
    parser.set_defaults(func=run)


def _named(path: Path | None, folders: tuple[Path, ...]) -> str:
    """Return the path below one of the folders, as the index has it: a record names the folder of no machine."""
    below = [path.relative_to(folder) for folder in folders if path and path.is_relative_to(folder)]
    return str(below[0] if below else path or "")


def run(args) -> int:
    """Count, write the figures as JSON and print them as a table."""
    card = model_file.read(args.model).card  # a wrong file is one sentence here, not one of each process
    found = cases(index.read(args.index), args.data, args.pictures, args.each)
    shown = show_all(found, args.model)
    figures = measure(shown)
    wrong = [
        {"path": _named(case.path, (args.data, args.pictures)), "kind": case.kind, "said": case.answer}
        for case in shown
        if (case.answer if case.group in GOOD else not case.answer)
    ]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    content = {"model": card.name, "sha256": card.sha256, "figures": figures, "mistaken": wrong}
    atomic_io.write_json(args.out, content)
    print(describe(figures))
    return 0
