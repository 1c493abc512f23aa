"""`watch` in its own process, on films that arrive as hospitals send them: late, cut in two, renamed, twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.watch import film, once, watching

ROOT = Path(__file__).parents[3]


def long_ago(path: Path) -> None:
    """Wait until a file is older than a look and the rounding of its times."""
    while time.time() - path.stat().st_ctime < 1.2:
        time.sleep(0.1)


def test_films_that_are_there_and_films_that_come(inbox, tmp_path):
    film(inbox / "there.png")
    with watching(inbox) as watch:
        assert Path(watch.row()["path"]).name == "there.png"
        (inbox / "deep" / "deeper").mkdir(parents=True)
        film(inbox / "deep" / "deeper" / "new.png", seed=1001)
        row = watch.row()
        assert row["path"] == str(inbox / "deep" / "deeper" / "new.png")
        assert row["verdict"] == "no finding suspected"
        assert watch.end() == (130, [])
    assert watch.err == []


def test_a_film_that_grows_is_judged_when_it_is_whole(inbox, tmp_path):
    content = film(tmp_path / "film.png").read_bytes()
    with watching(inbox, "--patience", "60") as watch, (inbox / "film.png").open("wb") as half:
        half.write(content[: len(content) // 2])
        half.flush()
        film(inbox / "other.png", seed=1001)  # comes while the first is half there
        assert Path(watch.row()["path"]).name == "other.png"
        half.write(content[len(content) // 2 :])
        half.flush()
        row = watch.row()
        assert Path(row["path"]).name == "film.png"
        assert row["error"] is None
        assert watch.end()[0] == 130
    assert watch.err == []


def test_a_film_that_has_its_full_size_before_its_bytes(inbox, tmp_path):
    content = film(tmp_path / "film.png").read_bytes()
    path = inbox / "film.png"
    path.write_bytes(bytes(len(content)))
    changed = path.stat().st_mtime_ns
    with watching(inbox, "--patience", "60") as watch:
        assert Path(film(inbox / "other.png", seed=1001)).name == Path(watch.row()["path"]).name
        with path.open("r+b") as file:
            file.write(content)
        os.utime(path, ns=(changed, changed))
        assert watch.row()["verdict"]
        assert watch.end()[0] == 130


def test_a_damaged_film_is_said_once_it_is_still(inbox, tmp_path):
    content = film(tmp_path / "film.png").read_bytes()
    (inbox / "cut.png").write_bytes(content[:-5000])
    (inbox / "empty.png").touch()
    rows, err = once(inbox, code=1)
    assert [Path(row["path"]).name for row in rows] == ["cut.png", "empty.png"] or len(rows) == 2
    assert sorted(err.splitlines()) == sorted(row["error"] for row in rows)


def test_copies_and_renamed_films_are_not_judged_again(inbox):
    first = film(inbox / "first.png")
    with watching(inbox) as watch:
        judged = watch.row()
        shutil.copy(first, inbox / "copy.png")
        row = watch.row()
        assert Path(row["path"]).name == "copy.png"
        assert row["stored"]
        assert row["copy_of"] == str(first)
        assert row["time"] == judged["time"]
        first.rename(inbox / "renamed.png")
        assert Path(watch.row()["path"]).name == "renamed.png"
        shutil.copy(inbox / "copy.png", inbox / "other.part")
        (inbox / "other.part").rename(first)  # sent again under its name: nothing is new
        film(inbox / "last.png", seed=1001)
        assert not watch.row()["stored"]
        assert watch.end() == (130, [])
    assert watch.err == []


def test_changed_bytes_are_judged_again(inbox):
    film(inbox / "film.png")
    with watching(inbox) as watch:
        first = watch.row()
        film(inbox / "film.png", seed=1001)
        second = watch.row()
        assert second["path"] == first["path"]
        assert second["sha256"] != first["sha256"]
        assert not second["stored"]


def test_a_folder_that_goes_and_comes_back(inbox, tmp_path):
    film(inbox / "film.png")
    with watching(inbox) as watch:
        watch.row()
        inbox.rename(tmp_path / "unplugged")
        while not watch.err:
            assert watch._process.poll() is None
        film(tmp_path / "unplugged" / "new.png", seed=1001)
        (tmp_path / "unplugged").rename(inbox)
        assert Path(watch.row()["path"]).name == "new.png"
        assert watch.end() == (130, [])
    assert len(watch.err) == 2
    assert watch.err[0].startswith(f"{inbox}: cannot be read (")
    assert watch.err[1] == f"{inbox}: can be read again.\n"


def test_only_new_films(inbox):
    film(inbox / "old.png")
    with watching(inbox, "--new-only") as watch:
        # Nothing tells from outside that the first look is over: films are sent until one is seen.
        for seed in range(1001, 1300):
            film(inbox / f"{seed}.png", seed)
            film(inbox / f"{seed}.png", seed)
            if watch._process.stdout in _readable(watch._process.stdout):
                break
        assert Path(watch.row()["path"]).name != "old.png"
        _, rest = watch.end()
    assert "old.png" not in [Path(row["path"]).name for row in rest]


def _readable(stream):
    import select

    return select.select([stream], [], [], 0.2)[0]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_ends_cleanly(inbox, tmp_path, number, code):
    film(inbox / "film.png")
    with watching(inbox, "--csv", tmp_path / "out.csv") as watch:
        watch.row()
        assert watch.end(number) == (code, [])
    assert watch.err == []
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2


def test_after_a_restart_nothing_is_judged_twice(inbox, tmp_path):
    """Not even looked at, unless its times say that it has changed; a film that could not be read is tried again."""
    store = ["--store", tmp_path / "results.db"]
    for seed in (1000, 1001):
        film(inbox / f"{seed}.png", seed)
        long_ago(inbox / f"{seed}.png")
    shutil.copy(inbox / "1000.png", inbox / "copy.png")
    long_ago(inbox / "copy.png")
    (inbox / "cut.png").write_bytes((inbox / "1000.png").read_bytes()[:-5000])
    rows, _ = once(*store, inbox, code=1)
    assert [(Path(row["path"]).name, row["stored"]) for row in rows] == [
        ("1000.png", False), ("1001.png", False), ("copy.png", True), ("cut.png", False)
    ]  # fmt: skip
    film(inbox / "new.png", seed=1002)
    film(inbox / "cut.png", seed=1003)
    rows, _ = once(*store, inbox)
    assert [Path(row["path"]).name for row in rows] == ["cut.png", "new.png"]
    film(inbox / "1000.png", seed=1004)
    rows, _ = once(*store, inbox)
    assert [(Path(row["path"]).name, row["stored"]) for row in rows] == [("1000.png", False)]
    assert len(once(*store, "--again", inbox)[0]) == 5
    kept = subprocess.run(
        [sys.executable, "-m", "edge_app", "results", "--json", *map(str, store)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert len(kept) == len({json.loads(row)["sha256"] for row in kept}) == 6  # the damaged one too


def test_names_are_not_kept_if_so_asked(inbox, tmp_path):
    (inbox / "doe-jane.png").write_bytes(film(tmp_path / "film.png").read_bytes())
    (inbox / "doe-john.png").write_bytes(b"no picture")
    store = ["--store", tmp_path / "results.db", "--csv", tmp_path / "out.csv"]
    for _ in range(2):
        rows, _ = once(*store, "--no-paths", inbox, code=1)
        assert any("doe-john" in row["path"] for row in rows)  # on the screen they are
    for path in tmp_path.glob("results.db*"):
        assert b"doe" not in path.read_bytes()
    assert "doe" not in (tmp_path / "out.csv").read_text()


def test_once(inbox):
    for seed in (1000, 1001):
        film(inbox / f"{seed}.png", seed)
    (inbox / "notes.txt").write_text("no film")
    (inbox / ".hidden.png").write_bytes(b"")
    rows, err = once(inbox)
    assert [Path(row["path"]).name for row in rows] == ["1000.png", "1001.png"]
    assert err == ""
    assert once(inbox, "--no-recursive")[0]


def test_once_where_there_is_nothing(inbox, tmp_path):
    assert once(inbox) == ([], "")
    rows, err = once(tmp_path / "nowhere", code=1)
    assert [row["error"] for row in rows] == err.splitlines()
    assert err.startswith(f"{tmp_path / 'nowhere'}: the folder is not there")


def test_a_film_is_no_folder(inbox):
    rows, err = once(film(inbox / "film.png"), code=2)
    assert rows == []
    assert err.startswith(f"{inbox / 'film.png'}: is not a folder; ")


def test_overlays_never_go_where_they_would_be_taken_for_films(inbox):
    film(inbox / "film.png")
    rows, err = once("--overlays", inbox / "overlays", inbox, code=2)
    assert rows == []
    assert err.startswith(f"--overlays: '{inbox / 'overlays'}' lies in '{inbox}', ")


@pytest.mark.parametrize("words", [["--interval", "0"], ["--patience", "soon"]])
def test_seconds_that_are_none(inbox, words):
    _, err = once(*words, inbox, code=2)
    assert "is not a number of seconds above 0" in err
