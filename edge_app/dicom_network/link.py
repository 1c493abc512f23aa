"""The test of a link: an address, an association, an echo; each step says what to do where it fails."""

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from edge_app.dicom_network import commitment, services
from edge_app.dicom_network.peers import Peer

if TYPE_CHECKING:
    import ssl

# PS3.8 9.3.4, of rejections by the service user.
REASONS = {
    1: "no reason given",
    2: "it does not know this application context",
    3: "it does not know the AE title of this node; add it there, with this device's address",
    7: "it has another AE title; take it from its settings",
}


class Step(NamedTuple):
    """A step of the test: what it is, whether it went well, and what was found."""

    name: str
    is_good: bool
    found: str


def test(title: str, peer: Peer, tls: "ssl.SSLContext | None" = None) -> Iterator[Step]:
    """Test the link to a node; yield each step as it is done, until one fails."""
    try:
        socket.create_connection((peer.host, peer.port), services.CONNECT_SECONDS).close()
    except OSError as error:
        why = error.strerror or str(error)
        yield Step("address", False, f"{peer.host}:{peer.port}: {why}; check host, port, cable and firewall")
        return
    yield Step("address", True, f"{peer.host}:{peer.port} answers")
    from pynetdicom import build_context

    assoc = commitment.entity(title).associate(
        peer.host,
        peer.port,
        [build_context(uid) for uid in (services.VERIFICATION, *STORED)],
        peer.title,
        tls_args=(tls, peer.host) if tls else None,
    )
    if not assoc.is_established:
        yield Step("association", False, _why(assoc, bool(tls)))
        return
    try:
        yield Step("association", True, f"{peer.title} accepts {title}{' under TLS' if tls else ''}")
        answer = assoc.send_c_echo()
        good = "Status" in answer and answer.Status == services.SUCCESS
        yield Step("C-ECHO", good, "answered" if good else "not answered; look at that node's log")
        taken = {context.abstract_syntax for context in assoc.accepted_contexts}
        for uid, name in STORED.items():
            yield Step(
                "storage", True, f"{name}: {'taken' if uid in taken else 'not taken; leave it out of --results'}"
            )
    finally:
        assoc.release()


# Of the results that are sent, PS3.4 B.5; a PACS may take some of them.
STORED = {
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture",
    "1.2.840.10008.5.1.4.1.1.88.33": "Comprehensive SR",
    "1.2.840.10008.5.1.4.1.1.104.1": "Encapsulated PDF",
    "1.2.840.10008.5.1.4.1.1.11.1": "Grayscale Softcopy Presentation State",
}


def _why(assoc, tls: bool) -> str:
    if assoc.is_rejected:
        answer = assoc.acceptor.primitive
        if answer is not None and answer.result_source == 1:
            return f"rejected: {REASONS.get(answer.diagnostic, 'no reason known')}"
        return "rejected: it has too many associations now, or another fault of its own; try again later"
    return f"not answered as DICOM{' under TLS' if tls else ''}; check the port, and whether it asks for TLS"
