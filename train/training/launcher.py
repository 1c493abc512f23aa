"""Start the workers of a distributed run on this machine, and start them all again when one dies.

A worker that dies takes its peers along: the sums that they wait for never come. So when one ends with a fault, the
others are ended too, and all go on from the checkpoint of the last whole epoch. On several machines each has a launcher
with its own worker, which ends by itself when TensorFlow misses a peer.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from edge_app.errors import EdgeError

# Seconds between looks at the workers, and those that a worker has to end after SIGTERM.
LOOK, PATIENCE = 0.5, 10
# What `python -m train` ends with on a fault that the user can mend.
WRONG_USAGE = 2


def _print(sentence: str) -> None:
    print(sentence, flush=True)


def run(
    words: Sequence[str], workers: int, restarts: int, begun: Callable[[], bool], told: Callable[[str], None] = _print
) -> int:
    """Run a command as several workers until all end well; return 0, or 2 if one refused its arguments.

    Args:
        words: the command of `python -m train`, without `--resume`, which it gets where there is a run.
        workers: on this machine, on ports of the loopback that are free.
        restarts: how often they may be started again.
        begun: whether there is a run to go on with.
        told: is given a sentence at every start.

    Raises:
        EdgeError: they died too often.
    """
    # Else whoever ends the launcher would leave its workers behind.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    for attempt in range(restarts + 1):
        started = _start([*words, *(["--resume"] if begun() else [])], workers)
        told(f"workers: {' '.join(str(one.pid) for one in started)} (start {attempt + 1})")
        codes = _wait(started)
        if not any(codes):
            return 0
        if WRONG_USAGE in codes:  # the worker has said what is wrong, and would say it again
            return WRONG_USAGE
        told(f"workers: ended with {codes}; they go on from the last whole epoch")
    raise EdgeError(
        f"--workers: they died {restarts + 1} times; look at what they wrote above, then go on with '--resume', or "
        "allow more with '--restarts N'."
    )


def without(words: Sequence[str], flags: Sequence[str]) -> list[str]:
    """Return the words of a command without some flags and their values."""
    kept, skipped = [], False
    for word in words:
        name, joined, _ = word.partition("=")
        if name in flags:
            skipped = not joined and name != "--resume"
        elif skipped:
            skipped = False
        else:
            kept.append(word)
    return kept


def _start(words: Sequence[str], workers: int) -> list[subprocess.Popen]:
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(workers)]
    started = []
    for index in range(workers):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = os.environ | {"TF_CONFIG": json.dumps(config)}
        started.append(subprocess.Popen([sys.executable, "-m", "train", *words], env=environment))
    return started


def _wait(started: list[subprocess.Popen]) -> list[int]:
    """Wait until all have ended, or one with a fault, then end the others; return their exit codes."""
    try:
        while any(one.poll() is None for one in started):
            if any(one.poll() for one in started):
                break
            time.sleep(LOOK)
        first = [one.poll() for one in started]
    finally:
        _end(started)
    # Of those that were ended here the code says nothing; the fault is that of the one that ended by itself.
    return [one.returncode if code is None else code for code, one in zip(first, started, strict=True)]


def _end(started: list[subprocess.Popen]) -> None:
    for one in started:
        if one.poll() is None:
            one.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    for one in started:
        try:
            one.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            one.kill()
            one.wait()


def _free_ports(count: int) -> list[int]:
    """Return ports of the loopback on which nobody listens."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
