"""An older store is brought to the newest version, step by step; a step that fails or is killed changes nothing."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge_app.errors import StoreFault
from edge_app.model import model_file
from edge_app.screening import decision, run_context
from edge_app.store import migrations, store_file
from edge_app.store.migrations import MIGRATIONS, Migration, migrate, version
from edge_app.store.query import Query
from edge_app.store.store import Store
from tests.support import results

ROOT = Path(__file__).parents[3]
# A store as version 1 of the program wrote it, word for word; nothing below may change its tables.
VERSION_1 = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, program TEXT NOT NULL, model TEXT NOT NULL,
    model_sha256 TEXT NOT NULL, operating_point TEXT NOT NULL, prevalence REAL, terms TEXT NOT NULL
);
CREATE TABLE films (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), film TEXT NOT NULL, model_sha256 TEXT NOT NULL,
    operating_point TEXT NOT NULL, path TEXT NOT NULL, time TEXT NOT NULL, verdict TEXT, refusal TEXT, error TEXT,
    row TEXT NOT NULL, UNIQUE (film, model_sha256, operating_point)
);
CREATE INDEX films_by_time ON films (time);
CREATE TABLE copies (
    film TEXT NOT NULL, path TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (film, path)
) WITHOUT ROWID;
INSERT INTO runs VALUES (1, '2026-11-01T08:00:00.000+00:00', NULL, '0.1.0', 'lite0', 'aa', 'refer', NULL, '{}');
INSERT INTO films VALUES (1, 1, 'f1', 'aa', 'refer', 'one.png', '2026-11-01T08:00:01.000+00:00', 'no finding suspected',
    NULL, NULL, '{"path": "one.png"}');
PRAGMA application_id = 1129861715;
PRAGMA user_version = 1;
"""


def _ward(base):
    base.execute("ALTER TABLE films ADD COLUMN ward TEXT NOT NULL DEFAULT ''")
    base.execute("UPDATE films SET ward = 'ward of ' || path")


def _reports(base):
    base.execute("CREATE TABLE reports (film TEXT PRIMARY KEY, words TEXT NOT NULL)")
    base.execute("INSERT INTO reports SELECT film, ward FROM films")


def _fails(base):
    base.execute("UPDATE films SET path = 'lost'")
    base.execute("DROP TABLE copies")
    base.execute("INSERT INTO nowhere VALUES (1)")


NEWER = (*MIGRATIONS, Migration(2, _ward), Migration(3, _reports))


@pytest.fixture
def older(tmp_path):
    """The path of a store of version 1 that holds a film."""
    with sqlite3.connect(tmp_path / "s") as base:
        base.executescript(VERSION_1)
    base.close()
    return tmp_path / "s"


def dump(path: Path) -> tuple[int, list[str]]:
    """Return a store's version, and all that is in it, as SQL."""
    base = sqlite3.connect(path)
    try:
        return version(base), list(base.iterdump())
    finally:
        base.close()


def test_versions_rise_by_one():
    assert [step.version for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_a_new_store_has_the_tables_of_version_1_word_for_word(tmp_path, older):
    Store(tmp_path / "new").close()
    schemas = []
    for path in (tmp_path / "new", older):
        base = sqlite3.connect(path)
        schemas.append(base.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall())
        assert base.execute("PRAGMA application_id").fetchone()[0] == migrations.APPLICATION
        base.close()
    assert schemas[0] == schemas[1]
    assert dump(tmp_path / "new")[0] == 1


def test_a_store_of_today_is_opened_without_a_change(older):
    before = dump(older)
    Store(older).close()
    assert dump(older) == before


def test_an_older_store_is_brought_to_the_newest_version_step_by_step(older, monkeypatch):
    monkeypatch.setattr(store_file, "MIGRATIONS", NEWER)
    for _ in range(2):  # the second time nothing is left to do
        with Store(older) as store:
            assert version(store.base) == 3
            assert [row["path"] for row in store.search()] == ["one.png"]
            assert store.base.execute("SELECT * FROM reports").fetchall() == [("f1", "ward of one.png")]
            assert store.check() == "ok"


def test_a_new_store_goes_the_same_way(tmp_path, monkeypatch):
    monkeypatch.setattr(store_file, "MIGRATIONS", NEWER)
    with Store(tmp_path / "s") as store:
        assert version(store.base) == 3
        assert store.base.execute("SELECT count(*) FROM reports").fetchone() == (0,)


def test_a_step_that_fails_leaves_the_store_at_the_version_before(older, monkeypatch):
    before = dump(older)
    monkeypatch.setattr(store_file, "MIGRATIONS", (*MIGRATIONS, Migration(2, _fails)))
    with pytest.raises(StoreFault, match="SQLite says 'no such table: nowhere'"):
        Store(older)
    assert dump(older) == before
    monkeypatch.setattr(store_file, "MIGRATIONS", (*NEWER, Migration(4, _fails)))
    with pytest.raises(StoreFault, match="no such table: nowhere"):
        Store(older)
    found, statements = dump(older)
    assert found == 3  # the steps before it hold
    assert any("ward of one.png" in statement for statement in statements)
    assert not any("lost" in statement for statement in statements)


def test_a_store_of_a_newer_program_is_refused_and_left_as_it_is(older, monkeypatch):
    with monkeypatch.context() as newer:
        newer.setattr(store_file, "MIGRATIONS", NEWER)
        Store(older).close()
    before = dump(older)
    with pytest.raises(StoreFault, match=r"is a store of a newer program \(version 3, this one reads 1\)"):
        Store(older)
    assert dump(older) == before


KILLED = """
import os, signal, sqlite3, sys
from edge_app.store.migrations import MIGRATIONS, Migration, migrate
def killed(base):
    base.execute("UPDATE films SET path = hex(zeroblob(10000000))")  # more than its cache: it is on the disk already
    os.kill(os.getpid(), signal.SIGKILL)
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("PRAGMA journal_mode=WAL")
migrate(base, (*MIGRATIONS, Migration(2, killed)))
"""


def test_a_step_that_is_killed_leaves_the_store_as_it_was(older):
    before = dump(older)
    assert subprocess.run([sys.executable, "-c", KILLED, older], cwd=ROOT).returncode == -9
    assert dump(older) == before


RACER = """
import sqlite3, sys, time
from edge_app.store.migrations import MIGRATIONS, Migration, migrate
def slow(base):
    base.execute("INSERT INTO copies VALUES ('f1', ?, '')", (sys.argv[2],))
    time.sleep(0.5)
base = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
migrate(base, (*MIGRATIONS, Migration(2, slow)))
"""


def test_of_two_programs_at_once_one_takes_the_step(older):
    racers = [subprocess.Popen([sys.executable, "-c", RACER, older, name], cwd=ROOT) for name in "ab"]
    assert [racer.wait() for racer in racers] == [0, 0]
    base = sqlite3.connect(older)
    assert (version(base), len(base.execute("SELECT path FROM copies").fetchall())) == (2, 1)
    base.close()


def test_migrating_is_all_or_nothing_whatever_fails(older):
    base = sqlite3.connect(older, isolation_level=None)

    def breaks(base):
        base.execute("DELETE FROM films")
        raise RuntimeError("a bug of ours")

    with pytest.raises(RuntimeError, match="a bug of ours"):
        migrate(base, (*MIGRATIONS, Migration(2, breaks)))
    assert (version(base), base.execute("SELECT count(*) FROM films").fetchone()[0]) == (1, 1)
    base.close()


def test_a_row_of_an_older_version_gets_its_findings_as_it_is_read(tmp_path, model_path):
    made = results.judged("", "ab" * 32, found=results.inference({"normal": 0.1, "covid": 0.5, "pneumonia": 0.9}))
    old = {name: value for name, value in made.row().items() if name != "findings"} | {"verdict": decision.UNSURE}
    with Store(tmp_path / "s") as store:
        store.begin(run_context.of(model_file.read(model_path), "refer"))
        store.add(made)
        store.base.execute("UPDATE films SET row = ?", (json.dumps(old),))
        for row in (store.known(made.sha256), *store.search(Query(covid="unsure", pneumonia="suspected"))):
            found = row["findings"]
            assert [found[label]["answer"] for label in ("covid", "pneumonia")] == ["unsure", "suspected"]
            assert (found["covid"]["unsure_from"], found["covid"]["suspected_from"]) == (0.2, 0.8)
            assert row["verdict"] == decision.UNSURE
        assert not list(store.search(Query(pneumonia="cleared")))
        assert json.loads(store.base.execute("SELECT row FROM films").fetchone()[0]) == old  # it is not rewritten
