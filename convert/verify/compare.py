"""`python -m convert compare A B --images DIR`: where two model files disagree, film by film."""

import json
import sys
from pathlib import Path

import numpy as np

from edge_app.errors import EdgeError, UnreadableRadiograph, WrongUsage
from edge_app.imaging import radiograph
from edge_app.model import classifier, model_file
from edge_app.model.card import RULES
from edge_app.screening import decision, screening
from edge_app.screening.result import Rejection
from edge_app.sources import film_paths


def add_parser(subparsers) -> None:
    """Declare `convert compare`."""
    parser = subparsers.add_parser("compare", help="show where two model files disagree on films")
    parser.add_argument("a", type=Path, help="a .tflite of this project")
    parser.add_argument("b", type=Path, help="another")
    parser.add_argument("--images", type=Path, nargs="+", required=True, help="films, and folders of them")
    parser.add_argument("--operating-point", choices=RULES, default=RULES[0], help="rule (%(default)s)")
    parser.add_argument("--json", action="store_true", help="one object a film")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command; exit code 1 if the verdicts differ on a film or one could not be read."""
    models = [classifier.Classifier(model_file.read(path)) for path in (args.a, args.b)]
    labels = [one.card.labels for one in models]
    if labels[0] != labels[1]:
        raise WrongUsage(f"{args.b}: has labels {', '.join(labels[1])}; {args.a} has {', '.join(labels[0])}.")
    found = film_paths.expand(args.images)
    problems = [sentence for _, sentence in found.problems]
    for sentence in problems:
        print(sentence, file=sys.stderr)
    rows = []
    for path in found.films:
        try:
            rows.append(row(path, models, args.operating_point))
        except EdgeError as error:
            sentence = str(error)  # the contract knows no files, and so names none
            problems.append(sentence if sentence.startswith(str(path)) else f"{path}: {sentence}.")
            print(problems[-1], file=sys.stderr)
            continue
        print(json.dumps(rows[-1]) if args.json else line(rows[-1]), flush=True)
    if not args.json:
        print(summary(rows))
    return int(bool(problems) or any(item["verdicts"][0] != item["verdicts"][1] for item in rows))


def row(path: Path, models, rule: str) -> dict:
    """Return what both say of a film: verdicts, scores of each, the largest difference, correlation of heat maps."""
    grey = radiograph.read(path)
    seen = []
    for one in models:
        item = screening.infer(grey, one)
        if isinstance(item, Rejection):
            raise UnreadableRadiograph(f"{path}: is refused ({item.refusal.kind}): {item.refusal.sentence}.")
        seen.append(item)
    verdicts = [decision.decide(item.scores, *one.card.limits(rule)) for item, one in zip(seen, models, strict=True)]
    scores = [{label: round(score, 6) for label, score in item.scores.items()} for item in seen]
    return {
        "path": str(path),
        "verdicts": verdicts,
        "scores": scores,
        "difference": max(abs(scores[0][label] - scores[1][label]) for label in scores[0]),
        "heat": correlation(*(item.heats["covid"].logits for item in seen)),
    }


def correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Return the correlation of two heat maps, float (h, w); None if they have other sides or one is even."""
    if one.shape != other.shape or not (np.ptp(one) and np.ptp(other)):
        return None
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def line(item: dict) -> str:
    """Return a film's row as text; one with two verdicts is marked."""
    mark = "=" if item["verdicts"][0] == item["verdicts"][1] else "!"
    heat = "     -" if item["heat"] is None else f"{item['heat']:6.3f}"
    covid = "  ".join(f"{scores['covid']:.3f}" for scores in item["scores"])
    words = item["verdicts"][0] if mark == "=" else " | ".join(item["verdicts"])
    return f"{mark} {item['difference']:.3f}  {heat}  {covid}  {item['path']}  {words}"


def summary(rows: list[dict]) -> str:
    """Return one sentence over all films."""
    if not rows:
        return "no film was compared"
    flips = sum(item["verdicts"][0] != item["verdicts"][1] for item in rows)
    apart = [item["difference"] for item in rows]
    return (
        f"{len(rows)} films: {flips} with two verdicts ({flips / len(rows):.1%}); scores differ by "
        f"{np.mean(apart):.4f} on average, {max(apart):.4f} at most"
    )
