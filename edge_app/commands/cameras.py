"""`cameras`: the cameras of this device, and why one cannot be opened."""

import json
from dataclasses import asdict

from edge_app.commands import COMMANDS, common

EXAMPLES = """\
examples:
  python -m edge_app cameras
  python -m edge_app cameras --json
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser(
        "cameras", help=COMMANDS["cameras"], **common.described(COMMANDS["cameras"], EXAMPLES)
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object per line: name, model, problem (null if there is none)",
    )
    return parser


def run(args) -> int:
    """Run the command; exit code 1 if there is no camera that can be used."""
    from edge_app.camera.capture import devices
    from edge_app.screening.phrasing import printable

    found = devices.found()
    for one in found:
        if args.json:
            print(json.dumps(asdict(one)))
        else:
            state = "can be used" if one.problem is None else f"{one.problem}."
            print(f"{printable(one.name):14} {printable(one.model):32} {state}")
    if not found and not args.json:
        print("no camera was found; plug one in. Video files, folders of pictures and streams can be read without one.")
    return int(all(one.problem for one in found))
