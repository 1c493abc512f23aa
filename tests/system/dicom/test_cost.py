"""What the node costs beside the service of a folder: memory when idle, and time from a film's sending to its result.

Both run at the same time, with the released model, on the chest film of pydicom-data. Times are compared film by film:
folder, network and node come one after the other, so that what else the machine does slows all three, and the order
changes from turn to turn. FILMS is how many turns there are.
"""

import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from math import comb
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom.dsutils import encode

from edge_app.bench import process_stats
from edge_app.install.model_registry import default_model
from edge_app.sources import sample
from tests.support import dicom_node
from tests.support.dicom_node import free_port, until
from tests.support.plain_peer import Peer

pytestmark = pytest.mark.skipif(shutil.which("storescp") is None, reason="needs DCMTK: apt-get install dcmtk")
TURNS = int(os.environ.get("FILMS", "25"))
# Turns before them, for what is loaded once.
BEFORE = 2
# Megabytes that the node may hold beyond the service of a folder when both are idle; and, of the time there, how much a
# film may take besides what the network takes, which is printed and depends on what else the machine does.
MOST_MORE, TIMES = 90, 1.3
# The median lies between two of the sorted figures with at least this probability, whatever their distribution is.
CONFIDENCE = 0.95


class Film:
    """A film: its SOP Class and Instance UID, its file, and its data set as a peer sends it."""

    def __init__(self, folder: Path, number: int):
        """Write the sample film with another pixel and UIDs of its own."""
        data_set = dcmread(sample.path())
        pixels = bytearray(data_set.PixelData)
        pixels[0] = number
        self.uid = f"1.2.826.0.1.3680043.8.498.{number}"
        data_set.PixelData = bytes(pixels)
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = self.uid
        data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        self.sop_class, self.path = str(data_set.SOPClassUID), folder / f"{number}.dcm"
        data_set.save_as(self.path, enforce_file_format=True)
        self.content = encode(data_set, False, True)

    def send(self, peer: Peer) -> None:
        """Send it; it is acknowledged at the return."""
        assert peer.store(self.uid, ExplicitVRLittleEndian, self.content) == 0


def count(store: Path) -> int:
    with closing(sqlite3.connect(store)) as base:
        return base.execute("SELECT count(*) FROM films WHERE verdict IS NOT NULL").fetchone()[0]


def seconds(begin: Callable[[], object], store: Path | None = None) -> float:
    """Return how long something takes, with a store until another result is there."""
    before, began = count(store) if store else 0, time.perf_counter()
    begin()
    while store and count(store) == before:
        time.sleep(0.002)
    return time.perf_counter() - began


def of_median(figures: list[float]) -> tuple[float, float, float]:
    """Return the median and the two figures between which it lies with the probability `CONFIDENCE`, by their ranks."""
    found, below, outside = sorted(figures), 0, 0.0
    while (outside := outside + 2 * comb(len(found), below) / 2 ** len(found)) < 1 - CONFIDENCE:
        below += 1
    rank = max(below - 1, 0)
    return statistics.median(found), found[rank], found[-1 - rank]


@contextmanager
def folder_service(inbox: Path, store: Path) -> Iterator[subprocess.Popen]:
    inbox.mkdir()
    line = [sys.executable, "-m", "edge_app", "watch", str(inbox), "--store", str(store), "--interval", "0.01"]
    line += ["--threads", "1", "--model", str(default_model())]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def network(tmp_path):
    """Return the port of DCMTK's storescp: what is sent there costs what the network takes."""
    port = free_port()
    process = subprocess.Popen(["storescp", "--ignore", "--max-pdu", "65536", str(port)], cwd=tmp_path)
    yield port
    process.kill()
    process.wait()


def test_memory_and_time_beside_the_service_of_a_folder(tmp_path, network):
    folder, stores, inbox = (
        tmp_path / "films",
        [tmp_path / "folder.sqlite", tmp_path / "node.sqlite"],
        tmp_path / "inbox",
    )
    folder.mkdir()
    node_flags = ("--store", stores[1], "--send-to", f"STORESCP@127.0.0.1:{network}")
    with (
        folder_service(inbox, stores[0]) as watch,
        dicom_node.running(tmp_path / "state", *node_flags, model=default_model()) as node,
    ):
        until(stores[0].exists)
        time.sleep(5)  # until both have loaded all that they load without a film
        idle = [process_stats.memory_mb(one.pid)[1] for one in (watch, node.process)]
        taken = turns(folder, inbox, stores, (network, node.port))[BEFORE:]
        busy = [process_stats.memory_mb(one.pid)[1] for one in (watch, node.process)]
    print(f"idle {idle[0]:.0f} MB and {idle[1]:.0f} MB, after {TURNS} films {busy[0]:.0f} and {busy[1]:.0f} MB")
    for name, figures in zip(("folder", "network", "node"), zip(*taken, strict=True), strict=True):
        print("{}: median {:.3f} s ({:.3f} to {:.3f})".format(name, *of_median(list(figures))))
    ratios = [(by_node - by_network) / by_folder for by_folder, by_network, by_node in taken]
    print("node less network, over folder: median {:.2f} ({:.2f} to {:.2f})".format(*of_median(ratios)), end="")
    print(f"; at most {TIMES} is asked for")
    assert idle[1] - idle[0] <= MOST_MORE


def turns(folder: Path, inbox: Path, stores: list[Path], ports: tuple[int, int]) -> list[list[float]]:
    """Judge films by folder, send others to a receiver, and judge others by node; return the seconds of each turn."""
    taken = []
    for number in range(BEFORE + TURNS):
        films = [Film(folder, 3 * number + one) for one in range(3)]
        peers = [Peer(port, films[0].sop_class, [ExplicitVRLittleEndian]) for port in ports]
        steps = (
            lambda films=films: seconds(lambda: films[0].path.rename(inbox / films[0].path.name), stores[0]),
            lambda films=films, peers=peers: seconds(lambda: films[1].send(peers[0])),
            lambda films=films, peers=peers: seconds(lambda: films[2].send(peers[1]), stores[1]),
        )
        found = [0.0] * 3
        for step in (number % 3, (number + 1) % 3, (number + 2) % 3):
            found[step] = steps[step]()
        taken.append(found)
        for peer in peers:
            peer.close()
        for film in films:
            film.path.unlink(missing_ok=True)
    return taken
