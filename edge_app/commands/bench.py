"""`bench`: time each step of films on this device."""

import json
from pathlib import Path

from edge_app.commands import COMMANDS, common
from edge_app.errors import WrongUsage

EXAMPLES = """\
examples:
  python -m edge_app bench
  python -m edge_app bench film.png film.dcm --threads 2 --json
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser("bench", help=COMMANDS["bench"], **common.described(COMMANDS["bench"], EXAMPLES))
    parser.add_argument("paths", nargs="*", metavar="FILM", help="films to time (default: a sample film)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    common.add_model(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    from edge_app.diagnostics import step_times
    from edge_app.model import model_file
    from edge_app.model.classifier import Classifier
    from edge_app.sources import film_paths, sample

    found = film_paths.expand([Path(path) for path in args.paths] or [sample.path()])
    if found.problems:
        raise WrongUsage(found.problems[0][1])
    classifier = Classifier(model_file.read(args.model), args.threads)
    rows = step_times.measure(found.films, classifier)
    if args.json:
        print(json.dumps({"runtime": classifier.runtime, "films": rows, "peak_memory_mb": step_times.peak_memory_mb()}))
    else:
        print(f"model {classifier.card.name} on {classifier.runtime}, {args.threads} threads")
        print(step_times.table(rows, step_times.peak_memory_mb()))
    return 0
