"""Which film took the place of which, and what a watch remembers; older programs go on reading the store."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from edge_app.model import model_file
from edge_app.screening import run_context
from edge_app.screening.result import Failed, Known
from edge_app.sources.folder_scan import Stamp
from edge_app.sources.watching import Earlier
from edge_app.store import migrations
from edge_app.store.files_read import NO_STAMP, FilesRead
from edge_app.store.store import Store
from tests.support import results

STAMP = Stamp(5, 1_700_000_000_123_456_789, 1_800_000_000_123_456_789, (1 << 64) - 1)  # SMB's inodes have 64 bits
A, B = "a" * 64, "b" * 64


@pytest.fixture
def store(tmp_path, model_path):
    """Return a new store with a run begun."""
    with Store(tmp_path / "s") as one:
        one.begin(run_context.of(model_file.read(model_path), "refer"))
        yield one


def marks(store: Store) -> dict[str, tuple[str | None, str | None]]:
    """Return (replaces, replaced_by) by film."""
    return {row["sha256"]: (row["replaces"], row["replaced_by"]) for row in store.search()}


def test_a_film_that_took_the_place_of_another(store):
    first, second = (results.judged(Path("film.png"), sha256) for sha256 in (A, B))
    store.add(first)
    assert marks(store) == {A: (None, None)}
    store.add(replace(second, replaces=A))
    assert marks(store) == {A: (None, B), B: (A, None)}
    store.add(Known(Path("film.png"), first.row(), replaces=B))  # the first has come back
    assert marks(store) == {A: (B, None), B: (None, A)}


def test_another_name_of_a_film_is_not_replaced_with_it(store):
    for path in ("one.png", "two.png"):
        store.add(results.judged(Path(path), A))
    store.add(replace(results.judged(Path("two.png"), B), replaces=A))
    rows = {row["sha256"]: row for row in store.search()}
    assert (rows[A]["replaced_by"], rows[A]["copies"]) == (None, [])
    assert rows[B]["replaces"] == A


def test_what_a_watch_remembers(store):
    memory = FilesRead(store)
    assert memory.earlier("film\udcff.png") is None
    memory.note("film\udcff.png", Earlier(STAMP, A, True))
    memory.save()
    assert FilesRead(store).earlier("film\udcff.png") == Earlier(STAMP, A, judged=False)  # no result of it is kept
    store.add(results.judged(Path("film.png"), A))
    assert FilesRead(store).earlier("film\udcff.png") == Earlier(STAMP, A, judged=True)
    assert FilesRead(store, ask=False).earlier("film\udcff.png") is None
    store.base.execute("UPDATE films SET model_sha256 = 'of another model'")
    assert FilesRead(store).earlier("film\udcff.png") == Earlier(STAMP, A, judged=False)


def test_a_run_that_was_killed_before_it_noted_what_it_read(store):
    """Then the results tell what a path held: of a film, of its other names, and not what was replaced there."""
    store.add(results.judged(Path("film.png"), A))
    store.add(results.judged(Path("copy.png"), A))
    memory = FilesRead(store)
    assert memory.earlier("film.png") == memory.earlier("copy.png") == Earlier(NO_STAMP, A, judged=False)
    store.add(replace(results.judged(Path("film.png"), B), replaces=A))
    assert memory.earlier("film.png") == Earlier(NO_STAMP, B, judged=False)
    store.add(Failed(Path("broken.png"), "broken.png: may not be read."))
    assert memory.earlier("broken.png") is None


def test_the_store_keeps_its_version_and_an_older_program_forgets_all_of_a_film(store):
    memory = FilesRead(store)
    store.add(results.judged(Path("film.png"), A))
    store.add(replace(results.judged(Path("film.png"), B), replaces=A))
    memory.note("film.png", Earlier(STAMP, B, True))
    memory.save()
    assert migrations.version(store.base) == migrations.MIGRATIONS[-1].version == 1
    with sqlite3.connect(store.path) as base:  # as version 0.1.0 does
        base.execute("DELETE FROM films WHERE film = ?", (B,))
        for table in ("files_read", "replaced"):
            assert base.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    base.close()
    assert marks(store) == {A: (None, None)}


def test_a_store_that_is_gone_does_not_stop_a_watch(store):
    memory = FilesRead(store)
    memory.note("film.png", Earlier(STAMP, A, True))
    store.base.execute("DROP TABLE files_read")
    memory.save()
    assert memory.earlier("film.png") is None


def test_what_a_watch_notes_is_written_fifty_at_a_time(store):
    memory, beside = FilesRead(store), FilesRead(store)
    for number in range(49):
        memory.note(f"{number}.png", Earlier(STAMP, A, True))
    assert beside.earlier("0.png") is None
    memory.note("49.png", Earlier(STAMP, B, True))
    assert {beside.earlier(f"{number}.png").sha256 for number in range(50)} == {A, B}


def test_who_does_not_ask_is_told_nothing_and_remembers(store):
    memory = FilesRead(store, ask=False)
    memory.note("film.png", Earlier(STAMP, A, True))
    memory.save()
    assert memory.earlier("film.png") is None
    assert FilesRead(store).earlier("film.png") == Earlier(STAMP, A, judged=False)
