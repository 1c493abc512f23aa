"""Stops of the program at a camera of the network, in every state that the camera may be in."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tests.support.camera_server import Server
from tests.support.light_box import FILM, box
from tests.support.program import ROOT

STATES = ("live", "slow", "stalled", "gone")
SIGNALS = {signal.SIGTERM: 143, signal.SIGINT: 130}
# Seconds from picture to picture of a slow camera: the program ends while it waits inside a read.
SLOW = 1.5


class Stop(NamedTuple):
    """How the program ended: its exit code, what it said, and seconds from the signal to the end."""

    code: int
    said: str
    seconds: float


def started(address: str, model: Path, *more: str) -> subprocess.Popen:
    """Start the program at a camera."""
    words = [sys.executable, "-m", "edge_app", "camera", address, "--json", "--screen", "none", "--model", str(model)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A background job is started with SIGINT ignored, and hands that on; a terminal does not.
    return subprocess.Popen([*words, *more], cwd=ROOT, preexec_fn=_heed_sigint, **pipes)


def _heed_sigint() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def by_signal(state: str, number: signal.Signals, model: Path) -> Stop:
    """Stop the program by a signal while its camera is in a state of `STATES`."""
    server = Server(box(None))
    try:
        with started(server.address, model) as program:
            said = next(line for line in program.stderr if "no film in view" in line)
            if state == "slow":
                server.pace = SLOW
            elif state == "stalled":
                server.go.clear()
            elif state == "gone":
                server.close()
            time.sleep(0.3)
            began = time.monotonic()
            program.send_signal(number)
            try:
                _, rest = program.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                program.kill()
                rest = "it did not end within 120 s and was killed"
            return Stop(program.wait(), said + rest, time.monotonic() - began)
    finally:
        server.close()


def by_count(model: Path) -> Stop:
    """Let the program stop by itself after one film."""
    server = Server(box(FILM))
    try:
        began = time.monotonic()
        with started(server.address, model, "--count", "1") as program:
            _, said = program.communicate(timeout=120)
        return Stop(program.returncode, said, time.monotonic() - began)
    finally:
        server.close()
