"""The node as a provider: it listens, lets in who may call, and answers C-ECHO, C-STORE and storage commitment."""

import ssl
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from pynetdicom import AE, _config, evt
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from edge_app.dicom_network import services
from edge_app.dicom_network.commitment import Answers, take_answer
from edge_app.dicom_network.guard import Guard
from edge_app.dicom_network.intake import WHY, Intake
from edge_app.dicom_network.ledger import Ledger
from edge_app.dicom_network.peers import AllowList, Peer
from edge_app.errors import WrongUsage

if TYPE_CHECKING:
    import socket

    from pydicom import Dataset
    from pynetdicom.association import Association
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.events import Event
    from pynetdicom.pdu_primitives import A_ASSOCIATE

# Threads that wait for a handshake or are turned away, beyond the associations; more connections are closed at once.
SPARE = 8
# PS3.8 9.3.4: permanent, by the service user, calling AE title not recognised.
NOT_RECOGNISED = (1, 1, 3)
# By (source, diagnostic) of the rejections that pynetdicom gives: what the journal says.
REJECTED: dict[tuple[int | None, int | None], str] = {
    (1, 7): "it called another AE title, {called!r}; correct it there",
    (3, 2): "all associations of --most-associations are in use",
}
_config.STORE_RECV_CHUNKED_DATASET = True  # to a file, and not to memory
_config.LOG_HANDLER_LEVEL = "none"


class Server:
    """The provider; `start` it, and `stop` it.

    Attributes:
        port: on which it listens.
    """

    def __init__(
        self,
        title: str,
        address: tuple[str, int],
        allowed: AllowList,
        ledger: Ledger,
        say: Callable[[str], None],
        tls: ssl.SSLContext | None = None,
        pacs: Peer | None = None,
    ):
        """Listen; nothing is answered before `start`.

        Args:
            title: AE title of this node, by which it must be called.
            address: to listen on; port 0 is any free one.
            allowed: who may call.
            ledger: takes what comes.
            say: takes sentences for the journal; they name no patient.
            tls: of connections; None is without.
            pacs: whose answers of storage commitment are taken.

        Raises:
            WrongUsage: the address cannot be used.
        """
        self._allowed, self._ledger, self._say, self._pacs = allowed, ledger, say, pacs
        self._intake = Intake(ledger)
        self._guards: dict[Association, Guard] = {}
        self._answers = Answers(title, ledger, say)
        self._ae = _entity(title, ledger.limits.associations)
        handlers = [
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_REJECTED, self._rejected),
            (evt.EVT_C_STORE, self._stored),
            (evt.EVT_N_ACTION, self._asked),
            (evt.EVT_N_EVENT_REPORT, self._reported),
            (evt.EVT_CONN_CLOSE, self._closed),
        ]
        try:
            self._server = self._ae.make_server(
                address, title, evt_handlers=handlers, ssl_context=tls, server_class=_server_class(self)
            )
        except OSError as error:
            raise WrongUsage(
                f"{address[0]}:{address[1]}: cannot be listened on ({error.strerror}); name an address of this "
                "device and a free port with --host and --port."
            ) from error
        self._ae._servers.append(self._server)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="dicom-server", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it still listens."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Answer from now on."""
        self._answers.start()
        self._thread.start()

    def stop(self) -> None:
        """End all associations with an A-ABORT, and listen no more."""
        if self._thread.is_alive():
            self._ae.shutdown()
        else:
            self._server.server_close()

    def guard(self, assoc: "Association") -> None:
        """Put limits on a new association."""
        most, room = self._ledger.limits.instance, self._ledger.has_room
        address = assoc.requestor.address
        self._guards[assoc] = Guard(
            assoc,
            most,
            room,
            lambda ended: self._guards.pop(ended, None),
            lambda why: self._say(f"{address}: association aborted ({why})."),
        )

    def turned_away(self, address: str, why: str) -> None:
        """Tell the journal of a connection that was not taken."""
        self._say(f"{address}: connection closed ({why}).")

    def _requested(self, event: "Event") -> None:
        """Reject an association of a node that may not call, before anything of it is negotiated."""
        requestor = event.assoc.requestor
        title = ((requestor.primitive and requestor.primitive.calling_ae_title) or "").strip()
        caller = self._guards[event.assoc].caller = self._allowed.caller(title, requestor.address)
        if caller is None:
            self._say(f"{title}@{requestor.address}: rejected, since --allow does not name it.")
            event.assoc.acse.send_reject(*NOT_RECOGNISED)
            event.assoc.kill()  # once the answer is out, and the peer has closed or its time is over

    def _rejected(self, event: "Event") -> None:
        """Tell the journal why an association was rejected that a node asked for which may call."""
        asked, answer = event.assoc.requestor, cast("A_ASSOCIATE", event.assoc.acceptor.primitive)
        called = ((asked.primitive and asked.primitive.called_ae_title) or "").strip()
        why = REJECTED.get((answer.result_source, answer.diagnostic), "it asked for what this node does not take")
        self._say(f"{asked.ae_title.strip()}@{asked.address}: rejected, since {why.format(called=called)}.")

    def _stored(self, event: "Event") -> "int | Dataset":
        from pydicom import Dataset

        request, path = cast("C_STORE", event.request), event.dataset_path
        status = self._intake.take(
            path,
            self._guards[event.assoc].arrived.pop(str(path), None),
            str(request.AffectedSOPInstanceUID or ""),
            str(request.AffectedSOPClassUID or ""),
            str(event.context.transfer_syntax),
        )
        if status == services.SUCCESS:
            return status
        self._say(f"{event.assoc.requestor.ae_title}: a film was answered with 0x{status:04X} ({WHY[status]}).")
        answer = Dataset()
        answer.Status, answer.ErrorComment = status, WHY[status]
        return answer

    def _asked(self, event: "Event") -> tuple[int, None]:
        return self._answers.ask(event, self._guards[event.assoc].caller), None

    def _reported(self, event: "Event") -> tuple[int, None]:
        return take_answer(event, self._ledger, self._pacs, self._say), None

    def _closed(self, event: "Event") -> None:
        if guard := self._guards.get(event.assoc):
            guard.wake()


def _entity(title: str, associations: int) -> AE:
    ae = AE(title)
    ae.require_called_aet = True
    ae.maximum_associations = associations
    ae.maximum_pdu_size = services.PDU
    ae.acse_timeout = services.ACSE_SECONDS
    ae.dimse_timeout = services.DIMSE_SECONDS
    ae.network_timeout = services.NETWORK_SECONDS
    ae.add_supported_context(services.VERIFICATION)
    # As provider we take requests, as user the answers of a PACS that opens an association for them (PS3.4 J.3.3).
    ae.add_supported_context(services.COMMITMENT, scu_role=True, scp_role=True)
    for uid in services.FILMS:
        ae.add_supported_context(uid, services.transfer_syntaxes())
    return ae


def _server_class(node: Server) -> type[ThreadedAssociationServer]:
    """Return pynetdicom's server with limits: a handshake or a flood of connections never stops it from listening."""

    class _Handler(RequestHandler):
        def _create_association(self):
            assoc = super()._create_association()
            node.guard(assoc)
            return assoc

    class _Server(ThreadedAssociationServer):
        daemon_threads = True
        waiting = 0

        def __init__(self, *args, **options):
            super().__init__(*args, **options, request_handler=_Handler)

        def get_request(self):
            # The handshake comes later, in a thread of its own.
            connection, address = cast("socket.socket", self.socket).accept()
            connection.settimeout(services.TLS_SECONDS)
            return connection, address

        def verify_request(self, request, client_address) -> bool:
            has_room = self.waiting < SPARE and len(self.active_associations) < self.ae.maximum_associations + SPARE
            if not has_room:
                node.turned_away(client_address[0], "too many connections at a time")
            return has_room

        def finish_request(self, request, client_address) -> None:
            self.waiting += 1
            try:
                if self.ssl_context:
                    request = self.ssl_context.wrap_socket(cast("socket.socket", request), server_side=True)
                super().finish_request(request, client_address)
            finally:
                self.waiting -= 1

        def handle_error(self, request, client_address) -> None:
            node.turned_away(client_address[0], "no TLS as this node asks for" if self.ssl_context else "it broke off")

    return _Server
