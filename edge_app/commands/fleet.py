"""`fleet`: how many devices fare, and another model or program on all of them in waves."""

import argparse
from pathlib import Path

from edge_app.commands import COMMANDS, common
from edge_app.fleet import condition, waves

EXAMPLES = """\
examples:
  python -m edge_app fleet --inventory pis.json --token-file token --certificates pages.pem
  python -m edge_app fleet rollout covid-xray-lite0-int8.tflite --inventory pis.json --dry-run
  python -m edge_app fleet rollout covid-xray-lite0-int8.tflite --inventory pis.json --waves 1,10%,100%
  python -m edge_app fleet rollback covid-xray-lite0-int8.tflite --inventory pis.json

FILE is a model or an offline bundle, its signature beside it (FILE.sig). Each device checks it as 'model install' and
'update install' do. A roll-out that was stopped goes on with the same command. docs/fleet.md tells how a device is
made ready for it.

exit code of 'fleet': 0 no device needs a person, 1 one does; of 'rollout' and 'rollback': 0 every device has it, or has
gone back, 1 not so; 2 wrong usage
"""
# Seconds that each wave is watched: forty looks of Prometheus, and time for some films at a clinic that works.
WATCH = 600
STATUS, ROLLOUT, ROLLBACK, RECEIVE = ACTIONS = ("status", "rollout", "rollback", "receive")


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser("fleet", help=COMMANDS["fleet"], **common.described(COMMANDS["fleet"], EXAMPLES))
    parser.add_argument(
        "action",
        nargs="?",
        default=STATUS,
        choices=ACTIONS,
        help="show how devices fare (default), roll a FILE out in waves, go back from it, or (on a device, for the "
        "desk) receive it",
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the model, or the bundle of a release")
    parser.add_argument(
        "--inventory", type=Path, metavar="FILE", help="the devices, as Prometheus reads them (file_sd, JSON)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line, for each device")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="the token of 'serve --metrics-token'")
    parser.add_argument(
        "--certificates",
        type=Path,
        metavar="FILE",
        help="PEM of the pages' certificates, or of their authority (default: those that this system trusts)",
    )
    parser.add_argument(
        "--idle-days",
        type=_number,
        default=condition.IDLE_DAYS,
        metavar="N",
        help="days without a reading that need a person, 0 for never (default %(default)s)",
    )
    _add_rollout(parser)
    return parser


def _add_rollout(parser: argparse.ArgumentParser) -> None:
    """Declare how a file is rolled out."""
    parser.add_argument(
        "--waves",
        default=waves.DEFAULT,
        help="how many devices have it after each wave, in the order of the inventory (default %(default)s)",
    )
    parser.add_argument(
        "--watch",
        type=_number,
        default=WATCH,
        metavar="SECONDS",
        help="how long the devices of a wave are watched before the next begins (default %(default)s)",
    )
    parser.add_argument(
        "--at-once",
        type=_at_once,
        default=8,
        metavar="N",
        help="devices that are sent the file at the same time (default %(default)s)",
    )
    parser.add_argument("--dry-run", action="store_true", help="ask every device what it has, and install nothing")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="what became of each device (default: beside the inventory)"
    )
    parser.add_argument("--ssh-config", type=Path, metavar="FILE", help="configuration of ssh (default: your own)")


def run(args) -> int:
    """Run the command."""
    from edge_app.errors import WrongUsage

    if args.action == RECEIVE:
        return _receive()
    if not args.inventory:
        raise WrongUsage("fleet: --inventory is missing; name the file that lists the devices.")
    if (args.file is None) == (args.action in (ROLLOUT, ROLLBACK)):
        raise WrongUsage("fleet: 'rollout' and 'rollback' take one FILE, 'status' takes none; see 'fleet --help'.")
    return _status(args) if args.action == STATUS else _roll(args)


def _receive() -> int:
    """Do what a desk asks through ssh; the answer is the only line on stdout."""
    from edge_app.fleet import receiving

    with open(0, "rb", buffering=0, closefd=False) as stdin:
        reply = receiving.answer(stdin)
    print(reply.line().decode(), end="", flush=True)
    return 1 if reply.error or reply.faults else 0


def _status(args) -> int:
    import json
    import time

    from edge_app.fleet import inventory, scrape, table

    devices = inventory.read(args.inventory)
    said = scrape.all_figures(devices, scrape.access(args.token_file, args.certificates))
    now = time.time()
    conditions = condition.of_fleet(devices, said, args.idle_days, now)
    if args.json:
        for one in conditions:
            print(json.dumps(one.row(now)))
    else:
        print("\n".join(table.lines(conditions, now)))
    return 1 if any(one.needs for one in conditions) else 0


def _roll(args) -> int:
    from edge_app.fleet import inventory, record, scrape, ssh
    from edge_app.fleet.rollout import Rollout, dry_run

    devices = inventory.read(args.inventory)
    request = _request(args.file)
    client = ssh.Client(args.ssh_config)
    how = scrape.access(args.token_file, args.certificates)
    names = [device.name for device in devices]
    planned = waves.split(names, args.waves)
    if args.dry_run:
        return _tried(args, planned, dry_run(devices, request, client))
    path = args.record or args.inventory.with_name(f"{args.inventory.stem}-{request.sha256[:12]}.rollout")
    with record.held(path):
        kept = record.opened(path, request.sha256, args.file.name, names, planned)
        by_name = {device.name: device for device in devices}

        def look(some):
            return scrape.all_figures(list(some), how)

        told = (look, args.watch, lambda line: _say(args, line), args.at_once)
        rollout = Rollout(by_name, request, args.file, kept, client, *told)
        went = rollout.run() if args.action == ROLLOUT else rollout.go_back()
        _summary(args, kept)
        wanted = (record.DONE,) if args.action == ROLLOUT else (record.BACK, record.WAITING)
        return 0 if went and all(one.state in wanted for one in kept.entries.values()) else 1


def _request(path: Path):
    """Return the request that installs a file, which is read and hashed here."""
    import hashlib

    from edge_app.errors import WrongUsage
    from edge_app.fleet import rollout
    from edge_app.fleet.message import MODEL, PROGRAM
    from edge_app.install import signatures

    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WrongUsage(f"{path}: cannot be read ({error.strerror}); name a model or a bundle.") from error
    kinds = {".tflite": MODEL, ".gz": PROGRAM}
    if path.suffix not in kinds:
        raise WrongUsage(f"{path}: is called neither .tflite nor .tar.gz; name a model, or a bundle of 'make bundle'.")
    signature = signatures.read(path)
    if signature is None:
        raise WrongUsage(f"{path}: has no signature beside it; sign it with 'python -m convert sign {path} --key KEY'.")
    return rollout.install_request(path, kinds[path.suffix], sha256, signature)


def _tried(args, planned, answers) -> int:
    import json

    wave_of = {name: number for number, wave in enumerate(planned, 1) for name in wave}
    for name, (ready, words) in answers.items():
        if args.json:
            print(json.dumps({"device": name, "wave": wave_of[name], "ready": ready, "words": words}))
        else:
            print(f"wave {wave_of[name]}: {name}: {'' if ready else 'not ready: '}{words}")
    return 0 if all(ready for ready, _ in answers.values()) else 1


def _summary(args, kept) -> None:
    """Say which device has what."""
    import dataclasses
    import json

    for name, one in kept.entries.items():
        if args.json:
            print(json.dumps({"device": name} | dataclasses.asdict(one)))
            continue
        used = f"{one.name} {one.in_use[:12]}".strip() or "not asked"
        print(f"{name}: {one.state}: {used}{f' ({one.words})' if one.words else ''}")
    if kept.halted and not args.json:
        print(f"halted: {kept.halted}. The same command goes on; 'fleet rollback' goes back.")


def _say(args, line: str) -> None:
    """Tell what happens: on stderr where stdout is for a program."""
    import sys

    from edge_app.screening.phrasing import printable

    print(printable(line), file=sys.stderr if args.json else sys.stdout, flush=True)


def _at_once(text: str) -> int:
    """Read a number of devices at a time; each takes a process of ssh here."""
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of devices at a time; 1 to 100 are allowed")
    return int(text)


def _number(text: str) -> int:
    """Read a whole number of days or seconds."""
    if not text.isdigit() or int(text) > 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number; 0 to 10000000 are allowed")
    return int(text)
