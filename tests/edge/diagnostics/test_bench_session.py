"""The bench of a session, small: every figure is there and sensible; what it allows is for a quiet machine to keep."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edge_app.bench import process_stats

ROOT = Path(__file__).parents[3]


def test_every_figure_is_measured(tmp_path, model_path, film_path):
    command = [sys.executable, "-m", "edge_app.bench.session", film_path.parent, "--model", model_path, "--turns", 1]
    command += ["--films", 20, "--many", 20, "--threads", 1, "--json", tmp_path / "figures.json"]
    ran = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(ran.stdout.splitlines()) == 7
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert list(figures) == ["cold", "png-2566x2566.png", "jpeg-3000x2500.jpg", "folder", "memory"]
    cold, png, jpeg, folder = (figures[name] for name in list(figures)[:4])
    assert cold["ratio"] == pytest.approx(cold["ours_seconds"] / cold["bare_seconds"])
    for film in (png, jpeg):
        assert film["floor_ms"] == pytest.approx(film[film["fastest"]] + film["networks_ms"])
        assert film["ratio"] == pytest.approx(film["ours_ms"] / film["floor_ms"])
    assert folder["ratio"] == pytest.approx(folder["ours"] / min(folder["decode"], folder["networks"]))
    assert min(one["ratio"] for one in (cold, png, jpeg, folder)) > 0
    assert 10 < figures["memory"]["pss_mb"] <= figures["memory"]["rss_mb"] < 1000


# A program and its child: each holds 50 MB, works, tells its own processor time, and waits until it may end.
FAMILY = """
import os, sys, time
child = os.fork()
held = bytearray(50_000_000)
sum(range(3_000_000))
sys.stdout.write(f"{time.process_time()}\\n")
sys.stdout.flush()
sys.stdin.read()
child and os.waitpid(child, 0)
"""


def test_the_memory_of_a_family_is_counted_whole():
    with subprocess.Popen([sys.executable, "-c", FAMILY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as family:
        assert family.stdout and all(family.stdout.readline() for _ in range(2))  # both hold theirs
        assert len(process_stats.members(family.pid)) == 2
        rss, pss = process_stats.memory_mb(family.pid)
        family.communicate()
    assert 100 < pss < 200 and pss <= rss


def test_the_processor_time_of_a_family_is_counted_whole():
    ran = process_stats.run([sys.executable, "-c", FAMILY.replace("sys.stdin.read()", "")], memory=True)
    told = [float(line) for line in ran["stdout"].split()]
    assert (ran["code"], len(told)) == (0, 2)
    assert ran["cpu_seconds"] >= sum(told) > max(told)
    assert 10 < ran["pss_mb"] <= ran["rss_mb"]
