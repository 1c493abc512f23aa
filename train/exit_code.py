"""What a command of the desk leaves behind: an exit code, and one sentence where the user can mend what went wrong."""

import os
import signal
import sys
from collections.abc import Callable

from edge_app.errors import EdgeError, remedy


def of(command: Callable[[], int]) -> int:
    """Run a command and return its exit code: 2, with a sentence on stderr, after a fault that the user can mend."""
    try:
        code = command()
        print(end="", flush=True)  # here: a reader that has gone must be noticed below, not at exit
        return code
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has gone (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains once more at exit
        return 128 + signal.SIGPIPE
    except OSError as error:
        why = " ".join(str(error.strerror or error).split()).rstrip(".")
        where = error.filename if isinstance(error.filename, str) else "a file"
        what = remedy(error, "see that it is there and that you may use it")
        print(f"{where}: cannot be read or written ({why}); {what}, and start the same command again.", file=sys.stderr)
        return 2
