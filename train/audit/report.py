"""Audit a finished run: `python -m train audit RUN` writes RUN/audit.html and RUN/audit.json.

What takes minutes (looking at every film several times) is kept in RUN/audit/, so a second call is quick.
"""

import json
from pathlib import Path

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from train.films import film_arguments

WITHIN = "siim-covid19-detection"


def add_parser(subparsers) -> None:
    """Declare `train audit`."""
    parser = subparsers.add_parser("audit", help="report what a run learnt: sources, controls, calibration, mistakes")
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--plain", type=Path, metavar="RUN", help="another run, or a model file, to compare with")
    parser.add_argument(
        "--within", default=WITHIN, help="source that it learnt from, whose hospitals give every label (%(default)s)"
    )
    film_arguments.add(parser)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command: measure, then write `audit.json` and `audit.html`."""
    from train.audit import audited, chapters, facts, numbers

    run = audited.read_run(args.run)
    films = audited.load(run, args.index, args.data, args.cache)
    if args.within not in run.sources:
        known = ", ".join(run.sources)
        raise WrongUsage(f"--within: '{args.within}' is not a source that {args.run} learnt from; it has {known}.")
    others = {str(args.plain): _compared(args)} if args.plain else {}
    measured = numbers.measure(run, films, others, args.within)
    atomic_io.write(args.run / "audit.json", f"{json.dumps(measured, indent=1, allow_nan=False)}\n".encode())
    chapters.page(measured, run, films).write(args.run / "audit.html")
    print(facts.table(measured))
    print(f"{args.run / 'audit.html'}: the report; its numbers are in {args.run / 'audit.json'}")
    return 0


def _compared(args):
    """Return the embedding of the run or model file that `--plain` names."""
    from train.audit import audited, numbers, released
    from train.films import indexed_films, pixels

    if args.plain.is_file():
        indexed = indexed_films.read(args.index, args.data, args.cache, pixels.LUNGS)
        return released.ReleasedFile(args.plain, indexed).embedding
    plain = audited.read_run(args.plain)
    return numbers.of_run(str(args.plain), plain, audited.load(plain, args.index, args.data, args.cache))
