"""`python -m train photograph-count MODEL`: how the camera reads photographed test films, by two simulators.

Each film is photographed at every severity by `train.photograph`, which training has seen, and by
`train.camera.second_simulator`, which it has not; found, straightened and judged as on the edge, and compared
with its file.
Photographs that nobody could read are shown too, and must be refused.
"""

import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from edge_app import atomic_io
from edge_app.camera.detect import film_view, straighten
from edge_app.imaging import preprocess, radiograph
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from edge_app.screening.decision import COVID, UNSURE
from edge_app.screening.result import Judged, Refused, Screened
from train.camera import second_simulator
from train.camera.fit_quad_scorer import FOUND, error
from train.evaluation import intervals
from train.index import film_margin, index
from train.index.findings import INDETERMINATE
from train.photograph import simulator
from train.photograph.severity import SEVERITIES
from train.reporting import provenance

RENDERERS = {"simulator": simulator.photograph, "second renderer": second_simulator.photograph}
PROCESSES = 2
# What nobody can read: by name, what is done to a photograph of severity 1.
HOPELESS = ("smeared", "out of focus", "in the dark", "burnt out", "lamp over the lungs", "half out of view", "no film")


@dataclass
class Seen:
    """One photograph as the camera sees it.

    Attributes:
        path, label, group: of the film.
        renderer: of `RENDERERS`.
        severity: 1 to 3.
        off: how far the worst corner is off, as a share of the film's width; 9 if no film was found.
        advised: kinds of advice that keep it from being judged, the first; empty if none does.
        refused: kind of refusal by the gate, looked at with the corners that were found; empty if it was judged.
        score: of COVID-19; None if it was refused or not found.
        verdict: None likewise.
        true_refused, true_score: the same with the true corners.
    """

    path: str
    label: str
    group: str
    renderer: str
    severity: int
    off: float = 9.0
    advised: str = ""
    refused: str = ""
    score: float | None = None
    verdict: str | None = None
    true_refused: str = ""
    true_score: float | None = None


def add_parser(subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("photograph-count", help="count what the camera makes of photographed test films")
    parser.add_argument("model", type=Path, help="file for the edge")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the collections (%(default)s)")
    parser.add_argument("--index", type=Path, default=Path("build/index.csv"), help="from 'train index' (%(default)s)")
    parser.add_argument("--split", choices=("test", "val"), default="test", help="which films (default %(default)s)")
    parser.add_argument("--films", type=int, help="how many of them, drawn at random (default: all)")
    parser.add_argument("--renderers", nargs="+", choices=tuple(RENDERERS), default=tuple(RENDERERS))
    parser.add_argument("--seed", type=int, default=0, help="of the photographs (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/camera.json"), help="(default %(default)s)")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Count, write the figures as JSON and print them."""
    table = index.read(args.index)
    table = table[(table["split"] == args.split) & (table["label"] != INDETERMINATE)]
    if args.films and args.films < len(table):
        table = table.sample(args.films, random_state=args.seed)
    films = list(zip(table["path"], table["label"], table["group"], strict=True))
    judge = partial(judge_film, args.model, args.data, tuple(args.renderers), args.seed)
    with ProcessPoolExecutor(PROCESSES) as pool:
        shown = list(tqdm(pool.map(judge, films, chunksize=4), total=len(films), unit="film", disable=None))
    files = {path: score for (path, *_), (score, _, _) in zip(films, shown, strict=True)}
    seen = [each for _, several, _ in shown for each in several]
    record = {
        "model": {"name": model_file.read(args.model).card.name, "sha256": model_file.read(args.model).sha256},
        "split": args.split,
        "films": len(films),
        "seed": args.seed,
        "renderers": {name: by_severity(seen, files, name) for name in args.renderers},
        "hopeless": hopeless_figures([each for *_, several in shown for each in several]),
        "index_sha256": index.sha256(args.index),
        "commit": provenance.commit(),
        "versions": provenance.versions(),
    }
    atomic_io.write_json(args.out, record)
    pd.DataFrame(map(asdict, seen)).to_csv(args.out.with_suffix(".csv"), index=False)
    print(text(record))
    return 0


def judge_film(model: Path, data: Path, renderers: tuple[str, ...], seed: int, film: tuple[str, str, str]):
    """Judge a film's file and its photographs.

    Returns:
        The file's score of COVID-19, None if it is refused; its `Seen`; and (what was done, how the camera answered,
        empty if it judged it) of the hopeless photographs of it: one of each kind in turn.
    """
    path, label, group = film
    of_files, of_photographs = _networks(model)
    grey = radiograph.read(data / path, preprocess.least_side(of_files.card.size))
    result = screening.judge(grey, of_files, of_files.card.limits("refer"))
    shown, key, several = film_margin.trimmed(grey), zlib.crc32(path.encode()), []
    for renderer in renderers:
        for severity in SEVERITIES:
            rng = np.random.default_rng((seed, key, severity, renderer == "simulator"))
            taken = RENDERERS[renderer](shown, rng, severity)
            seen = Seen(path, label, group, renderer, severity)
            _look(seen, taken, of_photographs)
            several.append(seen)
    rng = np.random.default_rng((seed, key, 9))
    kind = HOPELESS[key % len(HOPELESS)]
    pixels = spoilt(kind, simulator.photograph(shown, rng, 1), rng)
    return (
        _score(result),
        several,
        [(kind, answer(pixels, of_photographs))],
    )


def _look(seen: Seen, taken, classifier: Classifier) -> None:
    limits = classifier.card.limits("refer")
    view = film_view.look(taken.pixels)
    if view.outlines:
        seen.off = float(error(view.outlines[0].corners, taken.corners))
        seen.advised = next((each.kind for each in view.advice if each.blocking), "")
        result = screening.judge(straighten.straighten(taken.pixels, view.outlines[0].corners), classifier, limits)
        seen.verdict, seen.refused, seen.score = result.verdict, _refused(result), _score(result)
    result = screening.judge(straighten.straighten(taken.pixels, taken.corners), classifier, limits)
    seen.true_refused, seen.true_score = _refused(result), _score(result)


def _refused(result: Screened) -> str:
    """Return the kind of refusal; empty of a film that was judged."""
    return result.refusal.kind if isinstance(result, Refused) else ""


def _score(result: Screened) -> float | None:
    """Return the score of COVID-19; None of a film that was refused."""
    return result.inference.scores["covid"] if isinstance(result, Judged) else None


def answer(pixels: np.ndarray, classifier: Classifier) -> str:
    """Return how the camera keeps from judging a frame: a kind of advice or of refusal; empty if it judges it."""
    view = film_view.look(pixels)
    for each in view.advice:
        if each.blocking:
            return each.kind
    grey = straighten.straighten(pixels, view.outlines[0].corners)
    return _refused(screening.judge(grey, classifier, classifier.card.limits("refer")))


def spoilt(kind: str, taken, rng: np.random.Generator) -> np.ndarray:
    """Return a photograph as nobody can read it, uint8 (H, W, 3); `kind` is one of `HOPELESS`."""
    pixels, corners = taken.pixels, taken.corners
    width = float(np.linalg.norm(corners[1] - corners[0]))
    if kind == "smeared":
        length = round(rng.uniform(0.06, 0.12) * width)
        line = np.zeros((length, length), np.float32)
        if rng.random() < 0.5:
            line[length // 2] = 1 / length
        else:
            line[:, length // 2] = 1 / length
        return cv2.filter2D(pixels, -1, line)
    if kind == "out of focus":
        return cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.025, 0.05) * width)
    if kind == "in the dark":
        return (pixels * rng.uniform(0.01, 0.08) + rng.normal(0, 2, pixels.shape)).clip(0, 255).astype(np.uint8)
    if kind == "burnt out":
        return (pixels.astype(np.float32) * rng.uniform(4, 10) + 40).clip(0, 255).astype(np.uint8)
    if kind == "lamp over the lungs":
        lit, (x, y) = np.zeros(pixels.shape[:2], np.float32), corners.mean(axis=0)
        cv2.ellipse(lit, ((int(x), int(y)), (0.8 * width, 0.5 * width), 0), (1,), -1)
        lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), 0.05 * width))
        return (pixels + 400 * lit[..., np.newaxis]).clip(0, 255).astype(np.uint8)
    if kind == "half out of view":
        away = -corners[:, 0].min() - rng.uniform(0.35, 0.6) * width
        moved = np.array([[1, 0, away], [0, 1, 0]], np.float32)
        return cv2.warpAffine(pixels, moved, pixels.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    return simulator.photograph(np.full((600, 500), 128, np.uint8), rng, 2, empty=True).pixels


@cache
def _networks(model: Path) -> tuple[Classifier, Classifier]:
    """Return the networks as they judge films, and as they judge photographs, once a process."""
    cv2.setNumThreads(1)
    read = model_file.read(model)
    return Classifier(read, 1), Classifier(read.for_camera() if read.card.camera else read, 1)


def by_severity(seen: list[Seen], files: dict[str, float | None], renderer: str) -> dict:
    """Return the figures of a renderer by severity."""
    return {
        str(severity): figures([each for each in seen if (each.renderer, each.severity) == (renderer, severity)], files)
        for severity in SEVERITIES
    }


def figures(seen: list[Seen], files: dict[str, float | None]) -> dict:
    """Return what the camera made of some photographs, one a film, against the films' files."""
    ill = np.array([each.label == "covid" for each in seen])
    why_not = [each.advised or each.refused or ("no film" if each.off == 9 else "") for each in seen]
    kinds = pd.Series([each for each in why_not if each], dtype=object).value_counts()
    suspected = np.array([each.verdict in (COVID, UNSURE) for each in seen])
    judged = np.array([not each for each in why_not])
    return {
        "outline": intervals.proportion(np.array([each.off <= FOUND for each in seen])),
        "not judged": intervals.proportion(~judged),
        "why": {kind: int(count) for kind, count in kinds.items()},
        "auc": _against(
            seen, files, [each.score if not why else None for each, why in zip(seen, why_not, strict=True)]
        ),
        "auc with true corners": _against(seen, files, [each.true_score for each in seen]),
        "sensitivity": intervals.proportion(suspected[ill & judged]),
        "specificity": intervals.proportion(~suspected[~ill & judged]),
    }


def _against(seen: list[Seen], files: dict, scores: list[float | None]) -> dict:
    """Return the AUC of photographs, of the same films as files, and what is lost, with 95 % intervals over groups."""
    kept = [
        (each.label == "covid", score, files[each.path], each.group)
        for each, score in zip(seen, scores, strict=True)
        if score is not None and files[each.path] is not None
    ]
    ill, score, file, group = (np.array(column) for column in zip(*kept, strict=True))
    every = np.ones(len(ill), int)
    return {
        "films": len(kept),
        "photographs": intervals.auc_statistic(ill, score)(every),
        "files": intervals.auc_statistic(ill, file)(every),
        "lost": intervals.gap(ill, file, score, group),
    }


def hopeless_figures(shown: list[tuple[str, str]]) -> dict:
    """Return how many of each kind were not judged, and why."""
    found = {}
    for kind in HOPELESS:
        why_not = [why for name, why in shown if name == kind]
        why = pd.Series([each for each in why_not if each], dtype=object).value_counts()
        found[kind] = {
            "refused": intervals.proportion(np.array([bool(each) for each in why_not])),
            "why": why.to_dict(),
        }
    return found


def text(record: dict) -> str:
    """Return the figures as Markdown tables."""
    lines = [
        "| | severity | outline | not judged | AUC | file | lost | with true corners |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for renderer, several in record["renderers"].items():
        for severity, found in several.items():
            auc, true = found["auc"], found["auc with true corners"]
            lost = auc["lost"]
            cells = (
                *(renderer, severity, f"{found['outline']['value']:.3f}", f"{found['not judged']['value']:.3f}"),
                *(f"{auc['photographs']:.3f}", f"{auc['files']:.3f}"),
                *(f"{lost['value']:.3f} ({lost['low']:.3f} to {lost['high']:.3f})", f"{true['lost']['value']:.3f}"),
            )
            lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| hopeless | n | refused | why |", "| --- | --- | --- | --- |"]
    for kind, found in record["hopeless"].items():
        share = found["refused"]
        if share:
            why = ", ".join(f"{name} {count}" for name, count in found["why"].items())
            lines.append(f"| {kind} | {share['n']} | {share['value']:.3f} | {why} |")
    return "\n".join(lines)
