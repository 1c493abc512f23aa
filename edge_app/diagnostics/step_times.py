"""Times of the steps of a verdict on this device, for `python -m edge_app bench FILM...`."""

import resource
import sys
import time
from pathlib import Path
from statistics import median

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import preprocess, radiograph
from edge_app.model.classifier import Classifier

# One round more is timed first and not counted: the first call of anything is slower.
REPEATS = 10


def measure(paths: list[Path], classifier: Classifier, repeats: int = REPEATS) -> list[dict]:
    """Time each step of each film.

    Args:
        paths: films.
        classifier: both networks.
        repeats: how often each film is timed.

    Returns:
        One mapping a film: `film`, then the median and the slowest of `decode_ms`, `lungs_ms` (whole film to lung
        field), `crop_ms` and `invoke_ms`.

    Raises:
        UnreadableRadiograph: a film cannot be read, is blank or shows no lungs; one sentence that begins with the path.
    """
    rows = []
    for path in paths:
        spent = {"decode_ms": [], "lungs_ms": [], "crop_ms": [], "invoke_ms": []}
        for round_ in range(repeats + 1):
            clock = [time.perf_counter()]
            grey = radiograph.read(path, preprocess.least_side(classifier.card.size))
            clock.append(time.perf_counter())
            try:
                field = classifier.find_lungs(grey)
                clock.append(time.perf_counter())
                pixels = preprocess.lungs_to_pixels(grey, field, classifier.card.size)
            except UnreadableRadiograph as error:  # neither of them knows the file
                raise UnreadableRadiograph(f"{path}: {error}.") from error
            clock.append(time.perf_counter())
            classifier.scores(pixels)
            clock.append(time.perf_counter())
            if round_:
                for name, start, end in zip(spent, clock, clock[1:], strict=False):
                    spent[name].append((end - start) * 1000)
        rows.append(
            {"film": path.name} | {name: {"median": median(ms), "slowest": max(ms)} for name, ms in spent.items()}
        )
    return rows


def peak_memory_mb() -> float:
    """Return the most memory this process has held so far, in MB (getrusage counts kB on Linux, bytes on macOS)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def table(rows: list[dict], memory_mb: float) -> str:
    """Return the figures as text."""
    heads = "".join(f"  {name:>14}" for name in ("decode", "lungs", "crop", "invoke"))
    lines = [f"{'film':28}{heads}   ms, median (slowest)"]
    for row in rows:
        cells = [f"{row[name]['median']:6.1f} ({row[name]['slowest']:5.1f})" for name in list(row)[1:]]
        lines.append(f"{row['film'][:28]:28}  " + "  ".join(f"{cell:>14}" for cell in cells))
    return "\n".join([*lines, f"peak memory {memory_mb:.0f} MB"])
