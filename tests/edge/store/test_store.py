"""The store: every film once, what was acknowledged stays, what was forgotten is gone."""

import contextlib
import dataclasses
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_app.errors import StoreFault, WrongUsage
from edge_app.gate import refusal
from edge_app.model import model_file
from edge_app.screening import decision, run_context
from edge_app.screening.result import Failed
from edge_app.store import store_file
from edge_app.store.query import Query
from edge_app.store.store import Store
from tests.support import results
from tests.support.another_user import as_another_user

NOW = datetime.now(UTC)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def of_run(model_path):
    """Return what holds for a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer")


def _result(number=0, path=None, verdict=decision.NORMAL, time=NOW, **more):
    scores = {"normal": 0.9, "covid": 0.1, "pneumonia": 0.1}
    path, sha256 = Path(path or f"ward/film{number}.png"), f"{number:064x}"
    return results.judged(path, sha256, verdict, results.inference(scores), time=time, ms=12.0, **more)


def _refused(number, kind=refusal.LATERAL):
    path = Path(f"ward/film{number}.png")
    return results.refused(path, f"{number:064x}", kind, "it lies", time=NOW, ms=12.0)


def _failed(path="ward/broken.png", sha256=""):
    return Failed(Path(path), f"{path}: is damaged.", sha256)


@pytest.fixture
def store(tmp_path, of_run):
    """Return a new store with a run begun."""
    with Store(tmp_path / "results.sqlite") as one:
        one.begin(of_run)
        yield one


def test_what_was_added_is_found_again(store, of_run):
    store.add(_result(1))
    store.add(_refused(2))
    found = list(store.search())
    assert [row["verdict"] for row in found] == [decision.REFUSED, decision.NORMAL]
    assert found[1].items() >= _result(1).row().items()
    assert found[0]["refusal"] == {"kind": refusal.LATERAL, "sentence": "it lies"}
    assert found[0]["model"] == of_run.card.name
    assert found[0]["operating_point"] == "refer"
    assert store.count() == 2
    (run,) = store.runs()
    assert (run["films"], run["operating_point"], run["ended"]) == (2, "refer", None)


def test_a_film_is_kept_once_whatever_its_name(store):
    store.add(_result(1, "a.png"))
    store.add(_result(1, "sent-again.png", verdict=decision.COVID))
    store.add(_result(1, "sent-again.png"))
    store.add(_result(1, "a.png"))
    (row,) = store.search()
    assert (row["path"], row["verdict"], row["copies"]) == ("a.png", decision.NORMAL, ["sent-again.png"])
    assert store.known(f"{1:064x}")["path"] == "a.png"
    assert store.known(f"{2:064x}") is None


def test_another_model_or_rule_judges_anew(store, of_run):
    store.add(_result(1))
    store.begin(dataclasses.replace(of_run, rule="balanced"))
    assert store.known(f"{1:064x}") is None
    store.add(_result(1, verdict=decision.COVID))
    store.begin(dataclasses.replace(of_run, sha256="f" * 64))
    assert store.known(f"{1:064x}") is None
    store.begin(of_run)
    assert store.known(f"{1:064x}")["verdict"] == decision.NORMAL
    assert store.count() == 2


def test_a_run_may_judge_anew(store, of_run):
    store.add(_result(1))
    store.begin(of_run, replace=True)
    store.add(_result(1, verdict=decision.COVID))
    store.add(_failed("film1.png", f"{1:064x}"))
    (row,) = store.search()
    assert (row["verdict"], row["run"]) == (decision.COVID, 2)


def test_what_failed_is_tried_again_and_then_is_no_failure(store):
    store.add(_failed())
    store.add(_failed(sha256=f"{5:064x}"))
    assert store.count() == 2
    assert store.known(f"{5:064x}") is None
    store.add(_result(5, "ward/broken.png"))
    (row,) = store.search()
    assert (row["verdict"], row["error"]) == (decision.NORMAL, None)
    store.add(_failed(sha256=f"{5:064x}"))  # a disk that fails once does not undo an answer
    assert next(store.search())["verdict"] == decision.NORMAL


def test_search_by_everything(store):
    for number in range(6):
        store.add(_result(number, time=datetime(2026, 11, 1 + number, 12, tzinfo=UTC)))
    store.add(_refused(7))
    store.add(_result(8, "100%_sure.png", decision.COVID, datetime(2026, 10, 1, tzinfo=UTC)))
    assert len(list(store.search(Query(since="2026-11-02", until="2026-11-04")))) == 3
    assert len(list(store.search(Query(until="2026-11-03T12")))) == 4
    assert [row["path"] for row in store.search(Query(text="0%_S"))] == ["100%_sure.png"]
    assert not list(store.search(Query(text="0__s")))  # no wildcard
    assert [row["path"] for row in store.search(Query(verdict=decision.COVID))] == ["100%_sure.png"]
    assert len(list(store.search(Query(refusal=refusal.LATERAL)))) == 1
    assert len(list(store.search(Query(limit=3)))) == 3
    assert [row["sha256"] for row in store.search(Query(film=f"{3:064x}"))] == [f"{3:064x}"]
    assert len(list(store.search(Query(run=1)))) == 8
    assert not list(store.search(Query(run=2)))


def test_forgotten_films_leave_no_byte(tmp_path, of_run):
    path = tmp_path / "results.sqlite"
    with Store(path) as store:
        store.begin(of_run)
        for number in range(50):
            store.add(_result(number, f"secret-name-{number}.png", time=NOW - timedelta(days=number)))
        store.add(_result(40, "secret-name-copy.png"))
        assert store.forget(older_than_days=19.5) == 30
        assert store.forget(film=f"{3:064x}") == 1
        assert store.forget(film="secret-name-4.png") == 1
        assert store.forget(film="nothing") == 0
        assert store.count() == 18
        with pytest.raises(WrongUsage, match="is the beginning of several hashes"):
            store.forget(film="00000")
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for gone in ("secret-name-30.png", "secret-name-49.png", "secret-name-3.png", "secret-name-copy.png"):
        assert gone.encode() not in left
    assert b"secret-name-5.png" in left


def test_two_runs_at_once_share_a_store(tmp_path, of_run):
    with Store(tmp_path / "s") as one, Store(tmp_path / "s") as other:
        one.begin(of_run)
        other.begin(of_run)
        one.add(_result(1))
        other.add(_result(1))
        other.add(_result(2))
        assert one.count() == other.count() == 2
        assert one.known(f"{2:064x}")


def test_only_its_owner_may_read_it(tmp_path, of_run):
    with Store(tmp_path / "deep" / "er" / "s") as store:
        store.begin(of_run)
        assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "deep" / "er").iterdir()} == {"0o600"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"path,verdict\nfilm.png,covid suspected\n" * 99, "is not a database"),
        (b"SQLite format 3\0" + b"\xff" * 4096, "is not a database"),
    ],
)
def test_a_file_that_is_no_store_is_left_alone(tmp_path, content, words):
    (tmp_path / "s").write_bytes(content)
    with pytest.raises(StoreFault, match=words) as caught:
        Store(tmp_path / "s")
    assert str(caught.value).startswith(f"{tmp_path / 's'}: ")
    assert (tmp_path / "s").read_bytes() == content


def test_a_database_of_another_program_or_a_newer_one(tmp_path, of_run):
    with sqlite3.connect(tmp_path / "other") as base:
        base.execute("CREATE TABLE letters (text)")
    base.close()
    with pytest.raises(StoreFault, match="is a database of another program"):
        Store(tmp_path / "other")
    Store(tmp_path / "newer").close()
    with sqlite3.connect(tmp_path / "newer") as base:
        base.execute("PRAGMA user_version=99")
    base.close()
    with pytest.raises(StoreFault, match="is a store of a newer program"):
        Store(tmp_path / "newer")


def test_a_store_that_is_missing_or_a_folder(tmp_path):
    with pytest.raises(StoreFault, match="is not a regular file"):
        Store(tmp_path)
    with pytest.raises(StoreFault, match="there is no store"):
        Store(tmp_path / "no", create=False)
    assert not (tmp_path / "no").exists()


def test_a_folder_that_may_not_be_written(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    with as_another_user(), pytest.raises(StoreFault, match="the store cannot be opened"):
        Store(folder / "s")


def test_a_store_that_is_removed_in_use_says_so(store):
    store.add(_result(1))
    store.path.unlink()
    with pytest.raises(StoreFault, match="was removed while it was in use"):
        store.add(_result(2))


def test_a_store_that_another_program_holds(tmp_path, of_run, monkeypatch):
    monkeypatch.setattr(store_file, "PATIENCE", 0.1)
    with Store(tmp_path / "s") as store:
        store.begin(of_run)
        holder = sqlite3.connect(tmp_path / "s", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFault, match="another program holds the store"):
            store.add(_result(1))
        holder.execute("ROLLBACK")
        holder.close()
        store.add(_result(1))


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root may mount a small disk")
def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path, of_run):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a disk")
    try:
        kept = 0
        store = Store(disk / "s")
        store.begin(of_run)
        with pytest.raises(StoreFault, match="the disk is full"):
            for number in range(5000):
                store.add(_result(number, f"{'long-name' * 20}{number}.png"))
                kept += 1
        assert kept > 10
        with contextlib.suppress(StoreFault):  # the end of the run may find no room either
            store.close()
        again = sqlite3.connect(f"file:{disk / 's'}?mode=ro", uri=True)
        assert again.execute("SELECT count(*) FROM films").fetchone()[0] == kept
        again.close()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from edge_app.model import model_file
from edge_app.screening import decision, run_context
from edge_app.store.query import Query
from edge_app.store.store import Store
from tests.support import results
with Store(Path({path!r})) as store:
    store.begin(run_context.of(model_file.read(Path({model!r})), "refer"))
    for number in range(10_000):
        name = f"{{number:064x}}"
        if not store.known(name):
            store.add(results.judged(Path(f"{{number}}.png"), name, decision.NORMAL, ms=1.0))
            print(name, flush=True)
"""


def test_killed_while_writing_it_holds_what_it_had_acknowledged(tmp_path, model_path):
    script = WRITER.format(root=str(ROOT), path=str(tmp_path / "s"), model=str(model_path))
    acknowledged = []
    for kill in range(6):
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as writer:
            for _ in range(7 + 11 * kill):
                acknowledged.append(writer.stdout.readline().strip())
            writer.send_signal(signal.SIGKILL)
            acknowledged += writer.stdout.read().split()
        with Store(tmp_path / "s") as store:
            assert store.check() == "ok"
            kept = [row["sha256"] for row in store.search()]
        assert len(set(kept)) == len(kept)
        whole = {name for name in acknowledged if len(name) == 64}
        assert whole <= set(kept)
        assert len(kept) <= len(whole) + kill + 1  # at most one a kill was kept and not said any more
    assert len(acknowledged) == len(set(acknowledged))
