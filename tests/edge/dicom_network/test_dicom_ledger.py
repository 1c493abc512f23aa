"""The node's memory: what it acknowledged is there after a crash, and nothing else is."""

import pytest

from edge_app.dicom_network.ledger import REMEMBERED_DAYS, Ledger
from edge_app.dicom_network.services import USUAL
from edge_app.errors import StoreFault, WrongUsage
from tests.support.dicom_results import CLASS, result

SYNTAX = "1.2.840.10008.1.2.1"


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens the same ledger again, as after a crash: the one before is left as it is."""
    before = []

    def open_(limits=USUAL, keep=False) -> Ledger:
        for one in before:
            one.close()
        before.append(Ledger(tmp_path / "node", limits, keep))
        return before[-1]

    yield open_
    for one in before:
        one.close()


def receive(ledger: Ledger, uid: str = "1.2.3", content: bytes = b"film") -> None:
    arrived = ledger.arriving / "tmp1.dcm"
    arrived.write_bytes(content)
    ledger.add_film(uid, CLASS, SYNTAX, "ab" * 32, arrived)


def test_a_film_waits_until_it_is_judged_and_is_then_deleted(opened):
    ledger = opened()
    receive(ledger)
    ledger = opened()
    ((number, path),) = ledger.waiting(0)
    assert path.read_bytes() == b"film"
    assert ledger.waiting(number) == []
    ledger.judged(number)
    assert not path.exists()
    ledger = opened()
    assert ledger.waiting(0) == []
    assert ledger.film("1.2.3").held is False
    assert ledger.film("1.2.4") is None


def test_a_kept_film_stays_and_only_such_a_film_is_committed_to(opened):
    ledger = opened(keep=True)
    receive(ledger)
    ((number, path),) = ledger.waiting(0)
    ledger.judged(number)
    ledger = opened(keep=True)
    assert path.exists()
    assert ledger.kept("1.2.3") == CLASS
    assert opened(keep=False).kept("1.2.3") is None


def test_what_no_row_names_is_removed_at_the_start(opened):
    ledger = opened()
    receive(ledger)
    for folder in (ledger.arriving, ledger.received, ledger.results):
        (folder / "left.dcm").write_bytes(b"of a power cut")
    ledger = opened()
    assert [path.name for path in ledger.received.iterdir()] == [ledger.waiting(0)[0][1].name]
    assert [*ledger.arriving.iterdir(), *ledger.results.iterdir()] == []


def test_results_wait_until_they_are_sent(opened):
    ledger = opened()
    receive(ledger)
    ledger.judged(1, [result("1.9.1"), result("1.9.2")])
    ledger = opened()
    first, second = ledger.to_send()
    assert (first.uid, second.uid) == ("1.9.1", "1.9.2")
    ledger.sent(first, to_commit=False)
    assert [one.uid for one in ledger.to_send()] == ["1.9.2"]
    assert not first.path.exists() and second.path.exists()


def test_a_committed_result_is_done_and_one_that_the_pacs_lost_is_sent_again(opened):
    ledger = opened()
    receive(ledger)
    ledger.judged(1, [result("1.9.1"), result("1.9.2")])
    for item in ledger.to_send():
        ledger.sent(item, to_commit=True)
    ledger.asked(ledger.to_commit(), "2.25.7")
    assert ledger.committed("2.25.8", ["1.9.1"], ["1.9.2"]) == 0  # the answer to another question
    assert ledger.committed("", ["1.9.1"], ["1.9.2"]) == 0
    assert len(ledger.to_commit()) == 2
    assert ledger.committed("2.25.7", ["1.9.1", "9.9"], ["1.9.2"]) == 1
    ledger = opened()
    assert [(one.uid, one.refusals) for one in ledger.to_send()] == [("1.9.2", 1)]
    assert ledger.to_commit() == []


def test_results_that_cannot_be_written_leave_the_film_to_be_judged_again(opened):
    ledger = opened()
    receive(ledger)
    broken = result("1.9.2")
    del broken.file_meta
    with pytest.raises(Exception, match=r"(?i)transfer syntax|encod"):
        ledger.judged(1, [result("1.9.1"), broken])
    ledger = opened()
    assert len(ledger.waiting(0)) == 1
    assert ledger.to_send() == []
    assert list(ledger.results.iterdir()) == []


def test_there_is_room_until_too_many_films_or_results_wait_or_the_disk_is_full(opened):
    ledger = opened(USUAL._replace(waiting=2))
    assert ledger.has_room()
    receive(ledger, "1.2.1")
    assert ledger.has_room()
    receive(ledger, "1.2.2")
    assert not ledger.has_room()
    ledger.judged(1, [result("1.9.1"), result("1.9.2")])
    assert not ledger.has_room()
    ledger.judged(2)
    ledger.sent(ledger.to_send()[0], to_commit=False)
    assert ledger.has_room()
    assert not opened(USUAL._replace(free=1 << 60)).has_room()


def test_no_uid_of_a_film_is_in_the_file_and_a_judged_one_is_forgotten(opened, tmp_path, monkeypatch):
    uid = "1.2.826.0.1.3680043.8.498.77777"
    ledger = opened()
    receive(ledger, uid)
    ledger.judged(1)
    files = [path.read_bytes() for path in (tmp_path / "node").glob("node.sqlite*")]
    assert files and not any(uid.encode() in content for content in files)
    from edge_app.dicom_network import ledger as module

    monkeypatch.setattr(module, "_today", lambda: 10**6 + REMEMBERED_DAYS)
    receive(ledger, "1.2.4")
    ledger.judged(2)
    assert ledger.film(uid) is None
    assert ledger.film("1.2.4") is not None


def test_two_nodes_never_share_a_folder(opened, tmp_path):
    opened()
    with pytest.raises(WrongUsage, match="another DICOM node uses this folder"):
        Ledger(tmp_path / "node", USUAL)


def test_a_file_of_a_newer_program_or_of_none_is_refused(opened, tmp_path):
    ledger = opened()
    with ledger._list.reading() as base:
        base.execute("PRAGMA user_version=99")
    with pytest.raises(StoreFault, match="newer program"):
        opened()
    other = tmp_path / "other"
    other.mkdir()
    (other / "node.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreFault, match="not a database"):
        Ledger(other, USUAL)
    (tmp_path / "file").touch()
    with pytest.raises(WrongUsage, match="cannot be used"):
        Ledger(tmp_path / "file", USUAL)
