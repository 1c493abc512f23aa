"""`dicom-node`: a verdict for films that DICOM devices send; results go back to a PACS."""

import argparse
import os
from pathlib import Path

from edge_app.commands import COMMANDS, common, dicom_web, node_results, stored_pictures

EXAMPLES = """\
examples:
  python -m edge_app dicom-node --store                                 # for programs on this machine
  python -m edge_app dicom-node --host 0.0.0.0 --allow XRAYROOM1@192.168.1.20 --store
  python -m edge_app dicom-node --host 0.0.0.0 --allow '*@192.168.1.0/24' --send-to PACS@192.168.1.10:104
  python -m edge_app dicom-node --send-to PACS@192.168.1.10:104 --fhir https://192.168.1.11/fhir --store
  python -m edge_app dicom-node --test PACS@192.168.1.10:104            # is the link to the PACS all right?
"""


def add_parser(subparsers):
    """Declare the command."""
    line = COMMANDS["dicom-node"]
    parser = subparsers.add_parser("dicom-node", help=line, **common.described(line, EXAMPLES))
    parser.add_argument(
        "--ae-title", default="COVIDXRAY", metavar="AE", help="AE title of this node (default %(default)s)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=common.port, default=11112, help="0 for any free port (default %(default)s)")
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="AE@ADDRESS",
        help="node that may send, such as XRAYROOM1@192.168.1.20; AE may be *, ADDRESS a network, and :PORT behind it "
        "is where that node takes answers of storage commitment; repeatable (default: any on this machine)",
    )
    parser.add_argument("--state", type=Path, metavar="DIR", help="folder of films and results that wait")
    parser.add_argument("--keep", action="store_true", help="keep films after they were judged, and commit to them")
    node_results.add(parser)
    _add_tls(parser)
    _add_limits(parser)
    dicom_web.add(parser)
    parser.add_argument("--test", metavar="AE@HOST:PORT", help="test the link to that node, and exit")
    common.add_model(parser)
    common.add_rule(parser)
    common.add_site(parser)
    common.add_sinks(parser)
    stored_pictures.add(parser)
    common.add_lights(parser)
    return parser


def _add_tls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate of this node, PEM; asks for TLS")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its key, PEM")
    parser.add_argument(
        "--tls-ca", type=Path, metavar="FILE", help="authorities whose certificates other nodes must show, PEM"
    )
    parser.add_argument("--send-tls", action="store_true", help="send results, and test, under TLS")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--most-associations", type=_number, default=8, metavar="N", help="at a time (default %(default)s)"
    )
    parser.add_argument(
        "--most-mb", type=_number, default=256, metavar="N", help="megabytes of one film (default %(default)s)"
    )
    parser.add_argument(
        "--most-waiting",
        type=_number,
        default=1000,
        metavar="N",
        help="films, and results, that may wait; then films are answered with 'out of resources' (default %(default)s)",
    )
    parser.add_argument(
        "--least-free-mb",
        type=_number,
        default=512,
        metavar="N",
        help="megabytes that stay free on the disk; below, films are answered the same (default %(default)s)",
    )


def run(args) -> int:
    """Run the command."""
    import warnings

    from edge_app.dicom_network import peers, tls

    warnings.simplefilter("ignore")  # pydicom's quote values of headers
    files = tls.of_flags(args.tls_cert, args.tls_key, args.tls_ca)
    title = peers.title(args.ae_title)
    if args.test:
        return _test(title, peers.peer(args.test), _calling(args, files))
    if dicom_web.changed_tokens(args, args.state or default_state()):
        return 0
    dicom_web.check(args, files)
    return _serve(args, title, files)


def _serve(args, title: str, files) -> int:
    from edge_app.dicom_network import peers, tls
    from edge_app.dicom_network.ledger import Ledger
    from edge_app.service.screening_run import ScreeningRun
    from edge_app.service.systemd import Service
    from edge_app.store import reading_tables

    pacs = peers.peer(args.send_to) if args.send_to else None
    fhir = node_results.fhir_server(args)
    allowed = _allowed(args, pacs)
    contexts = tls.accepting(files) if files else None, _calling(args, files)
    draw = stored_pictures.drawer(args.pictures)
    with Service() as service, ScreeningRun(args, service=service, draw=draw, source=reading_tables.DICOM) as screening:
        ledger = Ledger(args.state or default_state(), _limits(args), args.keep)
        try:
            _judge(args, title, (pacs, fhir), allowed, contexts, ledger, screening)
        finally:
            ledger.close()
    return screening.code


def _judge(args, title: str, receivers, allowed, contexts, ledger, screening) -> None:
    """Listen, judge and send until a stop is requested or results cannot be kept."""
    import tempfile
    import threading

    from edge_app.dicom_network.judging import Films
    from edge_app.dicom_network.sender import Sender
    from edge_app.dicom_network.server import Server
    from edge_app.service.screening_run import complain

    # A traceback in the journal might quote a header.
    threading.excepthook = lambda fault: complain(f"a thread failed ({fault.exc_type.__name__}); report it.")
    tempfile.tempdir = os.fspath(ledger.arriving)  # pynetdicom receives films there
    (pacs, fhir), events = receivers, screening.events
    server = Server(title, (args.host, args.port), allowed, ledger, complain, contexts[0], pacs)
    sender = Sender(title, pacs, ledger, complain, contexts[1], args.commit) if pacs else None
    web = dicom_web.parts(args, ledger, complain)
    poster = node_results.poster(fhir, ledger, complain, events and (lambda words: events.fault("fhir", words)))
    senders = [one for one in (sender, poster) if one]
    make = node_results.maker(args, screening, fhir, web.shows)
    films = Films(
        ledger,
        lambda: bool(screening.broken & {"--store", "--send-to"}) or not server.is_alive,
        complain,
        web.keeping(make, lambda: films.current, bool(pacs)),
        args.keep and not args.no_paths,
    )
    screening.add_sink("--send-to", films, make is not None)
    try:
        server.start()
        for one in (*senders, web):
            one.start()
        complain(f"Listening as {title} at {args.host}:{server.port}{' under TLS' if contexts[0] else ''}.")
        screening.service.ready()
        screening.run(films, final=films.final)
    finally:
        web.stop()
        server.stop()
        for one in senders:
            one.stop()


def _allowed(args, pacs):
    """Return who may call: those named, the PACS, and without any name whoever is on this machine."""
    from edge_app.dicom_network import peers
    from edge_app.errors import WrongUsage

    callers = [peers.caller(text) for text in args.allow]
    if not callers:
        if not peers.is_loopback(args.host):
            raise WrongUsage(
                f"--host {args.host}: nothing says which nodes may send; name them with --allow AE@ADDRESS."
            )
        callers = peers.loopback()
    return peers.AllowList([*callers, *(peers.callers_of(pacs) if pacs else ())])


def _calling(args, files):
    """Return the TLS context of connections that this node opens; None without TLS."""
    from edge_app.dicom_network import tls
    from edge_app.errors import WrongUsage

    if not args.send_tls:
        return None
    if files is None:
        raise WrongUsage("--send-tls: TLS needs certificates; name them with --tls-cert, --tls-key and --tls-ca.")
    return tls.calling(files)


def _test(title: str, peer, context) -> int:
    from edge_app.dicom_network import link

    good = True
    for step in link.test(title, peer, context):
        good = good and step.is_good
        print(f"{'ok  ' if step.is_good else 'FAIL'} {step.name}: {step.found}", flush=True)
    return 0 if good else 1


def _limits(args):
    from edge_app.dicom_network.services import Limits

    return Limits(args.most_associations, args.most_mb << 20, args.most_waiting, args.least_free_mb << 20)


def default_state() -> Path:
    """Return the default folder of what waits: one in XDG's data folder."""
    folder = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(folder) / "covid-xray" / "dicom"


def _number(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1000000")
    return int(text)
