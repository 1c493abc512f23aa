"""Flags that several commands share."""

import argparse
from pathlib import Path

from edge_app.commands import EXIT_CODES
from edge_app.diagnostics import threads as threads_
from edge_app.events import outbox
from edge_app.install import site_file
from edge_app.install.model_registry import default_model
from edge_app.model.card import RULES
from edge_app.store.location import DEFAULT_STORE


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Declare how films are searched for."""
    parser.add_argument("--no-recursive", action="store_true", help="do not look into subfolders")
    parser.add_argument(
        "-z",
        "--null",
        action="store_true",
        help="paths in the list on stdin end with NUL, not with a newline (-0 means the same)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare which model runs, and on how many threads."""
    parser.add_argument(
        "--model", type=Path, default=default_model(), help="model file (default: the one in use, see 'model list')"
    )
    parser.add_argument(
        "--threads", type=threads, default=threads_.chosen(), help="threads of one network (default %(default)s)"
    )


def add_rule(parser: argparse.ArgumentParser, default: str | None = RULES[0]) -> None:
    """Declare the rule for verdicts, and the prevalence; `default` is None where another place may set the rule."""
    told = RULES[0] if default else f"the page's settings, else {RULES[0]}"
    parser.add_argument(
        "--operating-point",
        choices=RULES,
        default=default,
        help="rule for COVID-19: 'sensitive' misses few patients, 'balanced' has the one threshold that errs least, "
        "'refer' has two strict thresholds and answers 'unsure' between them "
        f"(default: {told})",
    )
    parser.add_argument(
        "--prevalence",
        metavar="SHARE",
        help="share of patients who have COVID-19, such as 0.05: adds how often an answer is right at that share (PPV "
        "of suspected, NPV of cleared), above the table and in every line of --json",
    )
    parser.add_argument(
        "--pneumonia-prevalence",
        metavar="SHARE",
        help="share of patients who have another pneumonia: adds the same of that finding",
    )


def add_site(parser: argparse.ArgumentParser) -> None:
    """Declare the site's own thresholds."""
    parser.add_argument(
        "--site",
        type=Path,
        default=site_file.default(),
        metavar="FILE",
        help="calibration of this site, made by 'train site-check': its thresholds and figures count in place of the "
        f"model's (default: {site_file.VARIABLE})",
    )


def add_sinks(parser: argparse.ArgumentParser) -> None:
    """Declare where results go."""
    parser.add_argument("--json", action="store_true", help="print one JSON object per line (docs/results.md)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write the results to this CSV file")
    add_mark(parser)
    parser.add_argument(
        "--store",
        type=Path,
        nargs="?",
        const=DEFAULT_STORE,
        metavar="FILE",
        help="keep the results in a store; films already in it are not judged again (default: the store of 'results')",
    )
    parser.add_argument("--again", action="store_true", help="judge films again that are already in the store")
    parser.add_argument("--overlays", type=Path, metavar="DIR", help="write a picture of each film with its heat map")
    parser.add_argument(
        "--report", type=Path, metavar="FILE.html", help="write all results of this run to one HTML page"
    )
    parser.add_argument("--report-images", action="store_true", help="put a small picture of each film into the report")
    parser.add_argument(
        "--events",
        type=Path,
        default=outbox.default(),
        metavar="DIR",
        help="the page's state folder: verdicts and faults of this run become events of the page (default: "
        f"{outbox.VARIABLE})",
    )
    parser.add_argument(
        "--no-paths",
        action="store_true",
        help="keep only the hashes of films, not their names, in store, CSV and report",
    )


def add_mark(parser: argparse.ArgumentParser) -> None:
    """Declare whether a CSV file is for a spreadsheet."""
    parser.add_argument(
        "--csv-bom",
        action="store_true",
        help="begin the CSV file with a byte order mark, without which Excel spoils accents in names",
    )


def add_lights(parser: argparse.ArgumentParser) -> None:
    """Declare the lights of a device without a screen."""
    parser.add_argument(
        "--lights", metavar="PINS", help="three LEDs on GPIO pins, such as 5,6,13: ready, judging, last verdict"
    )


def described(line: str, examples: str) -> dict:
    """Return the arguments of a command's parser: its description and its examples, with their line breaks kept."""
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
    """Read a port number; 0 means any free port."""
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a valid port; 0 to 65535 are allowed")
    return int(text)
