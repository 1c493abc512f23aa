"""Check a model on a site's own films: `python -m train site-check MODEL FOLDER` writes a report with its numbers.

What was scored is kept in `scores.jsonl` beside the report: a stopped run goes on, and another question about the same
films (another operating point, a corrected label) is answered at once.
"""

import csv
import json
import os
import signal
import sys
import time
from dataclasses import asdict
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from edge_app.model.card import RULES
from train.site_check import calibration_file
from train.site_check.labels import SPELLINGS

if TYPE_CHECKING:
    from edge_app.model.model_file import ModelFile

FILES = ("report.html", "report.json", "results.csv", "scores.jsonl")
# So many films that are not in the table are named on the terminal; all are in the report.
MOST_NAMED = 3
EXIT_CODES = (
    "exit code: 0 every film got a verdict, 1 some did not or no calibration was written, 2 wrong usage or a model "
    "that is not of this project"
)


def add_parser(subparsers) -> None:
    """Declare `train site-check`."""
    spellings = "; ".join(f"{label}: {', '.join(words)}" for label, words in SPELLINGS.items())
    parser = subparsers.add_parser(
        "site-check",
        help="check a model file on a site's own labelled films",
        description="Check a model file on a site's own labelled films, as the edge would judge them.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="model file, as `make convert` writes them")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of PNG, JPEG and DICOM films")
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="CSV file with the columns path (relative to FOLDER), label and perhaps patient, which keeps films of one "
        f"patient together; allowed labels are {spellings} (default FOLDER/labels.csv)",
    )
    parser.add_argument("--out", type=Path, default=Path("site-check"), help="folder for the report (%(default)s)")
    parser.add_argument(
        "--operating-point", choices=RULES, default=RULES[0], help="rule of the verdicts' thresholds (%(default)s)"
    )
    parser.add_argument(
        "--prevalence", metavar="SHARE", help="share of COVID-19 among your patients, such as 0.05: PPV and NPV there"
    )
    parser.add_argument(
        "--pictures",
        action="store_true",
        help="show the lungs of the worst mistakes in the report, which then holds patients' films",
    )
    calibration_file.add_flags(parser)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command: read the table, judge the films, write the report."""
    try:
        return _run(args)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here.", file=sys.stderr)
        return 128 + signal.SIGINT
    except OSError as error:  # films, models and tables report theirs as EdgeError: only output is left
        sentence = f"{args.out}: cannot be written ({error.strerror}); name another folder with '--out'."
        raise WrongUsage(sentence) from error


def _run(args) -> int:
    from edge_app.install import site_file
    from edge_app.model import model_file
    from edge_app.model.classifier import Classifier
    from edge_app.screening import prevalence
    from train.site_check import chapters, labels, look, numbers, pictures

    stated = None if args.prevalence is None else prevalence.read(args.prevalence)
    table_path = args.labels or args.folder / "labels.csv"
    _check(args, table_path)
    calibration_file.check(args)
    table = labels.read(table_path, args.folder)
    unlisted = labels.unlisted(args.folder, table.films)
    model = site_file.applied(model_file.read(args.model), args.site, args.operating_point)
    classifier = Classifier(model, min(4, os.cpu_count() or 1))
    args.out.mkdir(parents=True, exist_ok=True)

    _say(table, unlisted, args.folder, look.complain)
    started = time.perf_counter()
    site = model.card.site
    judged_by = model.sha256 + (f", site {site.sha256}" if site else "")
    memory = look.ScoreMemory(args.out / "scores.jsonl", judged_by, classifier.card.labels)
    try:
        films, remembered = look.judge(table.films, args.folder, classifier, memory)
    finally:
        memory.close()
    seconds = time.perf_counter() - started
    rows = numbers.table([*films, *unlisted], classifier.card, args.operating_point)
    _write_rows(rows, classifier.card.labels, args.out / "results.csv")
    about = {
        "made": _made(args, table_path, classifier.runtime)
        | {"seconds": seconds, "remembered": remembered, "patients_named": table.patients, "repeated": table.repeated},
        "model": _model(args, model),
        "site": site and asdict(site),
    }
    measured = about | numbers.measure(rows, classifier.card, args.operating_point, stated)
    atomic_io.write(args.out / "report.json", f"{json.dumps(measured, indent=1, allow_nan=False)}\n".encode())
    shown = pictures.tiles(measured["mistakes"], args.folder, classifier) if args.pictures else {}
    chapters.page(measured, shown).write(args.out / "report.html")
    _summary(measured, args.out)
    written = calibration_file.finish(args, measured, classifier.card)
    return int("" in set(rows["verdict"]) or not written)


def _model(args, model: "ModelFile") -> dict:
    """Return what the report says of the model."""
    card = model.card
    facts = {"name": card.name, "file": args.model.name, "sha256": model.sha256}
    return facts | {"contract": card.contract, "size": card.size}


def _check(args, table_path: Path) -> None:
    """Refuse a folder that is none, and output that would overwrite what is read.

    Raises:
        WrongUsage: in one sentence.
    """
    if not os.path.isdir(args.folder):  # noqa: PTH112 (Path.is_dir raises where a folder above may not be entered)
        what = "is a file" if os.path.lexists(args.folder) else "there is no such folder"
        raise WrongUsage(f"{args.folder}: {what}; name the folder that holds the films.")
    read = {os.path.realpath(path) for path in (table_path, args.model, args.site) if path}
    for name in FILES:
        if os.path.realpath(args.out / name) in read:
            raise WrongUsage(f"{args.out / name}: would be overwritten and is read; name another folder with '--out'.")
    if args.calibration_out and os.path.realpath(args.calibration_out) in read | {os.path.realpath(args.key or "")}:
        raise WrongUsage(f"--calibration-out: '{args.calibration_out}' would overwrite an input; name another file.")


def _say(table, unlisted, folder: Path, complain) -> None:
    """Complain of what is wrong before any film is read; many films that are not in the table share one sentence."""
    for sentence in filter(None, [table.remark, *(film.error for film in table.films)]):
        complain(sentence)
    if len(unlisted) <= MOST_NAMED:
        for film in unlisted:
            complain(film.error)
        return
    names = ", ".join(f"'{film.path}'" for film in unlisted[:MOST_NAMED])
    complain(
        f"{folder}: {len(unlisted)} films are not in the table of labels, such as {names}, so they were not checked; "
        "add a row for each."
    )


def _made(args, table_path: Path, runtime: str) -> dict:
    from edge_app import __version__
    from train.reporting import provenance

    return {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "program": __version__,
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "runtime": f"{runtime} {metadata.version(runtime)}",
        "folder": args.folder.resolve().name,
        "labels": table_path.name,
        "pictures": args.pictures,
    }


def _write_rows(rows, labels: tuple[str, ...], path: Path) -> None:
    """Write a row a film; scores with all their digits, so that every figure can be worked out again from them."""
    columns = ["path", "patient", "label", *(f"score_{label}" for label in labels), "verdict", "error"]
    text = rows[columns].to_csv(index=False, quoting=csv.QUOTE_MINIMAL)
    atomic_io.write(path, text.encode(errors="backslashreplace"))


def _summary(measured: dict, out: Path) -> None:
    """Print the figures that matter, and where the rest is."""
    from train.reporting.wording import text
    from train.site_check import wording

    films, rule = measured["films"], measured["operating_point"]
    point = measured["points"][rule]
    print(f"model {measured['model']['name']}, operating point '{rule}', {wording.films(films['judged'])} judged")
    for name, verdict in point["compared"].items():
        here, card = text(point["local"][name]), text(point["card"].get(name))
        print(f"{wording.NAMES[name]}: {here}; card {card}; {wording.VERDICTS[verdict]}")
    print(f"AUC: {text(measured['auc']['local'])}")
    for sentence in wording.too_few(measured):
        print(sentence)
    print(f"{out / 'report.html'}: the report; numbers and films are in report.json and results.csv beside it")
