"""Peers that break the protocol: each association ends, the node goes on, and nothing is left of it."""

import os
import re
import socket
import struct
from pathlib import Path

import pytest

from edge_app.dicom_network import services
from tests.support import dicom_node, mutated_associations
from tests.support.dicom_node import film, until
from tests.support.mutated_associations import mutations, recorded, send, send_all

# `make test-dicom` sends 10,000.
COUNT = int(os.environ.get("MUTATIONS", "300"))
# Megabytes by which the node may grow: what the first associations make it load and cache.
MOST_GROWTH = 30
ABORT, ACCEPT = 7, 2


def megabytes(pid: int) -> int:
    """Return a process's memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) >> 10


@pytest.fixture
def node(tmp_path):
    """Return a node, and what is said to one in four good associations."""
    words = ("--store", tmp_path / "results.sqlite")
    with dicom_node.running(tmp_path / "state", *words, at_most=1000 + COUNT) as node:
        node.good = recorded(node.port, film(tmp_path / "film.dcm"))
        yield node


def test_mutated_associations_end_and_leave_nothing(node, tmp_path):
    send_all(node.port, mutations(node.good, 50, seed=2))  # what is loaded once
    before = megabytes(node.process.pid)
    answered = send_all(node.port, mutations(node.good, COUNT))
    assert answered > COUNT // 2
    assert node.process.poll() is None
    until(lambda: list((tmp_path / "state" / "arriving").iterdir()) == [])
    assert megabytes(node.process.pid) - before < MOST_GROWTH
    assert send(node.port, node.good[0])[0] == ACCEPT
    made = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert {name for name in made if not name.startswith("results.sqlite")} == {"state", "film.dcm"}
    print(f"{COUNT} mutated associations, {answered} answered; {before} MB, then {megabytes(node.process.pid)} MB")


def test_a_pdu_that_says_it_has_gigabytes_is_aborted_at_once(node):
    answer = send(node.port, [struct.pack(">BBL", 1, 0, services.MOST_PDU + 1)])
    assert answer[0] == ABORT
    assert len(answer) == 10
    told(node, "127.0.0.1: association aborted (a PDU of 1,048,577 bytes; at most 1,048,576 are taken).")


def told(node, sentence: str) -> None:
    """Wait until the journal has a sentence."""
    until(lambda: f"{sentence}\n" in node.err)


def pdv(context: int, control: int, content: bytes) -> bytes:
    """Return a P-DATA-TF of one fragment (PS3.8 9.3.5)."""
    item = struct.pack(">LBB", len(content) + 2, context, control) + content
    return struct.pack(">BBL", 4, 0, len(item)) + item


def test_a_command_without_an_end_is_aborted(node):
    endless = pdv(1, 1, bytes(60000))
    assert answers(send(node.port, [node.good[0][0], endless * 3])) == [ACCEPT, ABORT]
    told(node, "127.0.0.1: association aborted (a command, a data set or requests ahead beyond the limits).")


def test_a_data_set_without_a_command_is_not_collected_in_memory(node):
    endless = pdv(1, 0, bytes(60000))
    assert answers(send(node.port, [node.good[0][0], endless * 30])) == [ACCEPT, ABORT]


def test_requests_that_wait_for_no_answer_are_aborted(node):
    echo = node.good[0][1]
    assert answers(send(node.port, [node.good[0][0], echo * 2000]))[-1] == ABORT


def test_reports_start_no_threads_without_end(node):
    status = Path(f"/proc/{node.process.pid}/status")
    send(node.port, [node.good[3][0], b"".join(node.good[3][1:-1]) * 3000])
    assert int(re.search(r"Threads:\s+(\d+)", status.read_text())[1]) <= services.MOST_THREADS
    assert answers(send(node.port, node.good[0]))[0] == ACCEPT


def answers(content: bytes) -> list[int]:
    """Return the types of the PDUs of an answer."""
    found = []
    while content:
        found.append(content[0])
        content = content[6 + struct.unpack_from(">L", content, 2)[0] :]
    return found


def test_more_associations_than_allowed_are_told_so_and_the_next_is_served(tmp_path):
    with dicom_node.running(tmp_path / "state", "--most-associations", "2") as node:
        good = recorded(node.port, film(tmp_path / "film.dcm"))[0]
        held: list[socket.socket] = []

        def hold() -> bool:
            """Hold one association more; in vain while the node still ends one of those before."""
            held.append(socket.create_connection(("127.0.0.1", node.port)))
            held[-1].sendall(good[0])
            if held[-1].recv(1)[:1] == bytes([ACCEPT]):
                return True
            held.pop().close()
            return False

        for _ in range(2):
            until(hold)
        rejected = send(node.port, [good[0]])
        assert rejected[:1] + rejected[7:10] == bytes((3, 2, 3, 2))  # transient, presentation, local limit exceeded
        told(node, "XRAYROOM1@127.0.0.1: rejected, since all associations of --most-associations are in use.")
        flood = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(60)]
        told(node, "127.0.0.1: connection closed (too many connections at a time).")
        for one in (*held, *flood):
            one.close()
        until(lambda: answers(send(node.port, [good[0]]))[:1] == [ACCEPT])
    assert services.USUAL.associations > mutated_associations.PEERS
