"""A cluster of two nodes, each with an address of its own: both judge, and when one dies the other ends the work."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from edge_app.bench import process_stats
from tests.support import archives

FILMS = 96
RAY = Path(sys.executable).with_name("ray")


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.2", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def node(environment: dict[str, str], *words: str):
    """Run a node of one core, which the cluster knows, until the block ends."""
    command = [RAY, "start", "--block", "--num-cpus=1", "--object-store-memory=100000000", *words]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as started:
        try:
            assert any("Ray runtime started" in line for line in started.stdout)
            yield started
        finally:
            kill(started)


def kill(started: subprocess.Popen) -> None:
    """End a node with all its processes, as when its machine loses power."""
    for pid in process_stats.members(started.pid) if started.poll() is None else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def cluster(tmp_path_factory):
    """Return (address, environment, second node)."""
    port = _free()
    environment = os.environ | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    head = ["--head", "--node-ip-address=127.0.0.2", f"--port={port}", "--include-dashboard=false"]
    # Sockets lie in these folders, and their paths must be short.
    places = [tempfile.mkdtemp(prefix="ray-", dir="/tmp") for _ in range(2)]
    with contextlib.ExitStack() as after:
        for place in places:
            after.callback(shutil.rmtree, place, ignore_errors=True)
        after.enter_context(node(environment, *head, f"--temp-dir={places[0]}"))
        second = ["--node-ip-address=127.0.0.3", f"--address=127.0.0.2:{port}", f"--temp-dir={places[1]}"]
        other = after.enter_context(node(environment, *second))
        yield f"127.0.0.2:{port}", environment, other


def test_both_nodes_judge_and_one_may_die(cluster, tmp_path):
    address, environment, other = cluster
    folder, table = archives.draw(tmp_path / "films", FILMS), tmp_path / "table"
    command = archives.words(folder, table, "--cluster", address)
    run = subprocess.Popen(command, cwd=archives.ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        while not _judging(other) or not list(table.glob("results/*/*.parquet")):
            assert run.poll() is None, "the run ended too early"
            time.sleep(0.01)
        kill(other)
        out, _ = run.communicate()
    finally:
        run.kill()
    assert run.returncode == 1 and "1 worker died, and others took their films" in out
    times = Counter(row["path"] for kind in ("results", "failed") for row in archives.rows(table, kind))
    assert len(times) == FILMS + 2 and set(times.values()) == {1}


def _judging(started: subprocess.Popen) -> bool:
    """Say whether a node has a judge."""
    for pid in process_stats.members(started.pid):
        with contextlib.suppress(OSError):
            if b"train.archive.judging" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return True
    return False
