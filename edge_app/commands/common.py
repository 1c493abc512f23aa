"""Flags that several commands share, and what they lead to."""

import argparse
from pathlib import Path

from edge_app.commands import EXIT_CODES
from edge_app.diagnostics import threads as threads_
from edge_app.install.model_registry import default_model
from edge_app.model.card import RULES
from edge_app.store.location import DEFAULT_STORE


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Declare how the named films are looked for."""
    parser.add_argument("--no-recursive", action="store_true", help="leave out the folders of folders")
    parser.add_argument("-z", "--null", action="store_true", help="the list on stdin ends paths by NUL; -0 too")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare which model runs, and on how many threads."""
    parser.add_argument(
        "--model", type=Path, default=default_model(), help="model file (default: that of 'model list', lite0 in int8)"
    )
    parser.add_argument(
        "--threads", type=threads, default=threads_.chosen(), help="of one invocation (default %(default)s)"
    )


def add_rule(parser: argparse.ArgumentParser) -> None:
    """Declare by which rule is judged, and where."""
    parser.add_argument(
        "--operating-point",
        choices=RULES,
        default=RULES[0],
        help="rule for COVID-19: sensitive misses few patients, balanced has the one threshold that errs least, refer "
        "has two strict ones and says 'unsure' between them (default %(default)s)",
    )
    parser.add_argument(
        "--prevalence",
        metavar="SHARE",
        help="share of COVID-19 among the people filmed, such as 0.05: say how often a verdict is right there (PPV and "
        "NPV), above the table or as 'ppv' and 'npv' in every line of --json",
    )


def add_sinks(parser: argparse.ArgumentParser) -> None:
    """Declare where results go."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line on stdout (docs/results.md)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the results to this file too")
    parser.add_argument(
        "--store",
        type=Path,
        nargs="?",
        const=DEFAULT_STORE,
        metavar="FILE",
        help="keep the results in a store; films that it holds are not judged again (default file: see 'results')",
    )
    parser.add_argument("--again", action="store_true", help="judge films anew that the store holds")
    parser.add_argument("--overlays", type=Path, metavar="DIR", help="write a picture of each film with its heat map")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write one page of this run to show")
    parser.add_argument("--report-images", action="store_true", help="with a small picture of each film in the report")
    parser.add_argument(
        "--no-paths", action="store_true", help="keep no name of a film in store, CSV and report, only its hash"
    )


def add_lights(parser: argparse.ArgumentParser) -> None:
    """Declare the lights of a device without a screen."""
    parser.add_argument(
        "--lights", metavar="PINS", help="three LEDs at GPIO pins, such as 5,6,13: ready, judging, last verdict"
    )


def described(line: str, examples: str) -> dict:
    """Return what a command's parser is made with: its description and examples, as they are written."""
    return {
        "description": f"{line[0].upper()}{line[1:]}.",
        "epilog": f"{examples}\n{EXIT_CODES}",
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def threads(text: str) -> int:
    """Read a number of threads."""
    if not text.isdigit() or not 1 <= int(text) <= threads_.MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of threads; 1 to {threads_.MOST} are allowed")
    return int(text)


def port(text: str) -> int:
    """Read a port; 0 is any that is free."""
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a valid port; 0 to 65535 are allowed")
    return int(text)
