"""`watch` beside a test, and the films that it finds."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from tests.support.films import draw_film
from tests.support.golden import GOLDEN

ROOT = Path(__file__).parents[2]
LINE = [sys.executable, "-m", "edge_app", "watch", "--json", "--model", str(GOLDEN / "tiny-int8.tflite")]
QUICK = ["--interval", "0.05", "--patience", "0.5"]
# Longer than any test may take; a watch that says nothing is ended by it and fails.
AT_MOST = 100


def film(path: Path, seed: int = 1000) -> Path:
    """Write a drawn film to a path."""
    Image.fromarray(draw_film(seed, 300, 260)).save(path)
    return path


class Running:
    """A watch that runs."""

    def __init__(self, process):
        self._process = process
        self.err = []
        self._listener = threading.Thread(target=lambda: self.err.extend(process.stderr))
        self._listener.start()

    def row(self) -> dict:
        """Wait for the next line."""
        line = self._process.stdout.readline()
        assert line, "".join(self.err)
        return json.loads(line)

    def end(self, number: int = signal.SIGINT) -> tuple[int, list[dict]]:
        """Send a signal; return the exit code and the lines that nobody waited for."""
        self._process.send_signal(number)
        rows = [json.loads(line) for line in self._process.stdout]
        self._listener.join()
        return self._process.wait(), rows


@contextlib.contextmanager
def watching(*words, **options) -> Iterator[Running]:
    """Run `watch` beside the test."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT} | options
    # A background job, as a test run may be, hands on that SIGINT is ignored; a terminal does not.
    interruptible = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    process = subprocess.Popen([*LINE, *QUICK, *map(str, words)], preexec_fn=interruptible, **options)
    killer = threading.Timer(AT_MOST, process.kill)
    killer.start()
    running = Running(process)
    try:
        yield running
    finally:
        killer.cancel()
        process.kill()
        process.communicate()


def once(*words, code=0):
    """Run `watch --once`; return its rows and what it said on stderr."""
    line = [*LINE, *QUICK, "--once", *map(str, words)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=AT_MOST)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return [json.loads(row) for row in done.stdout.splitlines()], done.stderr
