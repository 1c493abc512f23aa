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
from edge_app.reading import Reading

NOT_A_DIAGNOSIS = "Research and triage aid, not a diagnosis."
VERDICT_WIDTH = max(len(text) for text in (decision.COVID, decision.PNEUMONIA, decision.NORMAL, decision.UNSURE))
# ANSI: bold red, yellow, green, magenta. The words alone carry the meaning; the colour only helps the eye.
COLOURS = {decision.COVID: "1;31", decision.PNEUMONIA: "33", decision.NORMAL: "32", decision.UNSURE: "35"}


@dataclass(frozen=True)
class Result:
    """One film's outcome: a verdict with scores, or an error."""

    path: Path
    verdict: str | None = None
    reading: Reading | None = None
    error: str | None = None
    ms: float | None = None


class Table:
    """Rows for a person at a terminal, aligned, on stdout; complaints go to stderr."""

    def __init__(self, card: Card, runtime: str, rule: str, worth: str | None = None):
        """Print what stands above the table: the model, the rule's thresholds and figures, and `worth` if given."""
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._labels = card.labels
        room = shutil.get_terminal_size((110, 24)).columns - VERDICT_WIDTH - 10 - 12 * len(card.labels)
        self._width = max(20, min(60, room))
        self._counts: dict[str, int] = {}
        print(f"model {card.name} on {runtime}, operating point '{rule}'")
        _, band = card.limits(rule)
        for label, point in card.operating_points[rule].items():
            print(f"{label}: {describe(point, band if label == 'covid' else None)}")
        if worth:
            print(worth)
        print()
        head = "".join(f"{label:>11}" for label in card.labels)
        print(f"{'film':{self._width}}  {'verdict':{VERDICT_WIDTH}}{head}{'in lungs':>10}{'ms':>7}")

    def add(self, result: Result) -> None:
        """Print one row."""
        outcome = result.verdict or "could not be read"
        self._counts[outcome] = self._counts.get(outcome, 0) + 1
        if result.error:
            return
        verdict = f"{result.verdict:{VERDICT_WIDTH}}"
        if self._colour:
            verdict = f"\033[{COLOURS[result.verdict]}m{verdict}\033[0m"
        scores = "".join(f"{result.reading.scores[label]:>11.3f}" for label in self._labels)
        inside = "-" if result.reading.heat_inside is None else f"{result.reading.heat_inside:.0%}"
        name = shorten(printable(str(result.path)), self._width)
        print(f"{name:{self._width}}  {verdict}{scores}{inside:>10}{result.ms:>7.0f}", flush=True)

    def close(self) -> None:
        """Print the counts."""
        total = sum(self._counts.values())
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self._counts.items()))
        print(f"\n{total} film{'s' * (total != 1)}: {counts}. {NOT_A_DIAGNOSIS}" if total else NOT_A_DIAGNOSIS)


class JsonLines:
    """One JSON object a line on stdout, for programs."""

    def __init__(self, values: dict | None = None):
        """Take what is added to every line: the predictive values, or nothing."""
        self._values = {
            name: figure and {part: round(share, 6) for part, share in figure.items()}
            for name, figure in (values or {}).items()
        }

    def add(self, result: Result) -> None:
        """Print one line: path, verdict, scores by label, lungs, error, ms; null for what there is not.

        `lungs` holds the box round them (top, left, bottom, right as shares of the film), their share of the film, and
        the share of the heat map that lies inside them.
        """
        seen = result.reading
        row = {"path": str(result.path), "verdict": result.verdict, "scores": None, "lungs": None}
        if seen:
            row["scores"] = {label: round(score, 6) for label, score in seen.scores.items()}
            row["lungs"] = {
                "box": [round(side, 4) for side in seen.field.box],
                "share": round(seen.field.share, 4),
                "heat_inside": seen.heat_inside and round(seen.heat_inside, 4),
            }
        row["error"] = result.error
        print(json.dumps(row | {"ms": result.ms and round(result.ms, 1)} | self._values), flush=True)

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
        self._row(["path", "verdict", *(f"score_{label}" for label in labels), "heat_inside", "error", "ms"])

    def add(self, result: Result) -> None:
        """Write one row."""
        seen = result.reading
        scores = [f"{seen.scores[label]:.6f}" if seen else "" for label in self._labels]
        inside = "" if seen is None or seen.heat_inside is None else f"{seen.heat_inside:.4f}"
        ms = "" if result.ms is None else f"{result.ms:.1f}"
        self._row([result.path, result.verdict or "", *scores, inside, result.error or "", ms])

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


def describe(point, band: tuple[float, float] | None = None) -> str:
    """Say in words what an operating point gave on test films."""
    shares = {name: share(figure) for name, figure in point.figures.items()}
    if band is None:
        return (
            f"suspected from score {point.threshold:.3f}; on test films sensitivity {shares['sensitivity']}, "
            f"specificity {shares['specificity']}"
        )
    return (
        f"unsure from score {band[0]:.3f}, suspected from {band[1]:.3f}; on test films {shares['sensitivity']} of the "
        f"sick suspected or unsure, {shares['specificity']} of the others neither, {shares['referred']} of all unsure"
    )


def worth(values: dict, prevalence: float, banded: bool) -> str:
    """Say in words what a verdict is worth: `values` are those of `prevalence.of_point`."""
    others = "those neither suspected nor unsure" if banded else "the others"
    return (
        f"at prevalence {prevalence:g}: PPV {share(values['ppv'], 3)}, the share of '{decision.COVID}' who have it; "
        f"NPV {share(values['npv'], 3)}, the share of {others} who do not"
    )


def share(figure: dict | None, digits: int = 2) -> str:
    """Write a share with its interval, or that it is not known."""
    return "{value:.{d}f} ({low:.{d}f} to {high:.{d}f})".format(**figure, d=digits) if figure else "not known"


def printable(text: str) -> str:
    """Escape what would move the cursor or ring the bell: file names may hold any control character."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def shorten(text: str, width: int) -> str:
    """Cut a long path on the left: its end tells films apart."""
    return text if len(text) <= width else "..." + text[len(text) - width + 3 :]
