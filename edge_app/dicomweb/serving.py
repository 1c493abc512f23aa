"""The node's HTTP side as it runs: waitress with its limits, TLS before it, and a thread of its own."""

import logging
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edge_app.dicom_network import peers
from edge_app.dicom_network.ledger import Ledger
from edge_app.dicom_network.tls import Files
from edge_app.dicomweb.app import App
from edge_app.errors import WrongUsage
from edge_app.web.http import limited_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Threads that answer, connections at once, and seconds without a byte after which one is closed.
THREADS, CONNECTIONS, SILENCE = 4, 50, 60
# Bytes of a request, in films of the greatest size; of all requests together, in requests.
FILMS_OF_A_REQUEST, REQUESTS = 2, 2
# Beside the films: boundaries and headers of parts.
BESIDE = 1 << 20


class Address(NamedTuple):
    """Where to listen: host and port, and the node's certificate; 0 is any free port, None is without TLS."""

    host: str
    port: int
    files: Files | None

    @property
    def is_alone(self) -> bool:
        """Whether only this device reaches it."""
        return peers.is_loopback(self.host)

    def check(self) -> None:
        """Refuse an address at which tokens and films would cross the network in the clear.

        Raises:
            WrongUsage: it is one.
        """
        if not self.is_alone and self.files is None:
            raise WrongUsage(
                f"--web-host {self.host}: tokens would cross the network in the clear; name a certificate with "
                "--tls-cert and --tls-key, or listen on 127.0.0.1."
            )


def most_bytes(ledger: Ledger) -> int:
    """Return how many bytes a request may have."""
    return FILMS_OF_A_REQUEST * ledger.limits.instance + BESIDE


def has_room(ledger: Ledger, size: int) -> bool:
    """Say whether a body of this size may be received: they lie on the disk until they are answered."""
    return shutil.disk_usage(ledger.arriving).free - size > ledger.limits.free


class WebServer:
    """Listens and answers, once it is started.

    Attributes:
        host, port: on which it listens.
    """

    def __init__(self, app: App, address: Address, ledger: Ledger):
        """Listen.

        Raises:
            WrongUsage: the address cannot be used.
        """
        # It logs every request that waits for a thread, and tracebacks of connections, which may quote a header.
        logging.getLogger("waitress").setLevel(logging.CRITICAL)
        address.check()
        self._app: WSGIApplication = app  # behind TLS another, once the server's port is known
        most, tls = most_bytes(ledger), None
        inner = ("127.0.0.1", 0) if address.files else address[:2]
        try:
            self._server = limited_server.serve(
                lambda environ, start_response: self._app(environ, start_response),
                CONNECTIONS,
                REQUESTS * most,
                host=inner[0],
                port=inner[1],
                threads=THREADS,
                channel_timeout=SILENCE,
                max_request_body_size=most + 1,  # waitress refuses a body of this size too, and has the app say so
                ident=None,
                clear_untrusted_proxy_headers=True,
            )
            if address.files:
                tls = self._behind_tls(app, address, address.files.certificate, address.files.key)
        except (OSError, ValueError) as error:
            raise WrongUsage(
                f"--web-port: {address.host}:{address.port} cannot be listened on ({error}); name another."
            ) from error
        self._server.takes_body = app.takes_body
        self._tls, self.host, self.port = tls, address.host, tls.port if tls else self._server.port
        self._thread = threading.Thread(target=self._server.run, name="dicom-web", daemon=True)

    def _behind_tls(self, app: App, address: Address, certificate: Path, key: Path):
        from edge_app.web.http import tls

        found = tls.Terminator(address.host, address.port, certificate, key, self._server.port)
        self._app = tls.Behind(app, found)
        self._server.address = lambda peer: found.client(peer[1]) or peer[0]
        return found

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more, and finish what is being answered; connections end with the process."""
        if self._tls:
            self._tls.close()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=SILENCE)
        if not self._thread.is_alive():
            self._server.close()
