"""The bench of a session, small: every figure is there and sensible; what it allows is for a quiet machine to keep."""

import json
import subprocess
import sys
from pathlib import Path

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
    for name in list(figures)[:4]:
        assert 0 < figures[name]["ratio"] < 20
    assert 10 < figures["memory"]["pss_mb"] <= figures["memory"]["rss_mb"] < 1000


def test_a_family_is_counted_whole():
    script = "import os, time; pid = os.fork(); x = bytearray(50_000_000); sum(range(3_000_000)); time.sleep(0.3)"
    script += "; print(os.getpid()); pid and os.waitpid(pid, 0)"
    ran = process_stats.run([sys.executable, "-c", script], memory=True)
    assert ran["code"] == 0
    assert len(ran["stdout"].split()) == 2
    assert 100 < ran["pss_mb"] < 200
    alone = process_stats.run([sys.executable, "-c", "sum(range(3_000_000))"])
    assert ran["cpu_seconds"] > 1.2 * alone["cpu_seconds"]
