"""`python -m train fit` in processes of its own, with workers of which one may be killed."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def fit(run_dir: Path, *words: object) -> subprocess.Popen[str]:
    """Start a run of `tiny` on the processor."""
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        [sys.executable, "-m", "train", "fit", "--model", "tiny", "--run", str(run_dir), *map(str, words)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def epochs_done(run_dir: Path) -> int:
    """Return how many epochs a run has finished."""
    path = run_dir / "history.csv"
    return len(path.read_text(encoding="utf-8").splitlines()) - 1 if path.exists() else 0


def kill_a_worker(process: subprocess.Popen[str], run_dir: Path, patience_s: float) -> str:
    """Kill the second worker of a run once an epoch is done, and return what the run says until its end.

    Raises:
        AssertionError: the run ended before, or nothing happened for so long.
    """
    assert process.stdout is not None
    started = re.fullmatch(r"workers: \d+ (\d+) \(start 1\)\n", process.stdout.readline())
    assert started
    deadline = time.monotonic() + patience_s
    while not epochs_done(run_dir):
        assert process.poll() is None, f"ended with {process.returncode} too early"
        assert time.monotonic() < deadline, "no epoch was finished"
        time.sleep(0.05)
    os.kill(int(started[1]), signal.SIGKILL)
    return process.stdout.read()
