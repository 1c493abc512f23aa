"""A page's store of version 0.3.0 is brought up to date, and a program that is rolled back goes on with it."""

import contextlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_app.gate import refusal
from edge_app.model import model_file
from edge_app.screening import run_context
from edge_app.store import migrations
from edge_app.store.store import Store
from edge_app.web.readings.reading_store import ReadingStore
from tests.support import results

# The tables of the page of version 0.3.0, word for word.
OF_0_3_0 = """
CREATE TABLE IF NOT EXISTS readings (
    id TEXT PRIMARY KEY, film TEXT NOT NULL, time TEXT NOT NULL, label TEXT NOT NULL, verdict TEXT,
    kept_until TEXT NOT NULL, photograph INTEGER NOT NULL, row TEXT NOT NULL, checks TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS readings_by_time ON readings (time);
CREATE INDEX IF NOT EXISTS readings_by_label ON readings (label, time);
CREATE TABLE IF NOT EXISTS pictures (
    reading TEXT NOT NULL REFERENCES readings (id), name TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (reading, name)
);
CREATE TRIGGER IF NOT EXISTS forget_readings AFTER DELETE ON films BEGIN
    DELETE FROM readings WHERE film = OLD.film AND NOT EXISTS (SELECT 1 FROM films WHERE film = OLD.film);
END;
CREATE TRIGGER IF NOT EXISTS forget_pictures AFTER DELETE ON readings BEGIN
    DELETE FROM pictures WHERE reading = OLD.id;
END;
"""


@pytest.fixture
def context(model_path):
    """Return the context of a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer")


@pytest.fixture
def older(tmp_path, context):
    """Return the path of a page's store as version 0.3.0 left it: a film, a photograph, and one of a camera."""
    with Store(tmp_path / "s") as store:
        store.begin(context)
        store.base.executescript(OF_0_3_0)
        for number, name in enumerate(("film", "photograph", "camera")):
            made = results.refused(Path(), f"{number:064d}", refusal.DARK)
            store.add(made)
            old_insert(store.base, name, made, context, camera=name != "film")
    return tmp_path / "s"


def old_insert(base: sqlite3.Connection, name, made, context, camera=False) -> None:
    """Keep a reading with the statement of version 0.3.0."""
    row = context.line(made.row()) | {"camera": {"frames": 1} if camera else None}
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat(timespec="milliseconds")
    base.execute(
        "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (name, made.sha256, row["time"], "W-1", row["verdict"], until, name == "photograph", json.dumps(row), "[]"),
    )


def test_a_store_of_0_3_0_shows_its_readings_and_where_they_came_from(older, context):
    for _ in range(2):  # the second time nothing is left to do
        with contextlib.closing(ReadingStore(older, context, 30)) as kept:
            found = {one.id: one for one in kept.search()}
            sources = {id: one.source for id, one in found.items()}
            assert sources == {"film": "page", "photograph": "page", "camera": "camera"}
            assert {(one.label, one.name, one.batch, *one.facts) for one in found.values()} == {("W-1", "", "")}
            assert kept.check() == "ok"


def test_what_is_known_of_a_film_is_kept_with_its_reading(tmp_path, context):
    now = datetime.now(UTC).replace(microsecond=0)  # the store keeps milliseconds
    made = results.refused(Path("film"), "ab" * 32, refusal.DARK, time=now)
    told = {"source": "dicom", "name": "chest.dcm", "batch": "b1", "facts": {"view": "PA", "age": None}}
    with contextlib.closing(ReadingStore(tmp_path / "s", context, 30)) as kept:
        reading = kept.keep(made, context, "W-1", **told)
        assert kept.get(reading.id) == reading
        assert {name: getattr(reading, name) for name in told} == told


def test_a_program_that_is_rolled_back_writes_and_deletes_and_the_newer_one_goes_on(older, context):
    ReadingStore(older, context, 30).close()
    with contextlib.closing(sqlite3.connect(older)) as base:
        assert migrations.version(base) == 1  # which 0.3.0 reads
        base.executescript(OF_0_3_0)
        old_insert(base, "later", results.refused(Path(), f"{9:064d}", refusal.DARK), context)
        base.execute("DELETE FROM readings WHERE id = 'film'")
        assert base.execute("SELECT count(*) FROM reading_origins WHERE reading = 'film'").fetchone() == (0,)
        base.commit()
    with contextlib.closing(ReadingStore(older, context, 30)) as kept:
        assert {one.id: one.source for one in kept.search()} == {
            "later": "page",
            "photograph": "page",
            "camera": "camera",
        }


def test_a_store_without_a_page_gets_the_tables(tmp_path, context):
    with Store(tmp_path / "s") as store:
        store.begin(context)
        store.add(results.judged(Path("film.png"), "ab" * 32))
    with contextlib.closing(ReadingStore(tmp_path / "s", context, 30)) as kept:
        assert kept.count() == 0
    with Store(tmp_path / "s") as store:
        assert [row["path"] for row in store.search()] == ["film.png"]
