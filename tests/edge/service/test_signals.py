"""Ctrl-C and SIGTERM at any instant: from the first import to the last film, no traceback and nothing half written."""

import contextlib
import csv
import functools
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from edge_app.service import signals
from tests.support.films import draw_film
from tests.support.golden import GOLDEN
from tests.support.processes import rest_of

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-m", "edge_app"]
MODEL = ["--model", str(GOLDEN / "tiny-int8.tflite")]
# A background job, as a test run may be, is started with SIGINT ignored and hands that on; a terminal does not.
HEED = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def folder(tmp_path):
    """Return a folder of many films."""
    film = tmp_path / "film.png"
    Image.fromarray(draw_film(1000, 300, 260)).save(film)
    (tmp_path / "films").mkdir()
    for i in range(300):
        (tmp_path / "films" / f"{i}.png").symlink_to(film)
    return tmp_path / "films"


def stopped(line, after: float, number: int) -> tuple[int, str, str]:
    """Start a program, send it a signal so many seconds later; return its exit code, stdout and stderr."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*map(str, line)], cwd=ROOT, preexec_fn=HEED, **pipes) as process:
        time.sleep(after)
        process.send_signal(number)
        out, err = process.communicate(timeout=100)
    return process.returncode, out, err


def test_at_random_instants(folder, tmp_path):
    rng = random.Random(5)
    for turn in range(24):
        number, code = rng.choice([(signal.SIGINT, 130), (signal.SIGTERM, 143)])
        # Start-up takes 0.2 to 0.6 s here: instants lie within it, and within the run.
        after = rng.uniform(0, 1.2)
        rows = tmp_path / f"{turn}.csv"
        line = [*PROGRAM, "classify", "--json", "--csv", rows, *MODEL, folder]
        ended, out, err = stopped(line, after, number)
        # Before the first line of ours runs it is Python that is interrupted, and says so itself.
        assert "edge_app" not in err, (after, err)
        if "Traceback" not in err and "Fatal" not in err:
            assert err == "", after
            assert ended in (code, -number, 0), after
        told = [json.loads(row) for row in out.splitlines()]
        if rows.exists():
            with rows.open(newline="") as file:
                assert len(list(csv.DictReader(file))) == len(told)


@pytest.mark.parametrize("words", [["bench"], ["doctor"], ["--version"], ["classify", "--help"]])
def test_other_commands(words):
    rng = random.Random(6)
    for _ in range(4):
        ended, _, err = stopped([*PROGRAM, *words], rng.uniform(0.05, 0.6), signal.SIGINT)
        assert "edge_app" not in err or "Traceback" not in err
        assert ended in (130, -signal.SIGINT, 0, 1, 2)


def test_a_run_that_is_stopped_keeps_what_it_had_and_says_how_much(folder):
    line = [*PROGRAM, "classify", *MODEL, folder]
    with subprocess.Popen(
        line, cwd=ROOT, preexec_fn=HEED, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        lines = []
        while not any("no finding suspected" in line for line in lines):
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest, err = rest_of(process)
    assert err == ""
    assert process.returncode == 130
    shown = "".join([*lines, rest]).splitlines()
    films = sum("no finding suspected  " in line for line in shown)
    assert 1 <= films < 300
    assert shown[-1].startswith(f"{films} film")


def test_who_ignores_ctrl_c_is_not_stopped_by_it(folder):
    ignore = functools.partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
    line = [*PROGRAM, "classify", "--json", *MODEL, *sorted(folder.iterdir())[:40]]
    with subprocess.Popen(line, cwd=ROOT, preexec_fn=ignore, text=True, stdout=subprocess.PIPE) as process:
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = rest_of(process)
    assert process.returncode == 0
    assert len((first + rest).splitlines()) == 40


def test_no_process_is_left(folder):
    line = [*PROGRAM, "watch", *MODEL, folder]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, cwd=ROOT, preexec_fn=HEED, **pipes) as process:
        while "suspected  " not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=100)  # ends once nobody holds the pipes: children would
    assert err == ""
    assert process.returncode == 143


def test_a_stop_whose_exception_was_lost_is_raised_again(monkeypatch):
    signals.obey()  # nothing came
    monkeypatch.setattr(signals, "_stop", signals._Stop())
    with contextlib.suppress(signals.Stopped):  # as a destructor loses it
        signals._stop(signal.SIGTERM, None)
    with pytest.raises(signals.Stopped) as stop:
        signals.obey()
    assert stop.value.code == 143
