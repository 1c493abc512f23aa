"""One store for page, folder and camera: the page shows what others judged, keeps it as long as its own, erases it."""

import contextlib
import io
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_app.commands import stored_pictures
from edge_app.errors import StoreFault
from edge_app.gate import refusal
from edge_app.model import model_file
from edge_app.outputs import thumbnail
from edge_app.screening import run_context
from edge_app.screening.result import Failed
from edge_app.store import joined, reading
from edge_app.store.kept_readings import KeptReadings
from edge_app.store.reading import file_name
from edge_app.store.store import Store
from edge_app.web.readings.reading_store import ReadingStore
from tests.support import results
from tests.support.films import draw_film

A, B = "a" * 64, "b" * 64
FILM = draw_film(5, 480, 400)


@pytest.fixture
def context(model_path):
    """Return the context of a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer")


@pytest.fixture
def folder(tmp_path, context):
    """Return the sink of a folder's run that keeps thumbnails."""
    store = Store(tmp_path / "s")
    store.begin(context, replace=True)
    with contextlib.closing(KeptReadings(store, context, "folder", stored_pictures.drawer("small"))) as sink:
        yield sink


@pytest.fixture
def page(folder, tmp_path, context):
    """Return the page's readings in the same file."""
    with contextlib.closing(ReadingStore(tmp_path / "s", context, 30)) as kept:
        yield kept


def names(page, **wanted) -> list[tuple[str, str]]:
    """Return (source, name) of the readings, in order."""
    return sorted((one.source, one.name) for one in page.search(**wanted))


def test_the_page_shows_what_a_folder_judges_while_both_run(folder, page, context):
    folder.add(results.judged(Path("ward 3/Meier.dcm"), A, grey=FILM))
    assert names(page) == [("folder", "Meier.dcm")]
    assert page.thumbnail(page.search()[0].id) is None
    folder.draw()
    (one,) = page.search()
    with Image.open(io.BytesIO(page.thumbnail(one.id))) as small:
        assert max(small.size) == thumbnail.SIDE
    assert one.has_thumbnail and not one.has_pictures
    assert one.kept_until - one.time < timedelta(days=31)  # as long as the page keeps its own
    page.keep(results.refused(Path("x"), B, refusal.DARK), context, name="own.png")
    assert names(page) == [("folder", "Meier.dcm"), ("page", "own.png")]
    assert names(page, text="mEIER") == [("folder", "Meier.dcm")]
    assert [row["path"] for row in folder._store.search()] == ["", "ward 3/Meier.dcm"]


def test_films_of_other_programs_are_shown_too(folder, page):
    with Store(folder._store.path) as other:  # as version 0.3.0 writes
        other.begin(folder._context)
        other.add(results.judged(Path("old/Huber.png"), A))
        other.add(Failed(Path("old/broken.png"), "old/broken.png: is damaged; send it again."))
    assert names(page) == [("folder", "Huber.png"), ("folder", "broken.png")]
    assert page.by_verdict() == {"covid suspected": 1, "unread": 1}
    broken = page.search(verdict="unread")[0]
    assert broken.row["error"] == "broken.png: is damaged; send it again."
    page.delete(broken.id)
    assert [row["path"] for row in folder._store.search()] == ["old/Huber.png"]
    assert names(page) == [("folder", "Huber.png")]


@pytest.mark.parametrize("source", ["folder", "camera", "dicom"])
def test_a_film_that_could_not_be_read_is_of_the_run_that_met_it(tmp_path, page, context, source):
    store = Store(tmp_path / "s")
    store.begin(context)
    with contextlib.closing(KeptReadings(store, context, source)) as sink:
        sink.add(Failed("", "a film: is a damaged DICOM file; send it again.", A))
        assert [(one.source, one.row["error"]) for one in page.search()] == [
            (source, "a film: is a damaged DICOM file; send it again.")
        ]


def test_names_that_a_site_forbids_are_neither_kept_nor_shown(tmp_path, folder, context):
    folder.add(replace(results.judged(Path("Meier.dcm"), A), path=""))  # as with --no-paths
    with Store(folder._store.path) as other:
        other.begin(context)
        other.add(results.judged(Path("Huber.png"), B))
    with contextlib.closing(ReadingStore(tmp_path / "s", context, 30, names=False)) as page:
        page.keep(results.refused(Path("x"), "c" * 64, refusal.DARK), context, name="own.png")
        assert {one.name for one in page.search()} == {""}


def test_erasing_and_the_end_of_their_time_cover_all(folder, page, context):
    old = datetime.now(UTC) - timedelta(days=31)
    folder.add(results.judged(Path("Zebrafink.png"), A, time=old))
    page.keep(results.refused(Path("x"), B, refusal.DARK), context)
    assert page.count() == 1  # the old one's time is over
    assert page.expire() == 1
    assert folder._store.count() == 1
    folder.add(results.judged(Path("Zebrafink.png"), A))
    assert page.erase() == 2
    assert folder._store.count() == 0
    folder.close()
    page.close()
    assert b"Zebrafink" not in b"".join(path.read_bytes() for path in folder._store.path.parent.iterdir())


def test_a_film_judged_again_keeps_its_label_and_has_one_row(folder, page):
    folder.add(results.judged(Path("one.png"), A))
    page.relabel("P-1", [page.search()[0].id])
    folder.add(results.judged(Path("one.png"), A, "no finding suspected"))
    assert [(one.label, one.row["verdict"]) for one in page.search()] == [("P-1", "no finding suspected")]


def test_all_pictures_are_kept_where_they_are_asked_for(tmp_path, context):
    store = Store(tmp_path / "t")
    store.begin(context)
    with contextlib.closing(KeptReadings(store, context, "camera", stored_pictures.drawer("all"))) as sink:
        sink.add(results.judged(Path("camera-1"), A, grey=FILM))
        sink.draw()
    with contextlib.closing(ReadingStore(tmp_path / "t", context, 30)) as page:
        (one,) = page.search()
        assert one.has_pictures and one.name == ""
        assert page.picture(one.id, "heat.png")


def test_a_store_of_the_page_moves_into_the_shared_one(tmp_path, folder, context):
    own, shared = tmp_path / "page.sqlite", folder._store.path
    with contextlib.closing(ReadingStore(own, context, 30)) as kept:
        was = kept.keep(results.judged(Path("x"), B, grey=FILM), context, "P-1", name="own.png")
    folder.add(results.judged(Path("Meier.dcm"), A))
    for _ in range(2):  # the second time nothing is left to do
        joined.join(own, shared)
    assert own.is_symlink() and own.resolve() == shared.resolve()
    with contextlib.closing(ReadingStore(own, context, 30)) as page:
        assert {(one.source, one.name, one.label) for one in page.search()} == {
            ("folder", "Meier.dcm", ""),
            ("page", "own.png", "P-1"),
        }
        assert page.picture(was.id, "film.jpg")
        assert page.check() == "ok"
    with Store(shared) as store:
        assert {row["sha256"] for row in store.search()} == {A, B}
        assert len({row["run"] for row in store.search()}) == 2


def test_a_page_without_a_store_of_its_own_shares_from_the_start(tmp_path):
    joined.join(tmp_path / "own", tmp_path / "data" / "shared")
    assert (tmp_path / "own").resolve() == tmp_path / "data" / "shared"
    with contextlib.closing(sqlite3.connect(tmp_path / "own")) as base:
        assert base.execute("SELECT count(*) FROM films").fetchone() == (0,)


def test_a_store_that_cannot_be_moved_stays(tmp_path, context):
    own = tmp_path / "own"
    ReadingStore(own, context, 30).close()
    (tmp_path / "shared").write_text("no database, but long enough to be looked at as one")
    with pytest.raises(StoreFault, match="shared: is not a database"):
        joined.join(own, tmp_path / "shared")
    assert not own.is_symlink()
    ReadingStore(own, context, 30).close()


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/ward/3/film.dcm", "film.dcm"),
        ("C:\\films\\Meier, Anna.dcm", "Meier, Anna.dcm"),
        ("a\nb\x00\u202e.png", "ab.png"),
        ("ward/", ""),
        ("x" * 300, "x" * 200),
        ("film\udcff.png", "film.png"),
    ],
)
def test_the_name_of_a_file_is_kept_without_folders(path, kept):
    assert file_name(path) == kept


def test_a_thumbnail_is_small_whatever_the_film():
    rng = np.random.default_rng(7)
    for grey in (FILM, rng.integers(0, 256, (3000, 2500), dtype="uint8"), FILM[:1, :3]):
        content = thumbnail.draw(grey)
        assert len(content) <= thumbnail.MOST_BYTES
        with Image.open(io.BytesIO(content)) as small:
            assert small.mode == "L" and max(small.size) == thumbnail.SIDE


@pytest.mark.parametrize(("keep_days", "days"), [(0, 36_500), (1, 1), (30, 30)])
def test_a_reading_is_kept_for_its_days_or_a_century(context, keep_days, days):
    result = results.judged(Path("ward/film.png"), A)
    made = reading.made(result, context, keep_days, label="W-1", has_pictures=False)
    assert made.kept_until == result.time + timedelta(days=days)
    assert (made.time, made.row["path"], len(made.id)) == (result.time, "", 16)  # 12 bytes in base 64
