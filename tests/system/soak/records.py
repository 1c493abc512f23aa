"""What a soak writes down as it goes: CSV files that a run which was cut leaves readable."""

import csv
import json
import threading
import time
from pathlib import Path

ANSWERS = ("second", "way", "seconds", "outcome")
GOLDEN = ("second", "way", "answer")


class Records:
    """The files of a run.

    Attributes:
        began: time.monotonic() of second 0.
        counts: answers by (way, outcome).
    """

    def __init__(self, folder: Path):
        """Begin them anew."""
        self.folder, self.began, self._lock = folder, time.monotonic(), threading.Lock()
        self.counts: dict[tuple[str, str], int] = {}
        self._files = {
            name: (folder / f"{name}.csv").open("w", newline="") for name in ("answers", "golden", "samples")
        }
        self._columns: list[str] = []
        for name, columns in (("answers", ANSWERS), ("golden", GOLDEN)):
            self._write(name, columns)

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def answer(self, way: str, seconds: float, outcome: str) -> None:
        """Note an answer: of a way, after `seconds`, `judged`, `failed`, `busy` or the name of a fault."""
        with self._lock:
            self.counts[way, outcome] = self.counts.get((way, outcome), 0) + 1
            self._write("answers", (f"{self.now:.2f}", way, f"{seconds:.4f}", outcome))

    def golden(self, way: str, row: dict) -> None:
        """Note what the golden film was given: its verdict, scores and findings, every digit."""
        told = {name: row.get(name) for name in ("verdict", "scores", "findings", "refusal")}
        with self._lock:
            self._write("golden", (f"{self.now:.1f}", way, json.dumps(told, sort_keys=True)))

    def sample(self, figures: dict[str, float]) -> None:
        """Note figures of one moment; all samples have the same names."""
        with self._lock:
            if not self._columns:
                self._columns = ["second", *figures]
                self._write("samples", self._columns)
            self._write("samples", (f"{self.now:.1f}", *(figures[name] for name in self._columns[1:])))

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for file in self._files.values():
                file.close()

    def _write(self, name: str, row) -> None:
        file = self._files[name]
        if not file.closed:
            csv.writer(file).writerow(row)
            file.flush()
