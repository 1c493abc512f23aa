"""The end of the process, also while a thread hangs inside a driver or a library.

At its end Python stops daemon threads with a forced unwinding, which OpenCV's C++ does not let through: a thread that
is inside `VideoCapture.read`, or draws a picture for a browser, aborts the whole process ("FATAL: exception not
rethrown", https://github.com/python/cpython/issues/87135). So with such a thread the process leaves without that step.
"""

import atexit
import contextlib
import os
import sys
from collections.abc import Callable
from typing import NoReturn


def end_with(main: Callable[[], int]) -> NoReturn:
    """Run a program's main function and end the process with its exit code; 1 after an exception nobody caught."""
    try:
        code = main()
    except Exception as error:
        if not _has_daemons():
            raise
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    if not _has_daemons():
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with contextlib.suppress(OSError, ValueError):  # whoever read it has gone, or it is closed
            stream.flush()
    os._exit(code)


def _has_daemons() -> bool:
    """Return whether daemon threads are alive, once all others have ended."""
    threading = sys.modules.get("threading")  # most commands start without it
    if threading is None:
        return False
    others = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    for thread in others:
        if not thread.daemon:
            thread.join()
    return any(thread.daemon for thread in others)
