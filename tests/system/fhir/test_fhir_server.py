"""The node's results on a FHIR server that nobody here wrote, Medplum's: all of them, once each.

The server is stopped while it has a request, the node is killed meanwhile, and both go on: the answer is lost.
"""

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import dicom_node
from tests.support.dicom_node import film, free_port, stored, until

# `make test-fhir` installs it there.
FOLDER = Path(os.environ.get("FHIR_SERVER", "build/fhir"))
pytestmark = pytest.mark.skipif(not (FOLDER / "node_modules").is_dir(), reason="needs Medplum: make test-fhir")
ROUNDS, FILMS = 5, 6


@contextmanager
def medplum(port: int) -> Iterator[subprocess.Popen]:
    """Run the server beside the test."""
    line = ["node", str(FOLDER / "server.mjs"), str(port)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def count(port: int, kind: str) -> int:
    """Return how many resources of a type the server keeps."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/fhir/{kind}?_summary=count") as answer:
        return json.load(answer)["total"]


def first(port: int, kind: str) -> dict:
    """Return one resource of a type."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/fhir/{kind}?_count=1") as answer:
        return json.load(answer)["entry"][0]["resource"]


def test_none_is_lost_and_none_doubled_on_medplums_server(tmp_path):
    fhir, port, posts = free_port(), free_port(), tmp_path / "state" / "posts"
    words = ("--store", tmp_path / "results.sqlite", "--fhir", f"http://127.0.0.1:{fhir}/fhir")
    with medplum(fhir) as server:
        for turn in range(ROUNDS):
            with dicom_node.running(tmp_path / "state", *words, port=port) as node:
                until(lambda: not list(posts.iterdir()))
                server.send_signal(signal.SIGSTOP)
                stored(port, *(film(tmp_path / f"{n}.dcm", n) for n in range(turn * FILMS, (turn + 1) * FILMS)))
                until(lambda: list(posts.iterdir()))  # one of them is under way, or will be
                node.kill()
            server.send_signal(signal.SIGCONT)
        with dicom_node.running(tmp_path / "state", *words, port=port):
            until(lambda: count(fhir, "DiagnosticReport") == ROUNDS * FILMS and not list(posts.iterdir()))
        assert [count(fhir, kind) for kind in ("Device", "Observation")] == [1, 2 * ROUNDS * FILMS]
        report = first(fhir, "DiagnosticReport")
        assert {one["reference"].partition("/")[0] for one in report["result"]} == {"Observation"}
        assert first(fhir, "Observation")["device"]["reference"].startswith("Device/")
