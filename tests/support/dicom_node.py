"""The DICOM node beside a test, the films that are sent to it, and a PACS that takes what it sends."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film
from tests.support.golden import GOLDEN
from tests.support.ports import free_port as free_port  # of a node or a PACS that comes later

ROOT = Path(__file__).parents[2]
TITLE = "COVIDXRAY"
# Longer than anything here may take; a node that says nothing is ended by it and fails.
AT_MOST = 100
NAME = "Canary^Name"


def film(path: Path, number: int = 1, size: tuple[int, int] = (240, 200), **elements) -> Path:
    """Write a film with UIDs of its own, by its number."""
    uid = f"1.2.826.0.1.3680043.8.498.{number}"
    elements = {
        "SOPInstanceUID": uid,
        "StudyInstanceUID": f"{uid}.1",
        "SeriesInstanceUID": f"{uid}.2",
        "PatientName": NAME,
        "PatientID": f"P{number}",
    } | elements
    write_dicom(path, draw_film(1000 + number, *size), **elements)
    data_set = dcmread(path, force=True)
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    data_set.save_as(path, enforce_file_format=True)
    return path


class Running:
    """A node that runs.

    Attributes:
        port: on which it listens.
        err: lines of stderr so far.
    """

    def __init__(self, process: subprocess.Popen):
        self.process, self.err, self.port = process, [], 0
        for line in process.stderr:
            self.err.append(line)
            if found := re.search(r"^Listening as \S+ at \S+:(\d+)", line):
                self.port = int(found[1])
                break
        assert self.port, "".join(self.err)
        self._listener = threading.Thread(target=lambda: self.err.extend(process.stderr))
        self._listener.start()

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send a signal, and wait for the end."""
        self.process.send_signal(number)
        code = self.process.wait(AT_MOST)
        self._listener.join()
        self.process.stderr.close()
        return code


@contextlib.contextmanager
def running(
    state: Path, *words, port: int = 0, model: Path = GOLDEN / "tiny-int8.tflite", at_most: float = 10 * AT_MOST
) -> Iterator[Running]:
    """Run `dicom-node` beside the test, and end it after `at_most` seconds if it still runs."""
    line = [
        sys.executable,
        "-m",
        "edge_app",
        "dicom-node",
        "--model",
        str(model),
        "--threads",
        "1",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(
        [*line, "--state", str(state), *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    killer = threading.Timer(at_most, process.kill)
    killer.start()
    try:
        node = Running(process)
        yield node
        node.kill()
    finally:
        killer.cancel()
        process.kill()
        process.wait()


def closed(event) -> None:
    """Close the socket of an association that has ended; a server of pynetdicom leaves it to the garbage collector."""
    if event.assoc.dul.socket.socket is not None:
        event.assoc.dul.socket.socket.close()


def stored(port: int, *films: Path) -> None:
    """Send films by DCMTK's storescu; all of them are taken."""
    line = ["storescu", "-aet", "XRAYROOM1", "-aec", TITLE, "127.0.0.1", str(port), *map(str, films)]
    subprocess.run(line, check=True, capture_output=True, timeout=AT_MOST)


class Pacs:
    """A PACS in this process.

    Attributes:
        stored: SOP Instance UIDs of what it took, as often as it came.
        answers: statuses to give next, in this order; after them success.
        questions: what commitment was asked for: data sets of N-ACTION.
    """

    def __init__(self, port: int = 0, title: str = "PACS", without: str = ""):
        from pynetdicom import AE, AllStoragePresentationContexts, evt
        from pynetdicom.sop_class import ComprehensiveSRStorage, StorageCommitmentPushModel, Verification

        self.stored: list[str] = []
        self.answers: list[int] = []
        self.questions: list[Dataset] = []
        self.asked = threading.Event()
        ae = AE(title)
        ae.require_called_aet = True
        for context in AllStoragePresentationContexts[:120]:
            if context.abstract_syntax != without:
                ae.add_supported_context(context.abstract_syntax)
        ae.add_supported_context(ComprehensiveSRStorage)
        ae.add_supported_context(Verification)
        ae.add_supported_context(StorageCommitmentPushModel)
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_N_ACTION, self._ask), (evt.EVT_CONN_CLOSE, closed)]
        self._server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
        self.port = self._server.server_address[1]

    def close(self) -> None:
        """Go away."""
        self._server.shutdown()

    def _store(self, event) -> int:
        status = self.answers.pop(0) if self.answers else 0
        if not status:
            self.stored.append(str(event.request.AffectedSOPInstanceUID))
        return status

    def _ask(self, event) -> tuple[int, None]:
        self.questions.append(event.action_information)
        self.asked.set()
        return 0, None


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + AT_MOST
    while not holds():
        assert time.monotonic() < end, "it has not come about"
        time.sleep(0.02)
