"""Results reach the FHIR server once each: when it is there, when it comes back, and when it refuses some."""

import sqlite3

import pytest

from edge_app.dicom_network import poster
from edge_app.dicom_network.ledger import Ledger
from edge_app.dicom_network.poster import Poster
from edge_app.dicom_network.rounds import Backoff
from edge_app.dicom_network.services import USUAL, Limits
from edge_app.fhir.server import FhirServer as Target
from tests.support.dicom_node import free_port, until
from tests.support.dicom_results import CLASS
from tests.support.fhir_server import FhirServer

NOTE = "Canary"


def bundle(number: int) -> dict:
    """Return a transaction of one resource, valid R4."""
    named = {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:2.25.{number}"}
    device = {"resourceType": "Device", "identifier": [named], "note": [{"text": NOTE}]}
    request = {"method": "POST", "url": "Device", "ifNoneExist": f"identifier={named['system']}|{named['value']}"}
    entry = {"fullUrl": f"urn:uuid:00000000-0000-4000-8000-{number:012}", "resource": device, "request": request}
    return {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}


def make(ledger: Ledger, *numbers: int) -> None:
    """Have the results of films wait."""
    for number in numbers:
        path = ledger.arriving / "film.dcm"
        path.write_bytes(b"film")
        ledger.add_film(f"1.2.{number}", CLASS, "1.2.840.10008.1.2.1", "ab" * 32, path)
        ((found, _),) = ledger.waiting(0)
        ledger.judged(found, (), bundle(number))


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens the ledger again, as after a crash."""
    before = []

    def open_(limits=USUAL) -> Ledger:
        for one in before:
            one.close()
        before.append(Ledger(tmp_path / "node", limits))
        return before[-1]

    yield open_
    before[-1].close()


@pytest.fixture
def posting(monkeypatch):
    """Return a function that starts a poster; what it says is in `said`, the faults that it tells in `faults`."""
    monkeypatch.setattr(poster, "Backoff", lambda: Backoff(0.02, 0.05))
    monkeypatch.setattr(poster, "LOOK", 0.02)
    begun = []

    def begin(base: str, ledger: Ledger) -> Poster:
        begun.append(Poster(Target(base), ledger.posts, begin.said.append, begin.faults.append))
        begun[-1].start()
        return begun[-1]

    begin.said, begin.faults = [], []
    yield begin
    for one in begun:
        one.stop()


@pytest.fixture
def server():
    found = FhirServer()
    yield found
    found.close()


def values(server: FhirServer) -> list[int]:
    """Return the numbers of what a server keeps, in the order in which it came."""
    return [int(one["identifier"][0]["value"].rpartition(".")[2]) for one in server.of("Device")]


def test_results_are_posted_in_turn_and_are_then_gone_from_here(opened, server, posting):
    ledger = opened()
    make(ledger, 1, 2)
    posting(server.base, ledger)
    make(ledger, 3)
    until(lambda: not ledger.posts.waiting(1) and not list(ledger.posts.folder.iterdir()))
    assert values(server) == [1, 2, 3]
    assert posting.said == [] and set(posting.faults) == {""}


def test_results_wait_for_a_server_that_is_away(opened, posting):
    ledger, port = opened(), free_port()
    make(ledger, 1)
    posting(f"http://127.0.0.1:{port}/fhir", ledger)
    until(lambda: any("Results wait" in words for words in posting.said))
    server = FhirServer(port)
    until(lambda: not ledger.posts.waiting(1))
    assert values(server) == [1] and posting.faults == [""]
    until(lambda: f"{server.base}: takes results again." in posting.said)
    server.close()


def test_a_result_whose_answer_was_lost_is_not_doubled(opened, server, posting):
    ledger = opened()
    server.statuses = ["lost", "lost"]
    make(ledger, 1)
    posting(server.base, ledger)
    until(lambda: not ledger.posts.waiting(1))
    assert values(server) == [1] and len(server.requests) == 3


def test_what_waits_is_posted_after_a_crash(opened, server, posting):
    ledger = opened()
    make(ledger, 1, 2)
    (ledger.posts.folder / "half.json").write_text("{")  # of a power cut in the middle
    ledger = opened()
    assert len(list(ledger.posts.folder.iterdir())) == 2
    posting(server.base, ledger)
    until(lambda: not ledger.posts.waiting(1))
    assert values(server) == [1, 2]


def test_a_result_that_is_refused_for_good_is_given_up_and_told_without_its_patient(opened, server, posting):
    ledger = opened()
    server.statuses = [422]
    make(ledger, 1, 2)
    posting(server.base, ledger)
    until(lambda: not ledger.posts.waiting(1))
    assert values(server) == [2] and list(ledger.posts.folder.iterdir()) == []
    (told,) = posting.said
    assert "answered 422" in told and "A result is given up" in told and NOTE not in told
    assert posting.faults == [told, ""]


def test_a_wrong_login_loses_nothing_and_is_told_as_a_fault(opened, server, posting):
    ledger = opened()
    server.login = "Bearer right"
    make(ledger, 1)
    posting(server.base, ledger)
    until(lambda: len(posting.said) > 1)
    assert len(ledger.posts.waiting(9)) == 1 and all("answered 401" in words for words in posting.faults)
    server.login = ""
    until(lambda: not ledger.posts.waiting(1))
    assert values(server) == [1] and posting.faults[-1] == ""


def test_a_result_that_the_server_stumbles_over_holds_up_no_other(opened, server, posting):
    ledger = opened()
    server.statuses = [500]
    make(ledger, 1, 2, 3)
    posting(server.base, ledger)
    until(lambda: not ledger.posts.waiting(1))
    assert values(server)[0] == 2 and sorted(values(server)) == [1, 2, 3]


def test_films_are_not_taken_while_too_many_results_wait(opened):
    ledger = opened(Limits(waiting=2, free=0))
    make(ledger, 1)
    assert ledger.has_room()
    make(ledger, 2)
    assert not ledger.has_room()


def test_a_ledger_of_a_program_without_fhir_is_opened_and_stays_readable_for_it(opened, tmp_path):
    opened().close()
    with sqlite3.connect(tmp_path / "node" / "node.sqlite") as base:
        base.execute("DROP TABLE posts")
    base.close()
    ledger = opened()
    make(ledger, 1)
    assert len(ledger.posts.waiting(9)) == 1
    with sqlite3.connect(tmp_path / "node" / "node.sqlite") as base:
        assert base.execute("PRAGMA user_version").fetchone() == (1,)
    base.close()
