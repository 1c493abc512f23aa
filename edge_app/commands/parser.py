"""The parser of the command line, made of those of its commands."""

import argparse
import importlib

from edge_app.commands import COMMANDS, EXIT_CODES

DESCRIPTION = "COVID-19 screening of chest radiographs, offline. Research and triage aid, not a diagnosis."
EXAMPLES = """\
examples:
  python -m edge_app classify film.png
  python -m edge_app classify ward/ --csv results.csv
  python -m edge_app watch inbox/ --store
  python -m edge_app COMMAND --help
"""


def parser(asked: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; of the commands only the one that is asked for is imported, all others are but listed.

    Args:
        asked: a name of `COMMANDS`, or `*` for all.
    """
    top = argparse.ArgumentParser(
        prog="python -m edge_app",
        description=DESCRIPTION,
        epilog=f"{EXAMPLES}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version, nargs=0, help="program, runtime and model, and end")
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    for name, line in {asked: COMMANDS[asked]}.items() if asked in COMMANDS else COMMANDS.items():
        if asked in (name, "*"):
            module = importlib.import_module(f"edge_app.commands.{name}")
            module.add_parser(subparsers).set_defaults(func=module.run)
        else:
            subparsers.add_parser(name, help=line)
    return top


class _Version(argparse.Action):
    """Print what a report of a fault needs, without loading a model into an interpreter."""

    def __call__(self, parser, namespace, values, option_string=None):
        from edge_app.commands import version

        print(version.text())
        parser.exit()
