"""The command line: `python -m edge_app classify PATH...`. Each command is a module of `edge_app.commands`."""

import argparse
import importlib
import os
import signal
import sys
from typing import NoReturn

from edge_app import addresses
from edge_app.commands import COMMANDS, EXIT_CODES
from edge_app.errors import EdgeError

DESCRIPTION = "COVID-19 screening of chest radiographs, offline. Research and triage aid, not a diagnosis."
EXAMPLES = """\
examples:
  python -m edge_app classify film.png
  python -m edge_app classify ward/ --csv results.csv
  python -m edge_app watch inbox/ --store
  python -m edge_app COMMAND --help
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the program that started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 (it lives as long as the process)
        getattr(sys, name).reconfigure(errors="backslashreplace")  # a file's name may hold bytes that are not text
    words = sys.argv[1:] if arguments is None else arguments
    if any(addresses.public(word) != word for word in words):
        addresses.hide_from_process_list()
    try:
        args = parser(words[0] if words else None).parse_args(words)
        code = args.func(args)
        print(end="", flush=True)  # here: a reader that has gone must be noticed below, not at exit
        return code
    except EdgeError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        return getattr(stop, "code", 128 + signal.SIGINT)
    except BrokenPipeError:  # the reader of our output has gone (`| head`)
        _silence_stdout()
        return 128 + signal.SIGPIPE
    except OSError as error:  # films and models report theirs as EdgeError: only output is left
        _silence_stdout()
        print(f"results: cannot be written ({error.strerror}); make room, or write them elsewhere.", file=sys.stderr)
        return 2


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; only the command that is asked for is imported, the others are only listed.

    Args:
        command: a name of `COMMANDS`, or `*` for all.
    """
    top = _Parser(
        prog="python -m edge_app",
        description=DESCRIPTION,
        epilog=f"{EXAMPLES}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument(
        "--version", action=_Version, nargs=0, help="show versions of program, runtime and model, and exit"
    )
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    for name, line in {command: COMMANDS[command]}.items() if command in COMMANDS else COMMANDS.items():
        if command in (name, "*"):
            module = importlib.import_module(f"edge_app.commands.{name.replace('-', '_')}")
            module.add_parser(subparsers).set_defaults(func=module.run)
        else:
            subparsers.add_parser(name, help=line)
    return top


def _silence_stdout() -> None:
    """Discard what is left: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with exit code 2 and the message, in which words that were not understood may hold a password."""
        super().error(addresses.public(message))


class _Version(argparse.Action):
    """Print what a bug report needs, without loading a model into an interpreter."""

    def __call__(self, parser, namespace, values, option_string=None):
        from edge_app.commands import version

        print(version.text())
        parser.exit()
