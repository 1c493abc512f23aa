"""The shutter: a key of the terminal, or a button at a GPIO pin of the Pi."""

import os
import select
import sys

from edge_app.errors import MissingPackage, WrongUsage

PRESS, LEAVE = (" ", "\n", "\r"), ("q", "Q", "\x1b")


class Keys:
    """The keys of a terminal, read without waiting for Return; no keys where stdin is not a terminal."""

    def __init__(self, stream=sys.stdin):
        """Set the terminal so that it gives each key at once."""
        self._number = stream.fileno() if stream and stream.isatty() else None
        if self._number is not None:
            import termios
            import tty

            self._before = termios.tcgetattr(self._number)
            tty.setcbreak(self._number)

    def pressed(self) -> set[str]:
        """Return which of "press" and "leave" were typed since the last call."""
        typed: set[str] = set()
        while self._number is not None and select.select([self._number], [], [], 0)[0]:
            letter = os.read(self._number, 1).decode(errors="replace")
            if not letter:
                break
            typed |= {"press"} if letter in PRESS else {"leave"} if letter in LEAVE else set()
        return typed

    def close(self) -> None:
        """Restore the terminal's settings."""
        if self._number is not None:
            import termios

            termios.tcsetattr(self._number, termios.TCSADRAIN, self._before)


def button(pin: str, press):
    """Call `press` whenever a button between a GPIO pin and ground is pushed.

    Args:
        pin: as gpiozero names pins: a Broadcom number such as `17` or `GPIO17`, or `BOARD11`.
        press: called in a thread of gpiozero.

    Returns:
        The button; the caller closes it.

    Raises:
        MissingPackage: gpiozero is not installed.
        WrongUsage: the pin does not exist or cannot be used.
    """
    try:
        import gpiozero
    except ImportError as error:
        raise MissingPackage(
            "--button: gpiozero is not installed; run 'sudo apt install python3-gpiozero', or "
            "'pip install gpiozero lgpio'."
        ) from error
    try:
        found = gpiozero.Button(int(pin) if pin.isdigit() else pin, bounce_time=0.05)
    except Exception as error:  # gpiozero passes on any exception of the library beneath it
        why = str(error) or type(error).__name__
        raise WrongUsage(f"--button: pin '{pin}' cannot be used ({why}); name one such as 17 or BOARD11.") from error
    found.when_pressed = press
    return found
