"""How far a run is, on stderr: a bar for a person, a line a minute for a log."""

import sys
import time

from tqdm import tqdm

from edge_app.screening.phrasing import printable
from train.archive.run import Counts

# Seconds between two lines of a log.
EVERY = 60


class Progress:
    """Films done, films a second, and the time that is left."""

    def __init__(self, total: int):
        """Begin; `total` films are to be judged."""
        self._total, self._started = total, time.monotonic()
        self._told = self._started
        self._bar = tqdm(total=total, unit="film", smoothing=0.05, disable=None)

    def tell(self, counts: Counts) -> None:
        """Tell how far it is."""
        self._bar.update(counts.films - self._bar.n)
        now = time.monotonic()
        if self._bar.disable and now >= self._told + EVERY:
            self._told = now
            rate = counts.films / (now - self._started)
            left = (self._total - counts.films) / rate if rate else 0
            print(
                f"{counts.films:,} of {self._total:,} films, {rate:.1f} films a second, {left / 60:.0f} min left",
                file=sys.stderr,
                flush=True,
            )

    def complain(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self._bar.write(printable(" ".join(sentence.split())), file=sys.stderr)

    def close(self) -> None:
        """End the bar."""
        self._bar.close()
