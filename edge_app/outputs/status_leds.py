"""Three lights at pins of the Pi: ready, judging, and the last verdict.

The third burns for 'covid suspected', blinks slowly where a person must look (any other finding, unsure, refused, could
not be read) and flashes once for 'no finding suspected'. None of them is green for healthy: they say that there is
something to read on the screen, not what to believe.
"""

from edge_app.errors import MissingPackage, WrongUsage
from edge_app.screening import decision

NAMES = ("ready", "judging", "verdict")
# Seconds of the single flash, and of each half of the slow blinking.
FLASH, SLOW = 2.0, 0.5


def pins(text: str) -> tuple[str, ...]:
    """Read three pins, such as `5,6,13`.

    Raises:
        WrongUsage: they are not three different ones.
    """
    found = tuple(part.strip() for part in text.split(","))
    if len(found) != len(NAMES) or len(set(found)) != len(found) or not all(found):
        raise WrongUsage(f"--lights: '{text}' does not name three pins; write those of {', '.join(NAMES)}: 5,6,13.")
    return found


class StatusLeds:
    """The three lights; until the first word all are dark."""

    def __init__(self, text: str):
        """Take the pins of `pins`.

        Raises:
            MissingPackage: gpiozero is not installed.
            WrongUsage: there are no such pins.
        """
        wanted = pins(text)
        try:
            import gpiozero
        except ImportError as error:
            raise MissingPackage(
                "--lights: gpiozero is not installed; run 'sudo apt install python3-gpiozero', or "
                "'pip install gpiozero lgpio'."
            ) from error
        self._lights = []
        for pin in wanted:
            try:
                self._lights.append(gpiozero.LED(int(pin) if pin.isdigit() else pin))
            except Exception as error:  # gpiozero passes on whatever the library beneath it raises
                self.close()
                why = str(error) or type(error).__name__
                raise WrongUsage(f"--lights: pin '{pin}' cannot be used ({why}); name three such as 5,6,13.") from error
        self._ready, self._judging, self._verdict = self._lights
        self._busy = None
        self._answered = False  # whether what is in view before a camera has its verdict

    def ready(self) -> None:
        """Show that a film may come."""
        self._turn(busy=False)

    def judging(self) -> None:
        """Show that a film is being judged; the verdict of the one before goes out."""
        if self._turn(busy=True):
            self._verdict.off()

    def verdict(self, verdict: str | None) -> None:
        """Show the verdict of a film, one of `decision.VERDICTS`; None of a film that could not be read."""
        if verdict == decision.COVID:
            self._verdict.on()
        elif verdict == decision.NORMAL:
            self._verdict.blink(FLASH, 0, n=1)
        else:
            self._verdict.blink(SLOW, SLOW)
        self._answered = True

    def look(self, in_view: bool) -> None:
        """Show what a camera sees: `judging` while a film is in view that has no verdict yet."""
        self._answered = self._answered and in_view
        if in_view and not self._answered:
            self.judging()
        else:
            self.ready()

    def close(self) -> None:
        """Darken all and give the pins back."""
        for light in self._lights:
            light.off()
            light.close()

    def _turn(self, busy: bool) -> bool:
        """Light one of the first two; return whether that is news."""
        if busy == self._busy:
            return False
        self._busy = busy
        (self._judging if busy else self._ready).on()
        (self._ready if busy else self._judging).off()
        return True
