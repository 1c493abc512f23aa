"""Mutated films over the network: each is answered, none stops the node, and what it took has an outcome."""

import hashlib
import os
import sqlite3
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from edge_app.bench import process_stats
from edge_app.dicom_network import services
from tests.support import dicom_node, films_to_mutate
from tests.support.dicom_files import DIGITAL_XRAY
from tests.support.dicom_node import NAME, until
from tests.support.films_to_mutate import Film
from tests.support.mutated_films import mutated
from tests.support.plain_peer import NotAnswered, Peer

# `make test-dicom` sends 10,000, and 100,000 with MUTATED=100000; the first of them from FIRST, to try one again.
COUNT, FIRST = int(os.environ.get("MUTATED", "300")), int(os.environ.get("FIRST", "0"))
# Films before them, for what is loaded once; at most this number, and other ones.
BEFORE, SEED_BEFORE = 300, 2
# Associations at a time, fewer than the node takes; films of one; films that may wait to be judged.
PEERS, OF_ONE, WAITING = 4, 200, 100
# Megabytes (PSS) by which node and decoders may be larger in the last quarter than in the first: each of three decoders
# has some 40 once it was needed, the second and third when films are late. Fewer than BEFORE films say nothing of it.
MOST_GROWTH = 120
# Seconds between two tries of a film for which there is no room now, and that one film takes at most, bombs included.
AGAIN, SECONDS = 0.5, 1.0
# Associations on which a film is tried: the node ends one on which nothing comes for 30 seconds, and a busy machine may
# send nothing for so long; a film that ends each of them is a fault.
TRIES = 3
ANSWERS = {services.SUCCESS, services.NOT_OF_CLASS, services.CANNOT_UNDERSTAND}


class Campaign:
    """Sends mutated films on a few associations at a time.

    Attributes:
        answers: how often each status was given.
        acknowledged: SOP Instance UIDs.
        faults: what should not be, in words.
        memory: megabytes (PSS) of node and decoders, as it went on.
    """

    def __init__(self, films: list[Film], node: dicom_node.Running):
        self.answers, self.acknowledged, self.faults, self.memory = Counter(), [], [], []
        self._films, self._node, self._own, self._peers = films, node, threading.local(), []

    def send(self, numbers: range, seed: int) -> None:
        """Send films; measure a hundred times."""
        began = time.monotonic()
        with ThreadPoolExecutor(PEERS) as peers:
            for some in _batches(numbers):
                list(peers.map(lambda number: self._one(number, seed), some))
                assert self._node.process.poll() is None, f"the node has ended before {some[-1]}"
                self.memory.append(process_stats.memory_mb(self._node.process.pid)[1])
                print(
                    f"{some[-1]} {time.monotonic() - began:.0f} s {self.memory[-1]:.0f} MB {self.faults[-3:]}",
                    flush=True,
                )
        for peer in self._peers:
            peer.close()
        self._peers.clear()

    def quarters(self) -> tuple[float, float]:
        """Return the memory in the first and in the last quarter, medians."""
        quarter = max(len(self.memory) // 4, 1)
        return statistics.median(self.memory[:quarter]), statistics.median(self.memory[-quarter:])

    def _one(self, number: int, seed: int) -> None:
        sent = mutated(self._films, number, seed)
        for left in reversed(range(TRIES)):
            try:
                while (status := self._peer().store(sent.uid, sent.syntax, sent.content)) == services.OUT_OF_RESOURCES:
                    time.sleep(AGAIN)
                break
            except (NotAnswered, OSError) as error:
                if getattr(self._own, "peer", None):
                    self._drop()
                if not left:
                    self.faults.append(f"{number} of seed {seed}, {sent.name}: {error!r}")
                    return
        self.answers[status] += 1
        if status not in ANSWERS:
            self.faults.append(f"{number} of seed {seed}, {sent.name}: answered with 0x{status:04X}")
        if status == services.SUCCESS:
            self.acknowledged.append(sent.uid)

    def _peer(self) -> Peer:
        """Return this thread's association, a new one after `OF_ONE` films."""
        if getattr(self._own, "left", 0) == 0:
            if getattr(self._own, "peer", None):
                self._drop()
            self._own.peer = Peer(self._node.port, DIGITAL_XRAY, services.transfer_syntaxes())
            self._peers.append(self._own.peer)
            self._own.left = OF_ONE
        self._own.left -= 1
        return self._own.peer

    def _drop(self) -> None:
        """Close this thread's association."""
        peer, self._own.peer, self._own.left = self._own.peer, None, 0
        self._peers.remove(peer)
        peer.close()


def _batches(numbers: range) -> Iterator[range]:
    """Yield a hundred parts of a range, or as many as it has."""
    step = max(len(numbers) // 100, 1)
    return (numbers[start : start + step] for start in range(0, len(numbers), step))


def rows(path: Path, query: str) -> list[tuple]:
    """Return rows of an SQLite file."""
    with closing(sqlite3.connect(path, timeout=30)) as base:
        return base.execute(query).fetchall()


@pytest.mark.parametrize(("share", "seed", "sends"), [(1, 1, False), (10, 3, True)], ids=["alone", "with a PACS"])
def test_each_is_answered_and_what_is_acknowledged_has_an_outcome(tmp_path, pacs, share, seed, sends):
    state, store, drawn, count = tmp_path / "state", tmp_path / "results.sqlite", tmp_path / "drawn", COUNT // share
    drawn.mkdir()
    words = ["--store", store, "--most-waiting", WAITING]
    words += ["--send-to", f"PACS@127.0.0.1:{pacs.port}", "--results", "sr"] if sends else []
    waiting = "SELECT (SELECT count(*) FROM films WHERE NOT judged) + (SELECT count(*) FROM results)"
    with dicom_node.running(state, *words, at_most=1000 + count * SECONDS) as node:
        campaign = Campaign(films_to_mutate.films(drawn), node)
        campaign.send(range(10**8, 10**8 + min(BEFORE, count)), SEED_BEFORE)
        campaign.memory.clear()
        campaign.send(range(FIRST, FIRST + count), seed)
        until(lambda: rows(state / "node.sqlite", waiting) == [(0,)])
        outcomes = rows(store, "SELECT verdict, error FROM films")
        known = {uid for (uid,) in rows(state / "node.sqlite", "SELECT uid FROM films WHERE judged")}
    first, last = campaign.quarters()
    print(f"{count} mutated films: {campaign.answers}; {first:.0f} MB, then {last:.0f} MB; {len(pacs.stored)} results")
    print(Counter(verdict or error.partition(";")[0] for verdict, error in outcomes).most_common(60))
    assert campaign.faults == []
    assert known == {hashlib.sha256(uid.encode()).hexdigest() for uid in campaign.acknowledged}
    assert len(outcomes) == len(known)
    assert all(verdict or error for verdict, error in outcomes)
    assert bool(pacs.stored) == sends
    assert last - first < MOST_GROWTH or count < BEFORE
    assert [line for line in node.err if "report it" in line or NAME in line] == []
    made = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert {name for name in made if not name.startswith("results.sqlite")} == {"state", "drawn"}
    assert {path.name.split("-")[0] for path in state.rglob("*") if path.is_file()} == {"node.sqlite"}
