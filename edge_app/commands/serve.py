"""`serve`: the page, for a browser on this machine or, with a password, for the clinic's network."""

import argparse
import os
from pathlib import Path

from edge_app.commands import COMMANDS, common
from edge_app.store import location

EXAMPLES = """\
examples:
  python -m edge_app serve                              # for a browser on this machine
  python -m edge_app serve --host 0.0.0.0 --tls         # for the clinic's network; asks for a password
  python -m edge_app serve --set-password               # typed, or read from stdin
  python -m edge_app serve --new-token ward-3           # for a program that uses /api/v1
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser("serve", help=COMMANDS["serve"], **common.described(COMMANDS["serve"], EXAMPLES))
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=common.port, default=8000, help="0 for any free port (default %(default)s)")
    parser.add_argument("--tls", action="store_true", help="serve under TLS; makes a certificate at the first start")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="of this device in a browser's address bar; repeatable",
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="folder of results, password, tokens, certificate (default: XDG's)"
    )
    parser.add_argument(
        "--keep-days",
        type=days,
        metavar="N",
        help="delete a reading after N days, 0 for never (default: the page's settings, else 30)",
    )
    parser.add_argument(
        "--store",
        type=Path,
        default=location.named(),
        metavar="FILE",
        help="share the store of 'watch', 'camera' and 'classify --store', so that the page shows their films too "
        "(default: COVID_XRAY_STORE if set, else a store of the page's own in its state folder)",
    )
    parser.add_argument("--no-names", action="store_true", help="keep no names of films' files")
    parser.add_argument(
        "--films-mb",
        type=megabytes,
        metavar="N",
        help="megabytes of films kept at full depth for the viewer, the oldest deleted first, 0 for none"
        " (default: the page's settings, else 2000)",
    )
    parser.add_argument("--camera", metavar="CAMERA", help="add a live page of this camera; see 'cameras'")
    parser.add_argument("--set-password", action="store_true", help="set the password and exit")
    parser.add_argument("--new-token", metavar="NAME", help="print a new token for /api/v1 and exit")
    parser.add_argument("--metrics-token", metavar="NAME", help="let a token in that opens /metrics alone, and exit")
    parser.add_argument("--forget-token", metavar="NAME", help="delete that token and exit")
    common.add_model(parser)
    common.add_rule(parser, default=None)
    common.add_site(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    from edge_app.web.http import settings as settings_
    from edge_app.web.http import settings_file
    from edge_app.web.http.settings import FILMS_MB, KEEP_DAYS, RULE, Settings

    settings = Settings(
        state_dir=args.state or default_state(),
        host=args.host,
        port=args.port,
        names=tuple(args.name),
        model=args.model,
        threads=args.threads,
        rule=args.operating_point or RULE,
        prevalence=args.prevalence,
        pneumonia_prevalence=args.pneumonia_prevalence,
        site=args.site,
        camera=args.camera,
        keep_days=KEEP_DAYS if args.keep_days is None else args.keep_days,
        keep_names=not args.no_names,
        shared_store=args.store,
        films_mb=FILMS_MB if args.films_mb is None else args.films_mb,
        tls=args.tls,
        open=settings_.is_loopback(args.host),
        pinned=settings_file.given(args),
    )
    settings_.make_state_dir(settings.state_dir)
    if args.set_password or args.new_token or args.metrics_token or args.forget_token:
        return administer(args, settings.state_dir)
    return serve(settings_file.applied(settings))


def serve(settings) -> int:
    """Serve until a stop is requested."""
    from edge_app.service.systemd import Service

    with Service() as service:
        return _served(settings, service)


def _served(settings, service) -> int:
    from edge_app.web.readings.inference_queue import InferenceQueue

    inference_queue = InferenceQueue(settings, service)  # first of all: it forks
    from edge_app.service import signals
    from edge_app.web import serving
    from edge_app.web.app import create_app

    signals.install_handlers()
    _ensure_password(settings)
    settings = serving.secured(settings)
    with serving.opened(settings, inference_queue) as services:
        app = create_app(settings, services)
        with serving.listening(app, settings) as (forever, address):
            print(f"Listening at {address}", flush=True)
            if settings.host in ("0.0.0.0", "::"):
                port = address.rstrip("/").rpartition(":")[2]
                others = [f"http{'s' * settings.tls}://{address}:{port}/" for address in serving.addresses()[1:]]
                print(f"From other devices: {' '.join(others) or 'no network yet'}", flush=True)
            if settings.fingerprint:
                print(f"Certificate, SHA-256: {settings.fingerprint}", flush=True)
            service.ready()
            forever()
    return 0


def _ensure_password(settings) -> None:
    """Make and print a password if one is needed and none is set; it cannot be shown again."""
    import secrets

    from edge_app.web.access.credentials import Credentials

    credentials = Credentials(settings.state_dir)
    if settings.open or credentials.has_password:
        return
    made = "-".join(secrets.token_hex(2) for _ in range(4))
    credentials.set_password(made)
    print(f"Password of the page, shown this once: {made}", flush=True)


def administer(args, folder: Path) -> int:
    """Set the password; make or delete a token."""
    from edge_app.web.access.credentials import Credentials

    credentials = Credentials(folder)
    if args.set_password:
        credentials.set_password(_typed("Password of the page: "))
        print("The password is set.")
    if args.new_token:
        print(credentials.new_token(args.new_token))
    if args.metrics_token:
        credentials.take_metrics_token(args.metrics_token, _typed("Token for /metrics: "))
        print("The token opens /metrics.")
    if args.forget_token:
        credentials.forget_token(args.forget_token)
        print(f"The token of '{args.forget_token}' is no longer valid.")
    return 0


def _typed(prompt: str) -> str:
    """Return a secret: typed, or a line of stdin."""
    import getpass
    import sys

    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def default_state() -> Path:
    """Return the default state folder: `COVID_XRAY_STATE`, or one in XDG's data folder."""
    if named := os.environ.get("COVID_XRAY_STATE"):
        return Path(named)
    folder = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(folder) / "covid-xray" / "page"


def days(text: str) -> int:
    """Read a number of days."""
    if not text.isdigit() or int(text) > 36500:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days; 0 to 36500 are allowed")
    return int(text)


def megabytes(text: str) -> int:
    """Read a number of megabytes."""
    if not text.isdigit() or int(text) > 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of megabytes; 0 to 10000000 are allowed")
    return int(text)
