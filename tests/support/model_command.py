"""The command `model`, and which model is used after it."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def model(*words, code=0) -> tuple[list[dict], str]:
    """Run `model ... --json`; return its lines and what it complained of."""
    line = [sys.executable, "-m", "edge_app", "model", *map(str, words), "--json"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert done.stderr.count("\n") <= 1
    return [json.loads(text) for text in done.stdout.splitlines()], done.stderr


def in_use() -> str:
    """Return the name of the model that `classify` would use, by the program that reads and proves it."""
    done = subprocess.run(
        [sys.executable, "-m", "edge_app", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("model ")]
    return line.split()[1].rstrip(",")
