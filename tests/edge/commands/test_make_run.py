"""`make run`, with this Python in place of the light environment's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.films import png
from tests.support.golden import GOLDEN

ROOT = Path(__file__).parents[3]


def make_run(*images) -> subprocess.CompletedProcess:
    """Run it on a folder, with the small model."""
    words = f'{images[0]}" --model "{GOLDEN / "tiny-int8.tflite"}'
    line = [
        "make",
        "--no-print-directory",
        "-o",
        ".venv-edge/ready",
        "run",
        f"EDGE={sys.executable}",
        f"IMAGES={words}",
    ]
    # As from a shell: what a `make` above was told is not for this one.
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.run(line, cwd=ROOT, env=alone, capture_output=True, text=True, check=False, timeout=100)


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_a_damaged_film_among_others_ends_without_an_error_of_make(tmp_path):
    (tmp_path / "whole.png").write_bytes(png())
    (tmp_path / "damaged.png").write_bytes(png()[:-5000])
    done = make_run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 could not be read" in done.stdout and "whole.png" in done.stdout
    (said,) = done.stderr.splitlines()
    assert said.startswith(f"{tmp_path / 'damaged.png'}: is damaged")
    assert make_run(f'{tmp_path}" --threads "0').returncode == 2  # wrong usage still is an error
