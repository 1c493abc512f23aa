"""`watch` never loses a film: names that are used again, clocks that jump, copies that stall, renames, links."""

import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film
from tests.support.program import run
from tests.support.watch import ROOT, film, once, watching

LONG_AGO = 1_600_000_000


def kept(store: Path) -> list[dict]:
    """Return what `results` tells of a store, the newest first."""
    line = [sys.executable, "-m", "edge_app", "results", "--json", "--store", str(store)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    return [json.loads(row) for row in done.stdout.splitlines()]


def encoded(kind: str, seed: int = 1000) -> bytes:
    """Return a drawn film in a format; all of one format without compression have the same size."""
    content, drawn = io.BytesIO(), draw_film(seed, 300, 260)
    if kind == "DICOM":
        write_dicom(content, drawn)
    else:
        Image.fromarray(drawn).save(content, kind)
    return content.getvalue()


def put(path: Path, content: bytes) -> Path:
    """Write a file in place, and set its time back as programs do that copy times."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


@pytest.mark.parametrize("year", ["1971", "2099"])
def test_a_name_that_is_used_again_whatever_the_clock_said(inbox, tmp_path, year):
    """The same size and time of writing, and a store that was written with another clock."""
    store = tmp_path / "results.db"
    put(inbox / "film.pgm", encoded("PPM"))
    ((first,), _) = once("--store", store, inbox)
    with contextlib.closing(sqlite3.connect(store)) as base, base:
        base.execute("UPDATE films SET time = ? || substr(time, 5)", (year,))
    assert once("--store", store, inbox) == ([], "")
    put(inbox / "film.pgm", encoded("PPM", seed=1001))
    ((second,), _) = once("--store", store, inbox)
    assert second["sha256"] != first["sha256"]
    assert (second["stored"], second["replaces"], first["replaces"]) == (False, first["sha256"], None)
    rows = {row["sha256"]: row for row in kept(store)}
    assert rows[first["sha256"]]["replaced_by"] == second["sha256"]
    assert rows[second["sha256"]] | {"replaced_by": None} == rows[second["sha256"]]
    assert rows[second["sha256"]]["replaces"] == first["sha256"]
    put(inbox / "film.pgm", encoded("PPM"))  # and back: the row of the first counts again
    ((third,), _) = once("--store", store, inbox)
    assert (third["sha256"], third["stored"], third["replaces"]) == (first["sha256"], True, second["sha256"])
    assert {row["sha256"]: row["replaced_by"] for row in kept(store)} == {
        first["sha256"]: None, second["sha256"]: first["sha256"]
    }  # fmt: skip


def test_a_file_that_was_only_touched_is_told_once(inbox, tmp_path):
    with watching(inbox, "--again", "--store", tmp_path / "results.db") as watch:
        put(inbox / "film.png", encoded("PNG"))
        watch.row()
        os.utime(inbox / "film.png")
        (inbox / "film.png").chmod(0o600)
        (inbox / "film.png").rename(tmp_path / "aside.png")
        (tmp_path / "aside.png").rename(inbox / "film.png")
        film(inbox / "last.png", seed=1001)
        assert Path(watch.row()["path"]).name == "last.png"
        assert watch.end() == (130, [])


@pytest.mark.parametrize("kind", ["DICOM", "PNG", "JPEG"])
def test_a_copy_that_stalls_at_its_full_size(inbox, kind):
    content, path = encoded(kind), inbox / "film"
    half = content[: len(content) // 2]
    put(path, half.ljust(len(content), b"\0"))
    with watching(inbox, "--patience", "60") as watch:
        for seed in (1001, 1002):  # looks go by while it stalls
            film(inbox / f"{seed}.png", seed)
            assert Path(watch.row()["path"]).name == f"{seed}.png"
        put(path, content)
        row = watch.row()
        assert (row["path"], row["error"], row["replaces"]) == (str(path), None, None)
        assert watch.end() == (130, [])
    assert watch.err == []


@pytest.mark.parametrize("store", [True, False])
def test_a_half_film_that_was_judged_is_judged_again_and_marked(inbox, tmp_path, store):
    content, path = encoded("DICOM"), inbox / "film.dcm"
    words = ["--store", tmp_path / "results.db"] if store else []
    put(path, content[: len(content) // 2].ljust(len(content), b"\0"))
    with watching(inbox, *words) as watch:
        half = watch.row()
        assert half["error"] is None
        put(path, content)
        whole = watch.row()
        assert (whole["path"], whole["replaces"]) == (str(path), half["sha256"])
        assert watch.end() == (130, [])
    if store:
        marks = {row["sha256"]: (row["replaces"], row["replaced_by"]) for row in kept(tmp_path / "results.db")}
        assert marks == {half["sha256"]: (None, whole["sha256"]), whole["sha256"]: (half["sha256"], None)}
        assert once(*words, inbox) == ([], "")


def test_a_film_that_is_renamed_over_another(inbox, tmp_path):
    store = ["--store", tmp_path / "results.db"]
    put(inbox / "film.pgm", encoded("PPM"))
    with watching(inbox, *store) as watch:
        first = watch.row()
        put(tmp_path / "other", encoded("PPM", seed=1001)).rename(inbox / "film.pgm")
        second = watch.row()
        assert (second["path"], second["replaces"]) == (first["path"], first["sha256"])
        put(inbox / "part.pgm.part", encoded("PPM", seed=1002)).rename(inbox / "whole.pgm")
        assert Path(watch.row()["path"]).name == "whole.pgm"
        assert watch.end() == (130, [])
    assert once(*store, inbox) == ([], "")


def test_links(inbox, tmp_path):
    """A hard link is a copy; a symbolic link that points to another film is another film."""
    film(inbox / "film.png")
    for seed in (1001, 1002):
        film(tmp_path / f"{seed}.png", seed)
    with watching(inbox) as watch:
        watch.row()
        (inbox / "link.png").hardlink_to(inbox / "film.png")
        assert watch.row()["copy_of"] == str(inbox / "film.png")
        (inbox / "points.png").symlink_to(tmp_path / "1001.png")
        first = watch.row()
        (tmp_path / "new").symlink_to(tmp_path / "1002.png")
        (tmp_path / "new").rename(inbox / "points.png")
        assert watch.row()["replaces"] == first["sha256"]
        assert watch.end() == (130, [])


def test_what_systems_leave_in_shares_is_no_film(inbox):
    """Of macOS, Windows, Synology; and two names that only a share without cases takes for one."""
    small = film(inbox / "FILM.PNG").read_bytes()
    film(inbox / "film.png", seed=1001)
    (inbox / "._FILM.PNG").write_bytes(small)
    (inbox / ".DS_Store").write_bytes(b"\0\0\0\1Bud1" + bytes(600))
    (inbox / "Thumbs.db").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    (inbox / "desktop.ini").write_text("[.ShellClassInfo]")
    for folder in ("@eaDir/FILM.PNG", "$RECYCLE.BIN", "#recycle"):
        (inbox / folder).mkdir(parents=True)
        film(inbox / folder / "thumb.png", seed=1002)
    rows, err = once(inbox)
    assert [Path(row["path"]).name for row in rows] == ["FILM.PNG", "film.png"]
    assert err == ""


def test_a_film_that_was_judged_without_a_path_is_told_and_noted_once(inbox, tmp_path):
    """The page and the DICOM node keep no path: the file in the folder is the first that has one."""
    store = tmp_path / "results.db"
    same = film(tmp_path / "handed in.png")
    run("--store", store, "--no-paths", same)
    path = shutil.copy(same, inbox)
    ((row,), err) = once("--store", store, inbox)
    assert (row["path"], row["stored"], row["copy_of"], err) == (str(path), True, None, "")
    assert [(one["path"], one["copies"]) for one in kept(store)] == [("", [str(path)])]
    assert once("--store", store, inbox) == ([], "")


def test_folders_that_come_later(inbox, tmp_path):
    with watching(inbox / "later" / "still later", inbox / "other") as watch:
        (inbox / "later" / "still later").mkdir(parents=True)
        film(inbox / "later" / "still later" / "film.png")
        assert Path(watch.row()["path"]).name == "film.png"
        film(tmp_path / "film.png", seed=1001)
        (tmp_path / "moved" / "deep").mkdir(parents=True)
        shutil.copy(tmp_path / "film.png", tmp_path / "moved" / "deep")
        (tmp_path / "moved").rename(inbox / "other")
        assert watch.row()["path"] == str(inbox / "other" / "deep" / "film.png")
        assert watch.end()[0] == 130


def test_a_film_with_a_black_lower_edge_only_waits(inbox):
    drawn = draw_film(1000, 300, 260)
    drawn[-10:] = 0
    write_dicom(inbox / "film.dcm", np.ascontiguousarray(drawn))
    ((row,), err) = once(inbox)
    assert (row["error"], err) == (None, "")
