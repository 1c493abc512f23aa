"""What tests that talk with a running program share."""

import subprocess
import threading


def rest_of(process: subprocess.Popen, seconds: float = 100) -> tuple[str, str]:
    """Return all that a program of which lines were read still says on stdout and stderr, and wait for its end.

    `communicate` leaves out what `readline` has read ahead. A program that takes longer is killed.
    """
    killer = threading.Timer(seconds, process.kill)
    killer.start()
    with process:  # closes the pipes
        out = process.stdout.read()
        err = process.stderr.read() if process.stderr else ""
    killer.cancel()
    return out, err
