"""`classify`: a verdict for films and folders of films."""

from edge_app.commands import COMMANDS, common

EXAMPLES = """\
examples:
  python -m edge_app classify film.png
  python -m edge_app classify ward/ 'archive/**/*.dcm' --csv results.csv
  find /mnt/pacs -name '*.dcm' | python -m edge_app classify - --store
  python -m edge_app classify inbox/ --json | grep -v '"no finding suspected"'
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser(
        "classify", help=COMMANDS["classify"], **common.described(COMMANDS["classify"], EXAMPLES)
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="film, folder, pattern, or - for a list on stdin (default: a sample)"
    )
    common.add_model(parser)
    common.add_rule(parser)
    common.add_sinks(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    from pathlib import Path

    from edge_app import sample, sources
    from edge_app.session import Session

    found = sources.expand([Path(path) for path in args.paths] or [sample.path()])
    with Session(args, reads=found.films) as session:
        session.problems(found.problems)
        session.run(found.films, total=len(found.films))
    if found.skipped:
        session.complain(f"{found.skipped} in folders passed over: neither picture nor DICOM.")
    return session.code
