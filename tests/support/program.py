"""The program in its own process."""

import subprocess
import sys
from pathlib import Path

from tests.support.golden import GOLDEN

ROOT = Path(__file__).parents[2]
MODEL = GOLDEN / "tiny-int8.tflite"


def run(*words, code=0, command="classify", model=MODEL, before=(), **options):
    """Run the program, check its exit code and return what it printed; a traceback is never an answer."""
    line = [*before, sys.executable, "-m", "edge_app", command, *(["--model", model] if model else []), *words]
    options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 60} | options
    done = subprocess.run([str(word) for word in line], check=False, **options)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr
    return done


def one_line(done) -> str:
    """Return the one line of stderr of a run that printed nothing."""
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr
