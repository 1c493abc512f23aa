"""Results reach the PACS: when it is there, when it comes back, and when it refuses some."""

import threading

import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_role
from pynetdicom.sop_class import StorageCommitmentPushModel

from edge_app.dicom_network import peers, sender
from edge_app.dicom_network.commitment import entity
from edge_app.dicom_network.ledger import Ledger
from edge_app.dicom_network.peers import AllowList, Peer
from edge_app.dicom_network.sender import Backoff, Sender
from edge_app.dicom_network.server import Server
from edge_app.dicom_network.services import USUAL
from tests.support.dicom_node import Pacs, free_port, until
from tests.support.dicom_results import CLASS, reference, result
from tests.support.dicom_results import question as asked_with

# Longer than anything here may take.
AT_MOST = 60
INSTANCE = "1.2.840.10008.1.20.1.1"


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "node", USUAL)
    yield found
    found.close()


@pytest.fixture
def sending(ledger, monkeypatch):
    """Return a function that starts a sender to a port; what it says is in `sending.said`."""
    monkeypatch.setattr(sender, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(sender, "LONGEST_WAIT", 0.2)
    monkeypatch.setattr(sender, "LOOK", 0.05)
    monkeypatch.setattr(sender, "ANSWER", 0.5)
    begun = []

    def begin(port: int, commit: bool = False) -> Sender:
        begun.append(Sender("COVIDXRAY", Peer("PACS", "127.0.0.1", port), ledger, begin.said.append, None, commit))
        begun[-1]._backoff = Backoff(0.05, 0.2)
        begun[-1].start()
        return begun[-1]

    begin.said = []
    yield begin
    for one in begun:
        one.stop()


def make(ledger: Ledger, *uids: str) -> None:
    """Have results wait, of one film."""
    path = ledger.arriving / "film.dcm"
    path.write_bytes(b"film")
    ledger.add_film(f"1.2.{uids[0]}", CLASS, "1.2.840.10008.1.2.1", "ab" * 32, path)
    ((number, _),) = ledger.waiting(0)
    ledger.judged(number, map(result, uids))


def test_results_are_sent_and_are_then_gone_from_here(ledger, pacs, sending):
    sending(pacs.port)
    make(ledger, "1.9.1", "1.9.2")
    until(lambda: not ledger.to_send() and not list(ledger.results.iterdir()))
    assert sorted(pacs.stored) == ["1.9.1", "1.9.2"]


def test_results_wait_for_a_pacs_that_is_not_there(ledger, sending):
    port = free_port()
    sending(port)
    make(ledger, "1.9.1")
    until(lambda: any("results wait" in words for words in sending.said))
    assert [one.uid for one in ledger.to_send()] == ["1.9.1"]
    pacs = Pacs(port)
    until(lambda: not ledger.to_send())
    assert pacs.stored == ["1.9.1"]
    until(lambda: f"PACS@127.0.0.1:{port}: takes results again." in sending.said)
    pacs.close()


def test_a_pacs_that_is_full_for_now_gets_the_result_again_and_never_loses_it(ledger, pacs, sending):
    pacs.answers = [0xA700] * (sender.MOST_REFUSALS + 1)
    sending(pacs.port)
    make(ledger, "1.9.1")
    until(lambda: pacs.stored == ["1.9.1"])


def test_a_result_that_the_pacs_refuses_is_given_up_in_the_end_and_blocks_no_other(ledger, pacs, sending):
    pacs.answers = [0xC000] * sender.MOST_REFUSALS
    sending(pacs.port)
    make(ledger, "1.9.1")
    until(lambda: pacs.answers != [0xC000] * sender.MOST_REFUSALS)
    until(lambda: not ledger.to_send())
    assert pacs.stored == []
    assert [words for words in sending.said if "given up" in words and "0xC000" in words]
    make(ledger, "1.9.2")
    until(lambda: pacs.stored == ["1.9.2"])


def test_a_pacs_that_takes_no_such_kind_of_object_does_not_block_the_others(ledger, sending):
    pacs = Pacs(without=CLASS)
    sending(pacs.port)
    make(ledger, "1.9.1")
    until(lambda: not ledger.to_send())
    assert pacs.stored == []
    assert any("given up" in words for words in sending.said)
    pacs.close()


def test_a_warning_means_that_it_is_stored(ledger, pacs, sending):
    pacs.answers = [0xB000]
    sending(pacs.port)
    make(ledger, "1.9.1")
    until(lambda: not ledger.to_send())
    assert pacs.answers == []


def test_what_was_not_acknowledged_is_sent_again_after_a_stop(ledger, pacs, sending):
    make(ledger, "1.9.1")
    sending(free_port()).stop()
    sending(pacs.port)
    until(lambda: pacs.stored == ["1.9.1"])


def test_with_commitment_results_stay_until_the_pacs_commits_itself(ledger, pacs, sending):
    server = Server("COVIDXRAY", ("127.0.0.1", 0), AllowList(peers.loopback()), ledger, sending.said.append,
                    pacs=Peer("PACS", "127.0.0.1", pacs.port))  # fmt: skip
    server.start()
    sending(pacs.port, commit=True)
    make(ledger, "1.9.1", "1.9.2")
    assert pacs.asked.wait(AT_MOST)
    (question,) = pacs.questions
    assert [one.ReferencedSOPInstanceUID for one in question.ReferencedSOPSequence] == ["1.9.1", "1.9.2"]
    assert [one.uid for one in ledger.to_commit()] == ["1.9.1", "1.9.2"]
    assert report(server.port, "SOMEBODY", question, ["1.9.1", "1.9.2"]) == 0x0124  # it is not the PACS
    assert len(ledger.to_commit()) == 2
    assert report(server.port, "PACS", question, ["1.9.1"], failed=["1.9.2"]) == 0
    until(lambda: sorted(pacs.stored) == ["1.9.1", "1.9.2", "1.9.2"])  # what it has not got is sent again
    server.stop()


def report(port: int, title: str, question: Dataset, good: list[str], failed: list[str] = ()) -> int:
    """Report on a question over an association of the PACS's own; return the status of the answer."""
    ae = entity(title)
    ae.add_requested_context(StorageCommitmentPushModel)
    roles = [build_role(StorageCommitmentPushModel, scp_role=True)]
    assoc = ae.associate("127.0.0.1", port, ae_title="COVIDXRAY", ext_neg=roles)
    said = asked_with(question.TransactionUID, *((CLASS, uid) for uid in good))
    if failed:
        said.FailedSOPSequence = [reference(CLASS, uid) for uid in failed]
    status, _ = assoc.send_n_event_report(said, 2 if failed else 1, StorageCommitmentPushModel, INSTANCE)
    assoc.release()
    return status.Status


def test_waits_grow_up_to_a_limit_and_differ_by_chance():
    backoff = Backoff(1, 8)
    assert not backoff.done()
    waits = [backoff.failed() for _ in range(6)]
    assert all(longest / 2 <= wait <= longest for wait, longest in zip(waits, [1, 2, 4, 8, 8, 8], strict=True))
    assert backoff.done()
    assert backoff.failed() <= 1
    assert len({Backoff(1, 8).failed() for _ in range(10)}) > 1


def test_a_sender_stops_while_it_waits_for_a_pacs(ledger, sending):
    begun = sending(free_port())
    make(ledger, "1.9.1")
    until(lambda: bool(sending.said))
    begun._backoff = Backoff(1e6, 1e6)
    begun.stop()
    assert "dicom-sender" not in {thread.name for thread in threading.enumerate()}
