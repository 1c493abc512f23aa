"""A run over films when a sink, the store or a source fails: it is told, and the run goes on."""

import contextlib
import json
import os
import sqlite3
import sys
import termios

import pytest
from PIL import Image

from edge_app.commands.cli import parser
from edge_app.install import model_registry
from edge_app.screening.result import Failed
from edge_app.service import screening_run
from edge_app.service.screening_run import ScreeningRun
from edge_app.sources.film_paths import Problem
from tests.support.films import draw_film


@pytest.fixture
def films(tmp_path):
    """Return the paths of two different films."""
    paths = [tmp_path / f"film{number}.png" for number in range(2)]
    for number, path in enumerate(paths):
        Image.fromarray(draw_film(number, 240, 200)).save(path)
    return paths


@pytest.fixture
def args(model_path, films):
    """Return a function that reads the flags of `classify`, with films, the small model and JSON lines."""

    def read(*flags):
        words = ["--model", model_path, "--json", *flags, *films]
        return parser("classify").parse_args(["classify", *map(str, words)])

    return read


class Broken:
    """A sink with a bug, and a full disk where it ends."""

    def add(self, result):
        """Fail as a bug does."""
        raise RuntimeError("a bug")

    def close(self):
        """Fail as a full disk does."""
        raise OSError(28, "No space left on device")


def rows(printed: str) -> list[dict]:
    """Return the JSON lines that were printed."""
    return [json.loads(line) for line in printed.splitlines()]


def test_a_store_that_fails_is_told_and_every_film_is_judged(args, films, tmp_path, capsys):
    store = tmp_path / "results.sqlite"
    with ScreeningRun(args("--store", store)) as run:
        with sqlite3.connect(store) as base:
            base.execute("DROP TABLE copies")
            base.execute("DROP TABLE films")
        base.close()
        run.run(films)
    printed = capsys.readouterr()
    assert run.code == 1
    assert [row["path"] for row in rows(printed.out)] == [str(path) for path in films]
    assert "--store: cannot be written any more (" in printed.err
    assert "the run goes on without it." in printed.err


def test_a_bug_in_a_sink_costs_no_film_and_is_to_be_reported(args, films, capsys):
    with ScreeningRun(args()) as run:
        run._sinks.append(("--report", Broken()))
        run.run(films)
    printed = capsys.readouterr()
    assert run.code == 1
    assert len(rows(printed.out)) == len(films)
    assert printed.err.splitlines() == [
        *(f"--report: failed inside this program at {path} (RuntimeError: a bug); report it." for path in films),
        "--report: cannot be written any more (No space left on device); the run goes on without it.",
    ]


def test_what_a_source_complains_of_is_a_row_in_its_place(args, films, tmp_path, capsys):
    nothing = tmp_path / "nothing"
    with ScreeningRun(args()) as run:
        run.run([films[0], Problem(nothing, f"{nothing}: does not exist.")])
    printed = capsys.readouterr()
    assert run.code == 1
    first, last = sorted(rows(printed.out), key=lambda row: row["path"] == str(nothing))
    assert (first["path"], first["error"]) == (str(films[0]), None)
    assert (last["path"], last["error"]) == (str(nothing), f"{nothing}: does not exist.")
    assert printed.err == f"{nothing}: does not exist.\n"


def test_a_camera_hands_its_films_over_itself(args, capsys):
    with ScreeningRun(args("--model", model_registry.released()), camera=True) as run:
        with pytest.raises(ValueError, match="hand them to `take`"):
            run.run([])
        run.take(Failed("photo", "photo: shows nothing."))
    assert run.code == 1
    assert [row["error"] for row in rows(capsys.readouterr().out)] == ["photo: shows nothing."]


def shown(parent: int) -> str:
    """Return all that a terminal was sent, once its other end is closed; it comes in pieces."""
    said = b""
    with contextlib.suppress(OSError), os.fdopen(parent, "rb", buffering=0) as file:  # EIO: the end, pty(7)
        while piece := file.read(4096):
            said += piece
    return said.decode()


def test_a_person_at_a_terminal_sees_how_far_a_long_run_is(monkeypatch):
    parent, child = os.openpty()
    termios.tcsetwinsize(child, (24, 80))  # a terminal of 80 columns
    wanted = list(range(screening_run.LEAST_FOR_PROGRESS))
    with os.fdopen(child, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        assert list(screening_run.progress(wanted, len(wanted))) == wanted
        screening_run.complain("a sentence above the bar")
        assert list(screening_run.progress(wanted[1:], len(wanted) - 1)) == wanted[1:]  # too short to be seen
    said = shown(parent)
    assert said.count("20/20") == 1
    assert "a sentence above the bar" in said
    assert "19/19" not in said
