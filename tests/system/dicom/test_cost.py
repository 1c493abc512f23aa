"""What the node costs beside the service of a folder: memory when idle, and time from a film's sending to its result.

Both run at the same time, with the released model, on the chest film of pydicom-data; film by film, in turns.
"""

import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from edge_app.bench import process_stats
from edge_app.install.model_registry import default_model
from edge_app.sources import sample
from tests.support import dicom_node
from tests.support.dicom_node import TITLE, free_port, until

pytestmark = pytest.mark.skipif(shutil.which("storescu") is None, reason="needs DCMTK: apt-get install dcmtk")
FILMS = 11
# Megabytes that the node may hold beyond the service of a folder when both are idle; and, of the time there, how much a
# film may take besides what the network takes, which is printed and depends on what else the machine does.
MOST_MORE, TIMES = 90, 1.3


def films(folder: Path) -> list[Path]:
    """Write films that differ in one pixel, with UIDs of their own."""
    data_set = dcmread(sample.path())
    pixels, found = bytearray(data_set.PixelData), []
    folder.mkdir()
    for number in range(2 * FILMS):
        pixels[0] = number
        data_set.PixelData = bytes(pixels)
        data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{number}"
        data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        found.append(folder / f"{number}.dcm")
        data_set.save_as(found[-1], enforce_file_format=True)
    return found


def count(store: Path) -> int:
    with closing(sqlite3.connect(store)) as base:
        return base.execute("SELECT count(*) FROM films WHERE verdict IS NOT NULL").fetchone()[0]


def seconds(begin: Callable[[], None], store: Path) -> float:
    """Return how long it takes from the beginning of something until another result is in a store."""
    before, began = count(store), time.monotonic()
    begin()
    while count(store) == before:
        time.sleep(0.005)
    return time.monotonic() - began


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


def sent(path: Path, port: int, title: str = TITLE) -> None:
    """Send a film, and wait until it is acknowledged."""
    line = ["storescu", "-aec", title, "127.0.0.1", str(port), str(path)]
    subprocess.run(line, check=True, capture_output=True)


@pytest.fixture
def network(tmp_path):
    """Return the port of DCMTK's storescp: what is sent there costs what the network takes."""
    port = free_port()
    process = subprocess.Popen(["storescp", "--ignore", str(port)], cwd=tmp_path)
    yield port
    process.kill()
    process.wait()


def test_memory_and_time_beside_the_service_of_a_folder(tmp_path, network):
    both, stores = films(tmp_path / "films"), [tmp_path / "folder.sqlite", tmp_path / "node.sqlite"]
    inbox, taken = tmp_path / "inbox", {"folder": [], "node": [], "network": []}
    node_flags = ("--store", stores[1], "--send-to", f"STORESCP@127.0.0.1:{network}")
    with (
        folder_service(inbox, stores[0]) as watch,
        dicom_node.running(tmp_path / "state", *node_flags, model=default_model()) as node,
    ):
        until(stores[0].exists)
        time.sleep(5)  # until both have loaded all that they load without a film
        idle = [process_stats.memory_mb(one.pid)[1] for one in (watch, node.process)]
        for number, path in enumerate(both[:FILMS]):
            taken["folder"].append(seconds(lambda path=path: path.rename(inbox / path.name), stores[0]))
            other = both[FILMS + number]
            began = time.monotonic()
            sent(other, network, "STORESCP")
            taken["network"].append(time.monotonic() - began)
            taken["node"].append(seconds(lambda other=other: sent(other, node.port), stores[1]))
        busy = [process_stats.memory_mb(one.pid)[1] for one in (watch, node.process)]
    folder, of_node, of_network = (statistics.median(taken[name][1:]) for name in ("folder", "node", "network"))
    print(f"idle {idle[0]:.0f} MB and {idle[1]:.0f} MB, after {FILMS} films {busy[0]:.0f} and {busy[1]:.0f} MB")
    allowed = TIMES * folder + of_network
    print(
        f"median of a film: folder {folder:.3f} s, network {of_network:.3f} s, node {of_node:.3f} s of {allowed:.3f} s"
    )
    assert idle[1] - idle[0] <= MOST_MORE
