"""What is said to who holds the film: it changes at most once a second, so that it can be read. Pure; in seconds."""

from collections import deque
from collections.abc import Sequence

from edge_app.camera.detect.advice import Advice

# Seconds for which a sentence stays at least: it takes about as long to read it and to begin to do it.
STAYS = 1.0
# Something else is said once it led for this share of this many seconds. A film at the edge of being found comes and
# goes with every other frame.
LOOKED_BACK, MOST_OF_IT = 0.8, 0.7


class SteadyAdvice:
    """Holds what is said while the advice of single frames flickers, at any frame rate."""

    def __init__(self):
        """Begin with nothing said."""
        self._said: tuple[Advice, ...] = ()
        self._since = 0.0
        self._led: deque[tuple[float, str]] = deque()  # times of frames, and the kind that led in each

    def say(self, now: float, advice: Sequence[Advice], at_once: bool = False) -> tuple[Advice, ...]:
        """Return what to say at a frame.

        Args:
            now: time of the frame.
            advice: what would be said of this frame by itself, the most important first; not empty.
            at_once: say it now, whatever was said before, as after a verdict.
        """
        kind = advice[0].kind
        if self._led and now < self._led[-1][0]:  # the camera was opened again: another clock
            self._led.clear()
            at_once = True
        self._led.append((now, kind))
        while len(self._led) > 1 and self._led[1][0] <= now - LOOKED_BACK:
            self._led.popleft()
        stayed = now - self._since >= STAYS
        leads = kind == self._said[0].kind if self._said else True
        due = at_once or not self._said or (stayed and (leads or self._share(now, kind) >= MOST_OF_IT))
        if due and tuple(advice) != self._said:
            self._said, self._since = tuple(advice), now
        return self._said

    def forget(self) -> None:
        """Say what the next frame gives at once, such as after the camera was opened again."""
        self._said = ()
        self._led.clear()

    def _share(self, now: float, kind: str) -> float:
        """Return the share of the time looked back on in which a kind led; each frame speaks for the time before it."""
        begin = now - LOOKED_BACK
        led, before = 0.0, begin if len(self._led) == 1 else max(begin, self._led[0][0])
        for time, leading in self._led:
            led += (time - before) * (leading == kind) if time > before else 0.0
            before = max(before, time)
        return led / LOOKED_BACK
