"""The newest moment of a camera's loop, drawn once for all browsers that watch it; for many threads."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from edge_app.camera.loop.loop import Moment
from edge_app.camera.ui import screen

# JPEG quality of a picture 640 pixels wide: some 30 kB.
QUALITY = 75
# Most pictures a second of a stream, and seconds after which it checks again whether the view is closed.
RATE, GLANCE = 10, 5.0


class LastFilm(NamedTuple):
    """The film that was judged last.

    Attributes:
        row: its fields, of docs/results.md.
        url: of its page or picture, for a browser.
        picture: URL of its picture with the heat map, to be shown beside the live picture; empty for none.
    """

    row: Mapping
    url: str
    picture: str = ""


class LiveView(ABC):
    """Holds the newest moment; a subclass implements `press` and `last`.

    Attributes:
        fault: why the camera gives no more pictures, in one sentence; empty as long as it does.
    """

    def __init__(self):
        """Begin without a moment."""
        self.fault = ""
        self._news = threading.Condition()
        self._moment: Moment | None = None
        self._number = 0
        self._drawn: tuple[int, bytes] = (0, b"")
        self._closed = False

    @abstractmethod
    def press(self, label: str = "") -> None:
        """Press the shutter; the film in view is judged for this patient label."""

    @abstractmethod
    def last(self) -> LastFilm | None:
        """Return the film that was judged last; None before the first."""

    def show(self, moment: Moment) -> None:
        """Show a moment to all browsers."""
        with self._news:
            self._moment, self._number = moment, self._number + 1
            self._news.notify_all()

    def newest(self) -> tuple[Moment | None, int]:
        """Return the newest moment, None before the first, and the count of moments so far."""
        with self._news:
            return self._moment, self._number

    def picture(self) -> bytes | None:
        """Return the newest frame with the outlines of films, 640 pixels wide, as JPEG; None before the first."""
        with self._news:
            moment, number, (drawn, content) = self._moment, self._number, self._drawn
        if moment is None or moment.frame is None:
            return None
        if drawn != number:
            content = screen.jpeg(screen.outlined(moment.frame, moment.view), QUALITY)
            with self._news:
                self._drawn = (number, content)
        return content

    def stream(self) -> Iterator[bytes]:
        """Yield each new moment with its advice drawn beneath it, as JPEG, until the view is closed."""
        shown = 0
        while not self._closed:
            with self._news:
                self._news.wait_for(lambda seen=shown: self._closed or self._number != seen, GLANCE)
                moment, shown = self._moment, self._number
            if moment:
                yield screen.jpeg(screen.live(moment))
            time.sleep(1 / RATE)

    def close(self) -> None:
        """End all streams."""
        with self._news:
            self._closed = True
            self._news.notify_all()
