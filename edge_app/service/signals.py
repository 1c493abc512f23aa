"""Ctrl-C and SIGTERM: a run ends between two films, closes what it opened and says nothing it should not.

From the start of the program (`__main__`) to `install_handlers` a signal ends the process without a word: a
KeyboardInterrupt inside an import would come out as an ImportError, or as a traceback.
"""

import contextlib
import signal
import sys
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_asked = 0  # the signal that came
_held = False


class Stopped(KeyboardInterrupt):
    """Stop requested by the user or the system; `code` is the exit code, 130 or 143."""

    def __init__(self, number: int):
        super().__init__()
        self.code = 128 + number


def install_handlers() -> None:
    """From now on raise `Stopped` at the first signal; the second ends the process at once."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    sys.unraisablehook = _unraisable


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Finish the block, such as writing down a film, before a signal is obeyed."""
    global _held
    _held = True
    try:
        yield
    finally:
        _held = False
    if _asked:
        raise Stopped(_asked)


def _stop(number: int, _frame) -> None:
    global _asked
    _asked = number
    for each in SIGNALS:
        if signal.getsignal(each) is _stop:
            signal.signal(each, signal.SIG_DFL)
    if not _held:
        raise Stopped(number)


def _unraisable(fault) -> None:
    """Keep quiet of a stop that met a destructor, which cannot pass it on; `held` raises it again."""
    if not issubclass(fault.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(fault)
