"""Flags of `dicom-node` that say what leaves it: objects for the PACS, resources for a FHIR server."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # heavy
    from edge_app.dicom_network.judging import Make
    from edge_app.dicom_network.ledger import Ledger
    from edge_app.dicom_network.poster import Poster
    from edge_app.fhir.server import FhirServer
    from edge_app.service.screening_run import ScreeningRun

KINDS = ("sc", "sr", "pdf", "gsps")


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("--send-to", metavar="AE@HOST:PORT", help="PACS that gets the results")
    parser.add_argument(
        "--results",
        type=kinds,
        default=("sc", "sr"),
        metavar="KINDS",
        help="what is sent, of " + ",".join(KINDS) + ": secondary capture, structured report, encapsulated PDF, "
        "presentation state (default sc,sr)",
    )
    parser.add_argument(
        "--commit", action="store_true", help="ask the PACS for storage commitment, and keep results until it is given"
    )
    parser.add_argument(
        "--language",
        metavar="CODE",
        help="of the encapsulated PDF, such as es or es_MX, whose paper is Letter (default: the device's, LANG)",
    )
    parser.add_argument("--fhir", metavar="URL", help="base address of a FHIR R4 server that gets the results too")
    parser.add_argument(
        "--fhir-login", type=Path, metavar="FILE", help="bearer token, or USER:PASSWORD, for that server; one line"
    )
    parser.add_argument(
        "--fhir-ca",
        type=Path,
        metavar="FILE",
        help="authorities that its certificate must be of, PEM (default: the system's)",
    )


def kinds(text: str) -> tuple[str, ...]:
    """Read the kinds of results."""
    found = tuple(filter(None, text.split(",")))
    if not found or not set(found) <= set(KINDS):
        raise argparse.ArgumentTypeError(f"{text!r} names no kinds of results; write some of {','.join(KINDS)}")
    return found


def fhir_server(args: argparse.Namespace) -> "FhirServer | None":
    """Return the server of `--fhir`; None without.

    Raises:
        WrongUsage: as of `server.of_flags`.
    """
    if not (args.fhir or args.fhir_login or args.fhir_ca):
        return None
    from edge_app.fhir import server

    return server.of_flags(args.fhir, args.fhir_login, args.fhir_ca)


def poster(
    server: "FhirServer | None", ledger: "Ledger", complain: Callable[[str], None], fault: Callable[[str], None] | None
) -> "Poster | None":
    """Return what posts to a server; None without one."""
    if server is None:
        if ledger.posts.waiting(1):
            complain(
                f"{ledger.posts.folder}: results wait for a FHIR server; name it with --fhir, or remove the folder."
            )
        return None
    from edge_app.dicom_network.poster import Poster

    if server.base.startswith("http:"):
        complain(f"{server.base}: is not encrypted, and what is posted names patients by ID; use https://.")
    return Poster(server, ledger.posts, complain, fault)


def maker(args: argparse.Namespace, run: "ScreeningRun", server: "FhirServer | None", shown: bool) -> "Make | None":
    """Return what makes all that leaves of a film; None where nothing does.

    Args:
        args: with the flags of `add`.
        run: that judges the films.
        server: of `fhir_server`.
        shown: objects are made for viewers too (`dicom_web`).

    Raises:
        WrongUsage: `--language` is none of the page's.
    """
    has_objects = bool(args.send_to) or shown
    if not (has_objects or server):
        return None
    from edge_app.dicom_network.judging import Made

    report, context = _report(args, run) if has_objects else None, run.context

    def made(header, result, grey) -> Made:
        objects, bundle = [], None
        if has_objects:
            from edge_app.dicom_objects import results

            pdf = report(header, result, grey) if report else None
            objects = results.made(header, result, grey, context, args.results, pdf)
        if server:
            from edge_app.fhir import resources

            bundle = resources.bundle(header, result, context)
        return Made(objects, bundle)

    return made


def _report(args: argparse.Namespace, run: "ScreeningRun"):
    """Return what draws the page's report of a film, (header, result, grey) -> PDF; None where none is asked for."""
    if "pdf" not in args.results:
        return None
    from edge_app.dicom_objects import identity
    from edge_app.web.report import of_result

    language = of_result.language(args.language)

    def report(header, result, grey) -> bytes:
        named = (identity.value(header, keyword) for keyword in ("PatientName", "PatientID"))
        label = ", ".join(filter(None, (" ".join(one.replace("^", " ").split()) for one in named)))
        name = run.readings.last if run.readings else ""
        return of_result.pdf(result, grey, run.context, language, label, name)

    return report
