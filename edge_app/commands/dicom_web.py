"""DICOMweb of `dicom-node`: its flags, its tokens, and its parts beside the node."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from edge_app.commands import common

# The form of an origin (RFC 6454 6.2), and of a modality (PS3.5 6.2, CS).
ORIGIN, MODALITIES = re.compile(r"https?://[^/\s?#]+"), re.compile(r"[A-Z0-9_]{1,16}(,[A-Z0-9_]{1,16})*")


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument(
        "--web-port",
        type=common.port,
        metavar="PORT",
        help="take films by STOW-RS, and show what --show-days keeps by QIDO-RS and WADO, at /dicom-web; 0 for any "
        "free port (default: do not)",
    )
    parser.add_argument(
        "--web-host",
        default="127.0.0.1",
        metavar="HOST",
        help="address for that; another than this device's own needs --tls-cert (default %(default)s)",
    )
    parser.add_argument(
        "--web-origin",
        type=_origin,
        metavar="URL",
        help="a viewer whose page may read, such as https://viewer.example (default: none)",
    )
    parser.add_argument(
        "--show-days",
        type=_days,
        default=0,
        metavar="N",
        help="keep films and results for N days, with their names, for viewers (default: none)",
    )
    parser.add_argument("--new-token", metavar="NAME", help="make a token with which a device may send, and exit")
    parser.add_argument("--new-reader", metavar="NAME", help="make a token with which a viewer may read, and exit")
    parser.add_argument("--forget-token", metavar="NAME", help="delete a token, and exit")
    _add_pull(parser)


def _add_pull(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pull", metavar="URL", help="pull films from this PACS by QIDO-RS and WADO-RS")
    parser.add_argument(
        "--pull-minutes",
        type=_minutes,
        default=5,
        metavar="N",
        help="look so often for films of today and yesterday; 0: only if the PACS tells of them (default %(default)s)",
    )
    parser.add_argument(
        "--pull-modalities",
        type=_modalities,
        default=("CR", "DX"),
        metavar="LIST",
        help="of the series that are pulled (default CR,DX)",
    )
    parser.add_argument(
        "--pull-credentials", type=Path, metavar="FILE", help="one line: user:password, or Bearer TOKEN"
    )
    parser.add_argument(
        "--pull-ca",
        type=Path,
        metavar="FILE",
        help="authorities whose certificate that PACS must show, PEM (default: those of the system)",
    )


def changed_tokens(args, state: Path) -> bool:
    """Make or delete tokens, if that is asked; say whether it was."""
    if not (args.new_token or args.new_reader or args.forget_token):
        return False
    from edge_app.dicomweb.access import Access

    access = Access(state, is_alone=False)
    if args.forget_token:
        access.forget_token(args.forget_token)
    for name, reads in ((args.new_token, False), (args.new_reader, True)):
        if name:
            print(access.new_token(name, reads), flush=True)
    return True


class Parts:
    """What DICOMweb adds to a node: nothing of it is loaded unless a flag asks for it."""

    def __init__(self, shelf=None, server=None, pull=None, closing=(), say: Callable[[str], None] = print):
        """Take the parts that there are, and what is to be closed at the end."""
        self._shelf, self._server, self._pull, self._closing, self._say = shelf, server, pull, closing, say

    @property
    def shows(self) -> bool:
        """Whether films and results are kept for viewers."""
        return self._shelf is not None

    def keeping(self, make, film: Callable[[], Path | None], is_sent: bool):
        """Return what makes results of a film, and keeps them for viewers (`Shelf.keeping`); None if nothing does."""
        return self._shelf.keeping(make, film, is_sent) if self._shelf else make

    def start(self) -> None:
        """Listen, and pull."""
        if self._server:
            self._server.start()
            self._say(f"Listening for DICOMweb at {self._server.host}:{self._server.port}.")
        if self._pull:
            self._pull.start()

    def stop(self) -> None:
        """Stop both, and close what they used."""
        for one in (self._server, self._pull):
            if one:
                one.stop()
        for one in self._closing:
            one.close()


def parts(args, ledger, say: Callable[[str], None]) -> Parts:
    """Make the parts.

    Raises:
        EdgeError: a flag, a file or an address cannot be used.
    """
    state = ledger.arriving.parent
    shelf = _shelf(args, state)
    if args.web_port is None and not args.pull:
        return Parts(shelf, closing=[shelf] if shelf else [])
    from edge_app.dicomweb.wanted import WantedList

    wanted = WantedList(state) if args.pull else None
    server = _server(args, ledger, state, shelf, wanted, say) if args.web_port is not None else None
    pull = _pull(args, ledger, wanted, say) if args.pull else None
    return Parts(shelf, server, pull, [one for one in (shelf, wanted) if one], say)


def check(args, files) -> None:
    """Refuse flags that cannot be used together, before anything is opened.

    Args:
        args: of the command line.
        files: certificates of the node; None without TLS.

    Raises:
        WrongUsage: they cannot.
    """
    from edge_app.errors import WrongUsage

    if args.show_days and args.web_port is None:
        raise WrongUsage("--show-days: nothing shows what is kept; name a port with --web-port.")
    if (args.pull_credentials or args.pull_ca) and not args.pull:
        raise WrongUsage("--pull-credentials, --pull-ca: there is no PACS to pull from; name it with --pull.")
    if args.pull_ca and not args.pull_ca.is_file():
        raise WrongUsage(f"--pull-ca {args.pull_ca}: is not a file; name one in PEM that this user may read.")
    if args.pull and not args.pull_minutes and args.web_port is None:
        raise WrongUsage("--pull-minutes 0: nothing tells of films; name a port for the webhook with --web-port.")
    if args.web_port is not None:
        from edge_app.dicomweb.serving import Address

        Address(args.web_host, args.web_port, files).check()
    if args.pull:
        from edge_app.dicomweb import pacs

        pacs.check(args.pull)


def _shelf(args, state: Path):
    """Return what is shown; None if nothing is: then what was shown before is deleted."""
    if not args.show_days and not (state / "shown").exists():
        return None
    from edge_app.dicomweb.shelf import Shelf

    shelf = Shelf(state, args.show_days or -1, 2 * (args.least_free_mb << 20))
    if args.show_days:
        return shelf
    shelf.close()
    return None


def _server(args, ledger, state: Path, shelf, wanted, say):
    from functools import partial

    from edge_app.dicom_network import tls
    from edge_app.dicomweb import serving
    from edge_app.dicomweb.access import Access
    from edge_app.dicomweb.app import App
    from edge_app.dicomweb.received import Receiver
    from edge_app.dicomweb.stow import Stow
    from edge_app.dicomweb.viewing import Viewing

    files = tls.of_flags(args.tls_cert, args.tls_key, args.tls_ca)
    address = serving.Address(args.web_host, args.web_port, files)
    app = App(
        Stow(Receiver(ledger), say),
        Access(state, address.is_alone),
        serving.most_bytes(ledger),
        partial(serving.has_room, ledger),
        say,
        Viewing(shelf) if shelf else None,
        wanted,
        args.web_origin or "",
        address.is_alone,
    )
    return serving.WebServer(app, address, ledger)


def _pull(args, ledger, wanted, say):
    from edge_app.dicomweb import pacs
    from edge_app.dicomweb.pull import Pull

    authorization = pacs.authorization(args.pull_credentials) if args.pull_credentials else ""
    found = pacs.WebPacs(args.pull, authorization, args.pull_ca)
    if args.pull.startswith("http:"):
        say(f"{found.name}: is not encrypted, and films name patients; use https:// for --pull.")
    return Pull(found, ledger, wanted, args.pull_minutes, args.pull_modalities, say)


def _origin(text: str) -> str:
    if not ORIGIN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an origin; write it without a path: https://viewer.example")
    return text


def _modalities(text: str) -> tuple[str, ...]:
    if not MODALITIES.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} names no modalities; write such as CR,DX")
    return tuple(text.split(","))


def _days(text: str) -> int:
    return _number(text, 3650)


def _minutes(text: str) -> int:
    return _number(text, 1440)


def _number(text: str, most: int) -> int:
    if not text.isdigit() or int(text) > most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {most}")
    return int(text)
