"""`watch`: a verdict for films as they arrive in folders."""

import argparse
import os
from pathlib import Path

from edge_app.commands import COMMANDS, common, stored_pictures

EXAMPLES = """\
examples:
  python -m edge_app watch inbox/ --store
  python -m edge_app watch /mnt/pacs /media/stick --new-only --json
  python -m edge_app watch inbox/ --once --store --csv today.csv      (from cron)
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser("watch", help=COMMANDS["watch"], **common.described(COMMANDS["watch"], EXAMPLES))
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="folder in which films arrive")
    parser.add_argument("--new-only", action="store_true", help="skip the films that are already there")
    parser.add_argument("--once", action="store_true", help="judge what is there, then exit")
    parser.add_argument("--no-recursive", action="store_true", help="do not look into subfolders")
    parser.add_argument(
        "--interval",
        type=seconds,
        default=1.0,
        metavar="SECONDS",
        help="time between two looks at the folders (default %(default)g)",
    )
    parser.add_argument(
        "--patience",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long a film that cannot be read or looks unfinished must stay unchanged before it is taken as it is "
        "(default %(default)g)",
    )
    common.add_model(parser)
    common.add_rule(parser)
    common.add_site(parser)
    common.add_sinks(parser)
    stored_pictures.add(parser)
    common.add_lights(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    from dataclasses import replace

    from edge_app.errors import WrongUsage
    from edge_app.screening.result import Failed, Known, Result
    from edge_app.service.screening_run import ScreeningRun, complain
    from edge_app.service.systemd import Service, in_journal
    from edge_app.sources.watching import FolderWatcher, WatchOptions
    from edge_app.store.files_read import FilesRead

    for folder in args.folders:
        if folder.exists() and not folder.is_dir():
            raise WrongUsage(f"{folder}: is not a folder; name the folder that films arrive in, or use 'classify'.")
        if args.overlays and Path(os.path.realpath(args.overlays)).is_relative_to(os.path.realpath(folder)):
            raise WrongUsage(f"--overlays: '{args.overlays}' lies in '{folder}', where pictures are taken for films.")

    def say(folder: str, words: str) -> None:
        """Report on a folder; the journal is not told the names of subfolders, which may be patients' names."""
        private = in_journal() and Path(folder) not in args.folders
        complain(f"{'a folder inside' if private else folder}: {words}")

    def final(result: Result) -> Result | None:
        """Return what is told of a film; None while it may still be arriving, and if it was told before."""
        outcome = watcher.record_outcome(Path(result.path), not isinstance(result, Failed), result.sha256)
        if outcome is None or outcome.is_same:
            return None
        if outcome.replaces:
            return replace(result, replaces=outcome.replaces)
        # What the page or the DICOM node judged is kept without a path: of this file nothing was told yet.
        elsewhere = isinstance(result, Known) and not result.kept["path"] and not args.no_paths
        return None if isinstance(result, Known) and not result.copy_of and not elsewhere else result

    draw = stored_pictures.drawer(args.pictures)
    with Service() as service, ScreeningRun(args, remember=True, service=service, draw=draw) as screening:
        how = WatchOptions(args.interval, args.patience, not args.no_recursive, args.new_only, args.once)
        store = None if args.no_paths else screening.store
        memory = FilesRead(store, ask=not args.again) if store else None
        watcher = FolderWatcher(args.folders, how, say, memory)
        service.ready()
        try:
            screening.run(watcher, final=final)
        finally:
            if memory:
                memory.save()
    return screening.code


def seconds(text: str) -> float:
    """Read a number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value
