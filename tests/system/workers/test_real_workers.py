"""`tiny` on real films by one worker, and by two of which one is killed: `make test-workers`, hours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fit_command import ROOT, epochs_done, fit, kill_a_worker

# Seconds; an epoch of `tiny` on two cores takes one or two minutes, and the first one waits for the shards to be read.
PATIENCE_S = 24 * 3600
EPOCHS = os.environ.get("EPOCHS", "12")


@pytest.mark.skipif("INDEX" not in os.environ, reason="needs the collections and hours: make test-workers")
def test_two_workers_reach_the_figure_of_one(tmp_path):
    data, index, folder = os.environ["DATA"], os.environ["INDEX"], tmp_path / "shards"
    words = ["shards", "--model", "tiny", "--data", data, "--index", index, "--out", str(folder)]
    subprocess.run([sys.executable, "-m", "train", *words], cwd=ROOT, check=True)
    flags = ("--shards", folder, "--epochs", EPOCHS)
    one = fit(tmp_path / "one", *flags, "--distribute", "off")
    one.communicate(timeout=PATIENCE_S)
    with fit(tmp_path / "two", *flags, "--distribute", "multiworker", "--workers", 2) as two:
        print(kill_a_worker(two, tmp_path / "two", PATIENCE_S))
    assert (one.wait(PATIENCE_S), two.wait(PATIENCE_S)) == (0, 0)
    assert epochs_done(tmp_path / "two") >= 1
    for label in ("covid", "pneumonia"):
        alone, shared = (_auc(tmp_path / name, label) for name in ("one", "two"))
        print(label, alone, shared)
        assert alone["low"] <= shared["value"] <= alone["high"]


def _auc(run_dir: Path, label: str) -> dict:
    return json.loads((run_dir / "run.json").read_text(encoding="utf-8"))["metrics"]["own"][label]["auc"]
