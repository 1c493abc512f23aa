"""Audit a finished run: `python -m train audit RUN` writes RUN/audit.html and RUN/audit.json.

What takes minutes (looking at every film several times) is kept in RUN/audit/, so a second call is quick.
"""

import json
from pathlib import Path

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from train.films import film_arguments

WITHIN = "covid-chestxray-dataset"


def add_parser(subparsers) -> None:
    """Declare `train audit`."""
    parser = subparsers.add_parser("audit", help="report what a run learnt: sources, controls, calibration, mistakes")
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--plain", type=Path, metavar="RUN", help="another run, whose embedding is compared")
    parser.add_argument("--within", default=WITHIN, help="source whose labels share their hospitals (%(default)s)")
    film_arguments.add(parser)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command: measure, then write `audit.json` and `audit.html`."""
    from train.audit import audited, chapters, numbers

    run = audited.read_run(args.run)
    films = audited.load(run, args.index, args.data, args.cache)
    if args.within not in set(films.films["source"]):
        known = ", ".join(sorted(set(films.films["source"])))
        raise WrongUsage(f"--within: '{args.within}' is not a source of {args.index}; it holds {known}.")
    others = {}
    if args.plain:
        plain = audited.read_run(args.plain)
        others[str(args.plain)] = plain, audited.load(plain, args.index, args.data, args.cache)
    measured = numbers.measure(run, films, others, args.within)
    atomic_io.write(args.run / "audit.json", f"{json.dumps(measured, indent=1, allow_nan=False)}\n".encode())
    chapters.page(measured, run, films).write(args.run / "audit.html")
    for fact in chapters.facts(measured):
        print(f"{fact.name}: {fact.value}" + (f" ({fact.interval})" if fact.interval else ""))
    print(f"{args.run / 'audit.html'}: the report; its numbers are in {args.run / 'audit.json'}")
    return 0
