"""Ctrl-C and SIGTERM: a run stops between two films and closes what it opened, without a traceback.

From the start of the program (`__main__`) to `install_handlers` a signal ends the process silently: a
KeyboardInterrupt inside an import would come out as an ImportError, or as a traceback.
"""

import contextlib
import signal
import sys
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """Stop requested by the user or the system; `code` is the exit code, 130 or 143."""

    def __init__(self, number: int):
        super().__init__()
        self.code = 128 + number


class _Stop:
    """The handler of the signals, and what it knows: the signal that came, and whether a block holds it back."""

    def __init__(self):
        self.number, self.is_held = 0, False

    def __call__(self, number: int, _frame: object) -> None:
        """Take a signal: the next one ends the process."""
        self.number = number
        for each in SIGNALS:
            if signal.getsignal(each) is self:
                signal.signal(each, signal.SIG_DFL)
        if not self.is_held:
            raise Stopped(number)


_stop = _Stop()


def install_handlers() -> None:
    """From now on raise `Stopped` at the first signal; the second ends the process at once."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    sys.unraisablehook = _unraisable


def stopped_by() -> int:
    """Return the exit code of the signal that came, that of Ctrl-C if none is known."""
    return 128 + (_stop.number or signal.SIGINT)


def obey() -> None:
    """Raise `Stopped` again if a signal came and its exception was lost, as in a destructor, or inside a library."""
    if _stop.number and not _stop.is_held:
        raise Stopped(_stop.number)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Finish the block, such as writing down a film, before a signal is obeyed."""
    _stop.is_held = True
    try:
        yield
    finally:
        _stop.is_held = False
    if _stop.number:
        raise Stopped(_stop.number)


def _unraisable(fault: "sys.UnraisableHookArgs") -> None:
    """Stay silent about a stop that met a destructor, which cannot pass it on; `held` and `obey` raise it again."""
    if not issubclass(fault.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(fault)
