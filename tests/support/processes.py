"""What tests that talk with a running program share."""

import errno
import subprocess
import threading
from collections.abc import Callable


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


def serve_in_thread(forever: Callable[[], None]) -> None:
    """Run a server of `serving.listening` in a thread of this process, which ends when the server is closed.

    The close may come while the thread waits for a request; its sockets are then no longer valid.
    """

    def until_closed() -> None:
        try:
            forever()
        except OSError as error:
            if error.errno != errno.EBADF:
                raise

    threading.Thread(target=until_closed, daemon=True).start()
