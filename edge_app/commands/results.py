"""`results`: search, export and delete stored results."""

from pathlib import Path

from edge_app.commands import COMMANDS, common
from edge_app.errors import WrongUsage, remedy

EXAMPLES = """\
examples:
  python -m edge_app results --since 2026-11-01 --verdict 'covid suspected'
  python -m edge_app results --covid unsure --pneumonia suspected
  python -m edge_app results --film film.png --json
  python -m edge_app results --csv november.csv --since 2026-11-01 --until 2026-11-30
  python -m edge_app results --forget-older 365
"""
# The field and the column that say that a film's file holds another film now.
REPLACED = "replaced_by"


def add_parser(subparsers):
    """Declare the command."""
    from edge_app.gate import refusal
    from edge_app.screening import decision, finding, phrasing

    parser = subparsers.add_parser(
        "results", help=COMMANDS["results"], **common.described(COMMANDS["results"], EXAMPLES)
    )
    parser.add_argument(
        "--store", type=Path, metavar="FILE", help="the store (default: the one that 'classify --store' writes)"
    )
    look = parser.add_argument_group("which results (all conditions must hold)")
    look.add_argument("--since", type=moment, metavar="DATE", help="judged on this day (UTC) or later")
    look.add_argument("--until", type=moment, metavar="DATE", help="judged on this day (UTC) or earlier")
    look.add_argument(
        "--verdict", choices=decision.VERDICTS, metavar="VERDICT", help=f"one of: {', '.join(decision.VERDICTS)}"
    )
    look.add_argument(
        "--refusal", choices=refusal.KINDS, metavar="REASON", help=f"refused as one of: {', '.join(refusal.KINDS)}"
    )
    for label in finding.LABELS:
        words = f"this answer to {phrasing.NAMES[label]}, whatever the verdict: {', '.join(finding.ANSWERS)}"
        look.add_argument(f"--{label}", choices=finding.ANSWERS, metavar="ANSWER", help=words)
    look.add_argument("--search", metavar="TEXT", help="text in the path, in any case")
    look.add_argument("--film", metavar="FILE_OR_HASH", help="all results of this film, under any name")
    look.add_argument("--run", type=int, metavar="NUMBER", help="results of this run only")
    look.add_argument("--limit", type=int, metavar="N", help="only the newest N")
    parser.add_argument("--runs", action="store_true", help="list the runs in place of results")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the results to this CSV file")
    common.add_mark(parser)
    forget = parser.add_mutually_exclusive_group()
    forget.add_argument(
        "--forget-older", type=float, metavar="DAYS", help="delete for good the results older than this"
    )
    forget.add_argument("--forget", metavar="FILE_OR_HASH", help="delete for good the results of this film")
    return parser


def run(args) -> int:
    """Run the command."""
    from edge_app.store.location import default_path
    from edge_app.store.query import Query
    from edge_app.store.store import Store

    with Store(args.store or default_path(), create=False) as store:
        if args.forget is not None or args.forget_older is not None:
            return _forget(store, args)
        if args.runs:
            _list_runs(store.runs(), args.json)
            return 0
        film = args.film and hash_of(args.film)
        wanted = Query(
            verdict=args.verdict,
            refusal=args.refusal,
            since=args.since,
            until=args.until,
            text=args.search,
            film=film,
            run=args.run,
            limit=args.limit,
            covid=args.covid,
            pneumonia=args.pneumonia,
        )
        if args.csv:
            _export(lambda: store.search(wanted), args.csv, args.csv_bom)
        else:
            _show(store.search(wanted), args.json)
    return 0


def moment(text: str) -> str:
    """Read a day or a time, ISO 8601; its beginning is enough, such as a year or a month."""
    import argparse
    import re

    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d)?)?)?)?)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write it as 2026-11-01 or 2026-11-01T08:30")
    return text.replace(" ", "T")


def hash_of(text: str) -> str:
    """Return the hash of a film: that of the file if there is one of this name, else the text itself."""
    import hashlib

    path = Path(text)
    if not path.is_file():
        return text
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WrongUsage(f"{path}: cannot be read ({error.strerror}); name its hash.") from error


def _forget(store, args) -> int:
    if args.forget_older is not None and args.forget_older < 0:
        raise WrongUsage(f"--forget-older: {args.forget_older:g} is below 0; name a number of days.")
    count = store.forget(args.forget_older, args.forget and hash_of(args.forget))
    left = store.count()
    print(f"{count} result{'s' * (count != 1)} removed for good, {left} left.")
    return 0


def _list_runs(runs: list[dict], as_json: bool) -> None:
    import json

    if as_json:
        for one in runs:
            print(json.dumps(one))
        return
    print(f"{'run':>5}  {'started (UTC)':19}  {'ended':19}  {'films':>6}  model, operating point")
    for one in runs:
        ended = one["ended"][:19] if one["ended"] else "not ended"
        print(
            f"{one['id']:>5}  {one['started'][:19]}  {ended:19}  {one['films']:>6}  {one['model']}, "
            f"{one['operating_point']}"
        )


def _show(found, as_json: bool) -> None:
    import json
    import os
    import shutil
    import sys

    from edge_app.outputs import table
    from edge_app.outputs.counts import Counts
    from edge_app.screening.phrasing import NOT_A_DIAGNOSIS, printable, shorten

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    columns = shutil.get_terminal_size((110, 24)).columns
    wide = table.is_wide(columns)
    width = max(table.LEAST_NAME, columns - len("2026-11-30 12:00:00    ") - len(table.heading(wide)))

    counts = Counts()
    if not as_json:
        print(f"{'judged (UTC)':19}  {table.heading(wide)}  film")
    for row in found:
        counts.add(row)
        if as_json:
            print(json.dumps(row))
            continue
        gone = " (its file holds another film now)" if row[REPLACED] else ""
        copies = f" (and {len(row['copies'])} more names)" if row["copies"] else ""
        name = shorten(printable(row["path"] or row["sha256"][:16]), width)
        said = table.answers(row, wide)
        if colour and row["verdict"]:
            said = f"\033[{table.COLOURS[row['verdict']]}m{said}\033[0m"
        print(f"{row['time'][:19]}  {said}  {name}{copies}{gone}")
    if not as_json:
        print(f"\n{counts.findings}" if counts.findings else "")
        print(f"{counts.films}{': ' * bool(counts.total)}{', '.join(counts.outcomes)}. {NOT_A_DIAGNOSIS}")


def _export(find, path: Path, mark: bool) -> None:
    """Write what `find()` yields; it is called twice, since the header needs the names of the scores."""
    import csv

    from edge_app.outputs import row_file
    from edge_app.outputs.csv_file import added, encoding, flat, safe

    labels = next((tuple(row["scores"]) for row in find() if row["scores"]), ())
    nothing = dict.fromkeys(("findings", "refusal", "corrected", "scores", "lungs"))
    more = ("model", "operating_point", "run")
    try:
        with row_file.replacing(path, encoding(mark)) as file:
            writer = csv.writer(file)
            writer.writerow([*flat(nothing, labels), *more, *added(nothing), REPLACED])
            for row in find():
                cells = flat(row, labels) | {name: row[name] for name in more} | added(row)
                cells[REPLACED] = row[REPLACED]
                writer.writerow(safe(cell) for cell in cells.values())
    except OSError as error:
        what = remedy(error, "name a file of yours")
        raise WrongUsage(f"--csv: '{path}' cannot be written ({error.strerror}); {what}.") from error
