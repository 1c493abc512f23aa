"""Many films on four associations, while the node is killed and the PACS is away: none is lost, none doubled.

FILMS, KILLS and DOWN (seconds) change how many, how often and how long.
"""

import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support import dicom_node, orthanc
from tests.support.dicom_node import TITLE, film
from tests.support.orthanc import Orthanc

pytestmark = [orthanc.needed, pytest.mark.skipif(shutil.which("dcmsend") is None, reason="needs DCMTK")]
FILMS, KILLS, DOWN = (
    int(os.environ.get(name, usual)) for name, usual in (("FILMS", 1000), ("KILLS", 10), ("DOWN", 60))
)
SENDERS = 4
# Seconds after which the test gives up.
AT_MOST = 3000
# What is sent of each film: a secondary capture and a report.
OF_EACH = 2


class Modality(threading.Thread):
    """Sends films, one association after the other, until each was acknowledged, as a modality does."""

    def __init__(self, films: list[Path], port: int):
        super().__init__(daemon=True)
        self.films, self.port, self.tries, self.is_done = films, port, 0, False

    def run(self) -> None:
        while not self.is_done:
            self.tries += 1
            line = ["dcmsend", "-q", "-aet", "XRAYROOM1", "-aec", TITLE, "-to", "5", "127.0.0.1", str(self.port)]
            line += [str(path) for path in self.films]
            self.is_done = subprocess.run(line, check=False, capture_output=True).returncode == 0
            time.sleep(0.1)


def count(path: Path, query: str) -> int:
    """Return a number out of an SQLite file; 0 before it is made."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=30)) as base:
        try:
            return base.execute(query).fetchone()[0]
        except sqlite3.OperationalError:
            return 0


@contextmanager
def killed_again_and_again(tmp_path: Path, pacs: Orthanc, port: int) -> Iterator[list[int]]:
    """Run a node that is killed each time that so many films more were judged; yield the counts at the kills."""
    store, kills, ended = tmp_path / "results.sqlite", [], threading.Event()
    words = ("--store", store, "--send-to", f"PACS@127.0.0.1:{pacs.port}", "--results", "sc,sr")

    def serve() -> None:
        while not ended.is_set():
            with dicom_node.running(tmp_path / "state", *words, port=port, at_most=AT_MOST) as node:
                while not ended.is_set():
                    found = count(store, "SELECT count(*) FROM films")
                    if len(kills) < KILLS and found >= (len(kills) + 1) * FILMS // (KILLS + 2):
                        kills.append(found)
                        node.kill()
                        break
                    time.sleep(0.05)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield kills
    finally:
        ended.set()
        thread.join()


def test_none_is_lost_and_none_doubled(tmp_path):
    port = dicom_node.free_port()
    films = [film(tmp_path / f"{number}.dcm", number) for number in range(FILMS)]
    pacs = Orthanc(tmp_path / "orthanc", port).start()
    senders = [Modality(films[one::SENDERS], port) for one in range(SENDERS)]
    store, ledger = tmp_path / "results.sqlite", tmp_path / "state" / "node.sqlite"
    end, began, away = time.monotonic() + AT_MOST, time.monotonic(), False
    try:
        with killed_again_and_again(tmp_path, pacs, port) as kills:
            for one in senders:
                one.start()
            while not (all(one.is_done for one in senders) and len(kills) == KILLS and _is_done(store, ledger)):
                assert time.monotonic() < end, f"{count(store, 'SELECT count(*) FROM films')} films were judged"
                if not away and len(kills) >= KILLS // 2:
                    pacs.stop()
                    time.sleep(DOWN)
                    pacs.start()
                    away = True
                time.sleep(0.2)
            seconds = time.monotonic() - began
        found = pacs.get("/statistics")
        counts = (found["CountStudies"], found["CountSeries"], found["CountInstances"])
        assert away
        assert counts == (FILMS, OF_EACH * FILMS, OF_EACH * FILMS)
        assert count(store, "SELECT count(DISTINCT film) FROM films WHERE error IS NULL") == FILMS
        assert count(ledger, "SELECT count(*) FROM films") == FILMS
        assert list((tmp_path / "state").rglob("*.dcm")) == []
    finally:
        pacs.stop()
    tries = sum(one.tries for one in senders)
    print(
        f"{FILMS} films, {tries} associations, killed at {kills}, PACS away for {DOWN} s: all there in {seconds:.0f} s"
    )


def _is_done(store: Path, ledger: Path) -> bool:
    judged = count(store, "SELECT count(*) FROM films") >= FILMS
    waiting = "SELECT (SELECT count(*) FROM films WHERE NOT judged) + (SELECT count(*) FROM results)"
    return judged and count(ledger, waiting) == 0
