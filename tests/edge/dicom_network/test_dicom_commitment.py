"""The node asked to commit itself: for what it keeps it does, and says of everything else that it does not."""

import queue
import threading

import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from edge_app.dicom_network import peers
from edge_app.dicom_network.commitment import entity
from edge_app.dicom_network.ledger import Ledger
from edge_app.dicom_network.peers import AllowList
from edge_app.dicom_network.server import Server
from edge_app.dicom_network.services import USUAL
from tests.support.dicom_node import closed, free_port, until
from tests.support.dicom_results import CLASS, question

# Longer than anything here may take.
AT_MOST = 60
INSTANCE = "1.2.840.10008.1.20.1.1"
OTHER_CLASS = "1.2.840.10008.5.1.4.1.1.1"


class Modality:
    """A node that asks for commitment.

    Attributes:
        reports: (event type, data set) of the answers that came.
    """

    def __init__(self, node: int):
        self.reports: queue.Queue[tuple[int, Dataset]] = queue.Queue()
        self._ae, self._answers, self._answered = entity("XRAYROOM1"), False, threading.Event()
        self._ae.add_requested_context(StorageCommitmentPushModel)
        self._node, self._server = node, None

    def listen(self, port: int) -> None:
        """Take answers on associations of their own."""
        self._ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        handlers = [(evt.EVT_N_EVENT_REPORT, self._reported), (evt.EVT_CONN_CLOSE, closed)]
        self._server = self._ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)

    def ask(self, asked: Dataset, action: int = 1) -> int:
        """Ask; return the status, once a report has come if the question was taken."""
        handlers = [(evt.EVT_N_EVENT_REPORT, self._reported)]
        handlers += [(evt.EVT_DIMSE_SENT, self._answering), (evt.EVT_PDU_SENT, self._sent)]
        assoc = self._ae.associate("127.0.0.1", self._node, ae_title="COVIDXRAY", evt_handlers=handlers)
        status, _ = assoc.send_n_action(asked, action, StorageCommitmentPushModel, INSTANCE)
        if self._server:
            assoc.release()
        found = self.reports.get(timeout=AT_MOST) if status.Status == 0 else None
        if not self._server:
            assert found is None or self._answered.wait(AT_MOST)
            assoc.release()
        self.last = found
        return status.Status

    def close(self) -> None:
        if self._server:
            self._server.shutdown()

    def _answering(self, event) -> None:
        """Note that a report is being answered; pynetdicom says so before it hands the answer over."""
        self._answers = self._answers or type(event.message).__name__ == "N_EVENT_REPORT_RSP"

    def _sent(self, event) -> None:
        """Note that the answer has gone: only then may the association end."""
        if self._answers and type(event.pdu).__name__ == "P_DATA_TF":
            self._answered.set()

    def _reported(self, event) -> tuple[int, None]:
        self.reports.put((event.event_type, event.event_information))
        return 0, None


@pytest.fixture
def asked(tmp_path):
    """Return a function that begins a node and gives a modality beside it; films 1.2.1 and 1.2.2 are kept."""
    ended = []

    def begin(keep: bool = True, port: int | None = None) -> Modality:
        ledger = Ledger(tmp_path / "node", USUAL, keep)
        for uid in ("1.2.1", "1.2.2"):
            path = ledger.arriving / "film.dcm"
            path.write_bytes(b"film")
            ledger.add_film(uid, CLASS, "1.2.840.10008.1.2.1", "ab" * 32, path)
        allowed = [peers.caller(f"*@127.0.0.1{f':{port}' if port else ''}")]
        server = Server("COVIDXRAY", ("127.0.0.1", 0), AllowList(allowed), ledger, begin.said.append)
        server.start()
        modality = Modality(server.port)
        ended.extend((modality.close, server.stop, ledger.close))
        return modality

    begin.said = []
    yield begin
    for end in ended:
        end()


def reasons(report: Dataset) -> dict[str, int]:
    """Return why instances are not safe, by their UIDs."""
    return {one.ReferencedSOPInstanceUID: one.FailureReason for one in report.get("FailedSOPSequence", ())}


def safe(report: Dataset) -> list[str]:
    """Return the UIDs of instances that are safe."""
    return [one.ReferencedSOPInstanceUID for one in report.ReferencedSOPSequence]


def test_kept_films_are_safe_by_a_report_on_the_same_association(asked):
    modality = asked()
    assert modality.ask(question("2.25.7", (CLASS, "1.2.1"), (CLASS, "1.2.2"))) == 0
    kind, report = modality.last
    assert (kind, report.TransactionUID, safe(report)) == (1, "2.25.7", ["1.2.1", "1.2.2"])
    assert "FailedSOPSequence" not in report


def test_what_is_not_here_or_of_another_class_is_named_with_the_reason(asked):
    modality = asked()
    wanted = question("2.25.7", (CLASS, "1.2.1"), (OTHER_CLASS, "1.2.2"), (CLASS, "1.2.3"))
    assert modality.ask(wanted) == 0
    kind, report = modality.last
    assert (kind, safe(report)) == (2, ["1.2.1"])
    assert reasons(report) == {"1.2.2": 0x0119, "1.2.3": 0x0112}


def test_without_keep_nothing_is_promised(asked):
    modality = asked(keep=False)
    assert modality.ask(question("2.25.7", (CLASS, "1.2.1"))) == 0
    assert reasons(modality.last[1]) == {"1.2.1": 0x0112}


def test_with_a_port_the_answer_comes_on_an_association_of_its_own(asked):
    port = free_port()
    modality = asked(port=port)
    modality.listen(port)
    assert modality.ask(question("2.25.7", (CLASS, "1.2.1"))) == 0
    assert safe(modality.last[1]) == ["1.2.1"]
    assert asked.said == []


def test_other_actions_and_questions_without_a_list_are_refused(asked):
    modality = asked()
    assert modality.ask(question("2.25.7", (CLASS, "1.2.1")), action=2) == 0x0123
    empty = question("2.25.7")
    del empty.ReferencedSOPSequence
    assert modality.ask(empty) == 0x0115


def test_an_answer_that_reaches_nobody_is_told(asked):
    modality = asked(port=free_port())
    ae = modality._ae
    assoc = ae.associate("127.0.0.1", modality._node, ae_title="COVIDXRAY")
    wanted = question("2.25.7", (CLASS, "1.2.1"))
    status, _ = assoc.send_n_action(wanted, 1, StorageCommitmentPushModel, INSTANCE)
    assert status.Status == 0
    assoc.release()
    until(lambda: bool(asked.said))
    assert "cannot be reached at port" in asked.said[0]
