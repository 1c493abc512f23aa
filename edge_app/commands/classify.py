"""`classify`: a verdict for films and folders of films."""

from pathlib import Path

from edge_app.commands import COMMANDS, common, stored_pictures

EXAMPLES = """\
examples:
  python -m edge_app classify film.png
  python -m edge_app classify ward/ 'archive/**/*.dcm' --csv results.csv
  find /mnt/pacs -name '*.dcm' -print0 | python -m edge_app classify -0 - --store
  python -m edge_app classify inbox/ --json | grep -v '"no finding suspected"'
"""
# As `xargs -0` has it; argparse takes it for a number, and so for a path.
NULL = "-0"


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser(
        "classify", help=COMMANDS["classify"], **common.described(COMMANDS["classify"], EXAMPLES)
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="film, folder, pattern, or - for a list on stdin (default: a sample)"
    )
    common.add_sources(parser)
    common.add_model(parser)
    common.add_rule(parser)
    common.add_site(parser)
    common.add_sinks(parser)
    stored_pictures.add(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    from edge_app.service.screening_run import ScreeningRun, complain
    from edge_app.sources import film_paths, sample

    paths = [path for path in args.paths if path != NULL]
    found = film_paths.Sources(paths or [sample.path()], not args.no_recursive, args.null or NULL in args.paths)
    # A list on stdin may be endless; all else is listed first, since it tells how much there is to do.
    films = found if found.endless else list(found)
    reads = () if found.endless else [film for film in films if isinstance(film, Path)]
    with ScreeningRun(args, reads=reads, draw=stored_pictures.drawer(args.pictures)) as screening:
        screening.run(films, total=None if found.endless else len(reads))
    if found.skipped:
        complain(f"{found.skipped} in folders passed over: neither picture nor DICOM.")
    return screening.code
