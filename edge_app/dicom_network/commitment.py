"""Storage commitment (PS3.4 J): asked of the PACS for the results, and answered for the films that are here.

This node commits itself only to films that it keeps (`--keep`): it deletes the others once they are judged, and a
modality that took its word for them would delete the only copy.
"""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from edge_app.dicom_network import services
from edge_app.dicom_network.ledger import Item, Ledger
from edge_app.dicom_network.peers import Caller, Peer
from edge_app.imaging import limits

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom.association import Association
    from pynetdicom.events import Event

# N-ACTION: request storage commitment. N-EVENT-REPORT: all are safe; some are not (PS3.4 J.3.2, J.3.3).
REQUEST, ALL_SAFE, SOME_FAILED = 1, 1, 2
# PS3.7 C: no such action; invalid argument; resource limitation; not authorised; processing failure.
NO_SUCH_ACTION, INVALID, BUSY, NOT_AUTHORISED, FAILED = 0x0123, 0x0115, 0x0213, 0x0124, 0x0110
# Requests that wait for their answer to be sent.
MOST_WAITING = 100
# Seconds in which an answer leaves before something else follows it on the same association: a report, or its release.
AFTER_ANSWER = 0.2


class _Question(NamedTuple):
    caller: Caller | None
    host: str
    title: str
    assoc: "Association"
    uid: str
    instances: list[tuple[str, str]]


class Answers:
    """Answers requests, one after the other, in a thread."""

    def __init__(self, title: str, ledger: Ledger, say: Callable[[str], None]):
        self._title, self._ledger, self._say = title, ledger, say
        self._questions: queue.Queue[_Question] = queue.Queue(MOST_WAITING)

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._run, name="dicom-commitment", daemon=True).start()

    def ask(self, event: "Event", caller: Caller | None) -> int:
        """Take an N-ACTION of a node; return its status."""
        if event.action_type != REQUEST:
            return NO_SUCH_ACTION
        try:
            uid, instances = _read(event.action_information, "ReferencedSOPSequence")
        except limits.damage():
            return INVALID
        requestor = event.assoc.requestor
        question = _Question(caller, requestor.address, requestor.ae_title, event.assoc, uid, instances)
        try:
            self._questions.put_nowait(question)
        except queue.Full:
            return BUSY
        return services.SUCCESS

    def _run(self) -> None:
        while True:
            question = self._questions.get()
            try:
                self._answer(question)
            except Exception as error:  # the guard of a service: the next question is answered
                self._say(f"{question.title}: storage commitment was not answered ({type(error).__name__}).")

    def _answer(self, question: _Question) -> None:
        good, bad = [], []
        for sop_class, uid in question.instances:
            why = self._why_not(sop_class, uid)
            (bad if why else good).append(_reference(sop_class, uid, why))
        report = _data_set(question.uid, good)
        if bad:
            report.FailedSOPSequence = bad
        if question.caller and question.caller.port:
            self._call(question, report, bool(bad))
            return
        time.sleep(AFTER_ANSWER)
        if not question.assoc.is_established:
            self._say(f"{question.title}: storage commitment was not answered; name its port in --allow.")
            return
        _report(question.assoc, report, bool(bad))

    def _call(self, question: _Question, report: "Dataset", failed: bool) -> None:
        """Open an association to the node that asked, in the role of provider, and report there."""
        from pynetdicom import build_context, build_role

        assoc = entity(self._title).associate(
            question.host,
            question.caller.port if question.caller and question.caller.port else 0,
            [build_context(services.COMMITMENT)],
            question.title,
            ext_neg=[build_role(services.COMMITMENT, scp_role=True)],
        )
        if not assoc.is_established:
            self._say(f"{question.title}: cannot be reached at port {question.caller and question.caller.port} "
                      "with the answer of storage commitment.")  # fmt: skip
            return
        try:
            _report(assoc, report, failed)
        finally:
            assoc.release()

    def _why_not(self, sop_class: str, uid: str) -> int:
        found = self._ledger.kept(uid)
        if found is None:
            return services.NO_SUCH_INSTANCE
        return 0 if found == sop_class else services.CLASS_CONFLICT


def take_answer(event: "Event", ledger: Ledger, pacs: Peer | None, say: Callable[[str], None]) -> int:
    """Take an N-EVENT-REPORT of the PACS; return its status."""
    assoc = event.assoc
    title = assoc.acceptor.ae_title if assoc.is_requestor else assoc.requestor.ae_title
    if pacs is None or title.strip() != pacs.title:
        return NOT_AUTHORISED
    try:
        said = event.event_information
        uid, good = _read(said, "ReferencedSOPSequence") if "ReferencedSOPSequence" in said else (_question(said), [])
        bad = _read(said, "FailedSOPSequence")[1] if "FailedSOPSequence" in said else []
        failed = [one for _, one in bad]
        if again := ledger.committed(uid, [one for _, one in good], failed):
            say(f"{pacs}: has not kept {again} of the results that it took; they are sent again.")
    except limits.damage():
        return FAILED
    return services.SUCCESS


def ask(assoc: "Association", items: Sequence[Item], ledger: Ledger) -> bool:
    """Ask a PACS to commit itself to results; its answer comes later. Say whether it has taken the question."""
    from pydicom.uid import generate_uid

    uid = generate_uid(prefix=None)
    ledger.asked(items, uid)
    question = _data_set(uid, [_reference(one.sop_class, one.uid) for one in items])
    status, _ = assoc.send_n_action(question, REQUEST, services.COMMITMENT, services.COMMITMENT_INSTANCE)
    return "Status" in status and status.Status == services.SUCCESS


def entity(title: str):
    """Return an application entity that calls others, with this program's times."""
    from pynetdicom import AE

    class _Entity(AE):
        def _create_socket(self, *args, **options):
            made = super()._create_socket(*args, **options)
            made._shutdown_socket = lambda: _shut(made)
            return made

    ae = _Entity(title)
    ae.acse_timeout, ae.dimse_timeout = services.ACSE_SECONDS, services.DIMSE_SECONDS
    ae.network_timeout, ae.connection_timeout = services.NETWORK_SECONDS, services.CONNECT_SECONDS
    return ae


def _shut(transport) -> None:
    """Close a socket; pynetdicom's own leaves one that was never connected to the garbage collector."""
    with contextlib.suppress(OSError, AttributeError):
        transport.socket.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError, AttributeError):
        transport.socket.close()


def _report(assoc: "Association", report: "Dataset", failed: bool) -> None:
    kind = SOME_FAILED if failed else ALL_SAFE
    assoc.send_n_event_report(report, kind, services.COMMITMENT, services.COMMITMENT_INSTANCE)


def _question(data_set: "Dataset") -> str:
    return str(data_set.TransactionUID)


def _read(data_set: "Dataset", sequence: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the Transaction UID, and (SOP Class UID, SOP Instance UID) of a sequence's items."""
    items = data_set[sequence].value
    found = [(str(one.ReferencedSOPClassUID), str(one.ReferencedSOPInstanceUID)) for one in items]
    return _question(data_set), found


def _reference(sop_class: str, uid: str, why: int = 0) -> "Dataset":
    from pydicom import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
    if why:
        item.FailureReason = why
    return item


def _data_set(uid: str, items: "Iterable[Dataset]") -> "Dataset":
    from pydicom import Dataset

    found = Dataset()
    found.TransactionUID, found.ReferencedSOPSequence = uid, list(items)
    return found
