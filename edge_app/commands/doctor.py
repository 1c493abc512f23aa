"""`doctor`: whether this device is fit to judge films, and if not, what to do."""

from pathlib import Path

from edge_app.commands import COMMANDS, common

EXAMPLES = """\
examples:
  python -m edge_app doctor
  python -m edge_app doctor --store /var/lib/films/results.db --json
"""
# ANSI: green, yellow, bold red; the words carry the meaning.
COLOURS = {"ok": "32", "warning": "33", "fault": "1;31"}


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser("doctor", help=COMMANDS["doctor"], **common.described(COMMANDS["doctor"], EXAMPLES))
    parser.add_argument(
        "--store", type=Path, metavar="FILE", help="the store to check (default: the store of 'results')"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    common.add_model(parser)
    common.add_site(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    checks = []
    for check in _checks(args):
        checks.append(check)
        if not args.json:
            print(_line(check), flush=True)
    faults = sum(check.state == "fault" for check in checks)
    if args.json:
        import json

        print(json.dumps({"ok": not faults, "checks": [check._asdict() for check in checks]}))
    else:
        print(f"\n{faults} fault{'s' * (faults != 1)}." if faults else "\nNo faults: films can be judged here.")
    return 1 if faults else 0


def _checks(args):
    import contextlib
    import time

    from edge_app.diagnostics import hardware, health, open_ports, store_health
    from edge_app.errors import WrongUsage
    from edge_app.imaging import dicom
    from edge_app.install import updater
    from edge_app.store.location import default_path
    from edge_app.versions import installed

    store = args.store or default_path()
    yield hardware.system()
    yield from health.device(store.parent)
    yield hardware.storage(store.parent)
    yield hardware.clock(time.time())
    # There are updates only where a bundle was installed.
    with contextlib.suppress(WrongUsage):
        yield hardware.update_state(updater.prefix_here())
    yield open_ports.check()
    yield hardware.cameras()
    if installed("pydicom"):
        yield health.decoders(dicom.compressions())
    from edge_app.diagnostics import self_test, site_health

    yield from self_test.checks(args.model, args.threads, choose=True)
    yield site_health.check(args.model, args.site)
    yield store_health.check(store)


def _line(check) -> str:
    import os
    import sys

    from edge_app.screening.phrasing import printable

    state = f"{check.state:8}"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        state = f"\033[{COLOURS[check.state]}m{state}\033[0m"
    return f"{state} {check.name:12} {printable(check.words)}"
