"""What the user sees: a table row, a JSON line or a CSV row a film, written as soon as the film is done."""

import contextlib
import csv
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from edge_app import decision
from edge_app.bundle import Card
from edge_app.errors import WrongUsage

NOT_A_DIAGNOSIS = "Research and triage aid, not a diagnosis."
VERDICT_WIDTH = max(len(text) for text in (decision.COVID, decision.PNEUMONIA, decision.NORMAL))
# ANSI: bold red, yellow, green. The words alone carry the meaning; the colour only helps the eye.
COLOURS = {decision.COVID: "1;31", decision.PNEUMONIA: "33", decision.NORMAL: "32"}


@dataclass(frozen=True)
class Result:
    """One film's outcome: a verdict with scores, or an error."""

    path: Path
    verdict: str | None = None
    scores: dict[str, float] | None = None
    error: str | None = None
    ms: float | None = None


class Table:
    """Rows for a person at a terminal, aligned, on stdout; complaints go to stderr."""

    def __init__(self, card: Card, runtime: str):
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._labels = card.labels
        room = shutil.get_terminal_size((110, 24)).columns - VERDICT_WIDTH - 12 * len(card.labels)
        self._width = max(20, min(60, room))
        self._counts: dict[str, int] = {}
        print(f"model {card.name} on {runtime}")
        for label, point in card.operating_points.items():
            print(f"{label}: {describe(point)}")
        print()
        head = "".join(f"{label:>11}" for label in card.labels)
        print(f"{'film':{self._width}}  {'verdict':{VERDICT_WIDTH}}{head}{'ms':>7}")

    def add(self, result: Result) -> None:
        """Print one row."""
        outcome = result.verdict or "could not be read"
        self._counts[outcome] = self._counts.get(outcome, 0) + 1
        if result.error:
            return
        verdict = f"{result.verdict:{VERDICT_WIDTH}}"
        if self._colour:
            verdict = f"\033[{COLOURS[result.verdict]}m{verdict}\033[0m"
        scores = "".join(f"{result.scores[label]:>11.3f}" for label in self._labels)
        name = shorten(printable(str(result.path)), self._width)
        print(f"{name:{self._width}}  {verdict}{scores}{result.ms:>7.0f}", flush=True)

    def close(self) -> None:
        """Print the counts."""
        total = sum(self._counts.values())
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._counts.items()))
        print(f"\n{total} film{'s' * (total != 1)}: {counts}. {NOT_A_DIAGNOSIS}" if total else NOT_A_DIAGNOSIS)


class JsonLines:
    """One JSON object a line on stdout, for programs."""

    def add(self, result: Result) -> None:
        """Print one line: path, verdict, scores by label, error, ms; null for what there is not."""
        scores = result.scores and {label: round(score, 6) for label, score in result.scores.items()}
        row = {"path": str(result.path), "verdict": result.verdict, "scores": scores, "error": result.error}
        print(json.dumps(row | {"ms": result.ms and round(result.ms, 1)}), flush=True)

    def close(self) -> None:
        """Nothing is left to print."""


class Csv:
    """One row a film in a file, flushed at once, so that a stopped run keeps what it had."""

    def __init__(self, path: Path, labels: tuple[str, ...]):
        try:
            self._file = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); name a file in a folder of yours"
            raise WrongUsage(f"--csv: '{path}' {reason}.") from error
        self._labels = labels
        self._writer = csv.writer(self._file)
        self._row(["path", "verdict", *(f"score_{label}" for label in labels), "error", "ms"])

    def add(self, result: Result) -> None:
        """Write one row."""
        scores = [f"{result.scores[label]:.6f}" if result.scores else "" for label in self._labels]
        ms = "" if result.ms is None else f"{result.ms:.1f}"
        self._row([result.path, result.verdict or "", *scores, result.error or "", ms])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, cells) -> None:
        try:
            self._writer.writerow(cells)
            self._file.flush()
        except OSError:
            with contextlib.suppress(OSError):  # else what is buffered complains once more when it is thrown away
                self._file.close()
            raise


def describe(point) -> str:
    """Say in words what an operating point gave on test films."""

    def share(figure):
        return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"

    return (
        f"suspected from score {point.threshold:.3f}; on test films sensitivity {share(point.sensitivity)}, "
        f"specificity {share(point.specificity)}"
    )


def printable(text: str) -> str:
    """Escape what would move the cursor or ring the bell: file names may hold any control character."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def shorten(text: str, width: int) -> str:
    """Cut a long path on the left: its end tells films apart."""
    return text if len(text) <= width else "..." + text[len(text) - width + 3 :]
