"""Between the queue of received films and a run: films are handed out once, and are done once their outcome is kept."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edge_app.dicom_network.ledger import Ledger
from edge_app.errors import NoDicomResult, StoreFault
from edge_app.imaging import limits
from edge_app.screening.result import Judged, Refused, Result

if TYPE_CHECKING:
    import numpy as np
    from pydicom import Dataset

    from edge_app.screening.result import Screened

# Seconds between two looks when nothing arrives: as often the service gives a sign of life.
LOOK = 1.0


class Made(NamedTuple):
    """What leaves of a film.

    Attributes:
        objects: data sets for the PACS.
        bundle: a FHIR transaction, as JSON takes it; None without.
    """

    objects: "Iterable[Dataset]" = ()
    bundle: dict | None = None


# (header of the film without its pixels, its result, uint8 (H, W) 0 = black = air) -> what leaves.
Make = Callable[["Dataset", "Screened", "np.ndarray"], Made]


class Films:
    """The films that wait, without an end: the source of a run, and its last sink."""

    def __init__(
        self,
        ledger: Ledger,
        has_ended: Callable[[], bool],
        say: Callable[[str], None],
        make: Make | None = None,
        named: bool = False,
    ):
        """Begin with the oldest.

        Args:
            ledger: holds them.
            has_ended: says whether nothing more is to be judged, such as because results cannot be kept.
            say: takes sentences for the journal.
            make: makes what is sent of a film; None sends nothing.
            named: results carry the path of the film, which stays.
        """
        self._ledger, self._has_ended, self._say = ledger, has_ended, say
        self._make, self._named = make, named
        self._given: dict[Path, int] = {}
        self._current: tuple[Path, int] | None = None

    def __iter__(self) -> Iterator[Path | None]:
        """Yield films, and None before a call that waits."""
        last = 0
        while not self._has_ended():
            self._ledger.news.clear()
            for number, path in self._ledger.waiting(last):
                last = number
                self._given[path] = number
                yield path
            if not self._ledger.waiting(last, 1):
                yield None
                self._ledger.news.wait(LOOK)

    @property
    def current(self) -> Path | None:
        """The file of the film whose outcome the sinks are given now."""
        return self._current and self._current[0]

    def final(self, result: Result) -> Result:
        """Note which film the sinks are given next; return its result as it is told."""
        path = Path(result.path)
        self._current = path, self._given.pop(path)
        return result if self._named else result.nameless()

    def add(self, result: Result) -> None:
        """Take a film's outcome, once the store has it: what is made of it is queued, and the film is done.

        Raises:
            OSError, StoreFault: that cannot be kept; the film is judged again at the next start.
        """
        if self._current is None:
            raise ValueError("`final` names the film first")
        if self._has_ended():  # the store has just failed: the film must not be done
            return
        path, number = self._current
        self._ledger.judged(number, *self._made(path, result))

    def _made(self, path: Path, result: Result) -> Made:
        """Return what leaves of a film; nothing of one whose header does not allow it."""
        if self._make is None or not isinstance(result, Judged | Refused) or result.grey is None:
            return Made()
        try:
            return self._make(_header(path), replace(result, path=""), result.grey)
        except NoDicomResult as error:
            self._say(f"a film: nothing is sent of it ({str(error).rstrip('.')}).")
        except limits.damage() as error:  # what a header holds must not be met again at each start
            self._say(f"a film: its result cannot be made an object ({type(error).__name__}); report it.")
        return Made()

    def close(self) -> None:
        """Do nothing: what was made is on the disk."""


def _header(path: Path) -> "Dataset":
    """Return the header of a film that was judged, and so can be read."""
    from pydicom import dcmread

    try:
        return dcmread(path, stop_before_pixels=True)
    except OSError as error:
        raise StoreFault(f"{path.parent}: a film has gone from this folder; let nothing else change it.") from error
