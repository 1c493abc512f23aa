"""When an opened camera counts as dead: no frame comes, or its picture is frozen or black. Pure but for the clock."""

import time

import numpy as np

# Seconds without a frame, with the very same frame, and with nothing but black, after which a camera is opened again.
STALLED, FROZEN, BLACK = 5.0, 10.0, 10.0
# Opening may take longer: a stream waits for a key frame, a Pi's camera for its exposure.
OPENING = 15.0
# A frame on which no pixel of a coarse grid is brighter than this is black; a lens cap lets less through.
BLACKEST = 12


class Watchdog:
    """Says when one opening of a camera counts as dead.

    Attributes:
        fault: why its thread ended; empty while it runs.
        black: whether it gave black frames only.
    """

    def __init__(self, noisy: bool):
        """Begin to watch; `noisy` as of `feed.Feed`."""
        self.fault = ""
        self.black = False
        self._noisy = noisy
        self._began = time.monotonic()
        self._came: float | None = None
        self._changed = self._lit = self._began
        self._last = b""

    def see(self, pixels: np.ndarray, now: float) -> None:
        """Note a frame, uint8 RGB (H, W, 3), that came at `now`, in seconds of `time.monotonic`."""
        coarse = pixels[::16, ::16]
        look = coarse.tobytes()
        if self._came is None or look != self._last or not self._noisy:
            self._changed = now
        if self._came is None or coarse.max() > BLACKEST:
            self._lit = now
        self._came, self._last = now, look

    def overdue(self, now: float) -> str:
        """Return why the camera must be opened again, without a full stop; empty if it need not be."""
        if self._came is None:
            return "it was opened and gives no picture" if now - self._began > OPENING else ""
        if now - self._came > STALLED:
            return f"no picture came for {STALLED:.0f} s"
        if now - self._lit > BLACK:
            self.black = True
            return "its pictures are black: take the cap off the lens, or give it light"
        if now - self._changed > FROZEN:
            return f"its picture has not changed for {FROZEN:.0f} s"
        return ""
