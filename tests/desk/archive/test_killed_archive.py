"""A worker is killed, the driver is killed, the user stops: no film is lost, none is there twice."""

import contextlib
import functools
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_app.bench import process_stats
from tests.support import archives

FILMS = 96
# A background job, as a test run may be, is started with SIGINT ignored and hands that on; a terminal does not.
HEED = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return archives.draw(tmp_path_factory.mktemp("killed") / "films", FILMS)


@contextlib.contextmanager
def started(folder: Path, table: Path):
    """Start a run that has a process group of its own; it is ended if it has not ended itself."""
    run = subprocess.Popen(
        archives.words(folder, table),
        cwd=archives.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=HEED,
    )
    try:
        yield run
    finally:
        run.kill()
        run.communicate()


def wait_for(run: subprocess.Popen, condition: Callable[[], object]) -> None:
    """Wait until something holds; fail if the run ends first."""
    while not condition():
        assert run.poll() is None, f"the run ended too early: {run.communicate()[1]}"
        time.sleep(0.01)


def parts(table: Path) -> int:
    return len(list(table.glob("results/*/*.parquet")))


def workers(run: subprocess.Popen) -> list[int]:
    """Return the workers of a run that judge."""
    return [pid for pid in process_stats.members(run.pid) if b"ray::Worker" in _name(pid)]


def _name(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def once(folder: Path, table: Path) -> None:
    """Check that every film is there, and each once."""
    found = Counter(row["path"] for kind in ("results", "failed") for row in archives.rows(table, kind))
    films = {str(path) for path in folder.rglob("*") if path.suffix in (".png", ".dcm")}
    assert set(found) == films and set(found.values()) == {1}


def test_a_worker_and_then_the_driver_are_killed(folder, tmp_path):
    table = tmp_path / "table"
    with started(folder, table) as run:
        wait_for(run, lambda: parts(table))
        os.kill(workers(run)[0], signal.SIGKILL)
        before = parts(table)
        wait_for(run, lambda: parts(table) > before)
        all_of_it = process_stats.members(run.pid)
        run.kill()
        run.wait()
        while any(b"ray" in _name(pid) or b"train.archive" in _name(pid) for pid in all_of_it):
            time.sleep(0.05)  # they end by themselves, since their driver has gone
    kept = len(archives.rows(table)) + len(archives.rows(table, "failed"))
    assert 0 < kept < FILMS
    ran = archives.judge(folder, table, code=1)
    assert f"{FILMS + 2 - kept} films to judge, {kept} in the table already" in ran.stderr
    once(folder, table)


def test_a_killed_worker_is_replaced(folder, tmp_path):
    table = tmp_path / "table"
    with started(folder, table) as run:
        wait_for(run, lambda: parts(table))
        os.kill(workers(run)[0], signal.SIGKILL)
        out, err = run.communicate()
    assert run.returncode == 1 and "Traceback" not in err
    assert "; 1 worker died, and others took their films." in out
    once(folder, table)


def test_ctrl_c_stops_it_and_the_same_command_goes_on(folder, tmp_path):
    table = tmp_path / "table"
    with started(folder, table) as run:
        wait_for(run, lambda: parts(table))
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        out, err = run.communicate()
    assert run.returncode == 130 and out == "", err
    assert err.splitlines()[-1] == "stopped; what is judged is kept, the same command goes on from here."
    assert "Traceback" not in err and not list((table / "staging").rglob("*.parquet"))
    archives.judge(folder, table, code=1)
    once(folder, table)
