"""Rows for a person at a terminal, aligned, on stdout; complaints go to stderr."""

import os
import shutil
import sys

from edge_app.gate import refusal
from edge_app.screening import decision
from edge_app.screening.phrasing import (
    NOT_A_DIAGNOSIS,
    OUTSIDE,
    describe,
    frames,
    heat_warning,
    of_site,
    outcome,
    printable,
    shorten,
    worth,
)
from edge_app.screening.result import Result
from edge_app.screening.run_context import RunContext

# ANSI: bold red, yellow, green, magenta, cyan. The words alone carry the meaning; the colour only helps the eye.
COLOURS = {
    decision.COVID: "1;31",
    decision.PNEUMONIA: "33",
    decision.NORMAL: "32",
    decision.UNSURE: "35",
    decision.REFUSED: "36",
}
VERDICT_WIDTH = max(
    *(len(verdict) for verdict in decision.VERDICTS), *(len(f"{decision.REFUSED}: {kind}") for kind in refusal.KINDS)
)


class Table:
    """One row a film, and the counts at the end."""

    def __init__(self, context: RunContext, runtime: str):
        """Print what stands above the table: the model, the rule's thresholds and figures, what a verdict is worth."""
        card, band = context.card, context.limits[1]
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._labels = card.labels
        room = shutil.get_terminal_size((110, 24)).columns - VERDICT_WIDTH - 10 - 12 * len(card.labels)
        self._width = max(20, min(60, room))
        self._counts: dict[str, int] = {}
        self._stored = 0
        print(f"model {card.name} on {runtime}, operating point '{context.rule}'")
        if card.site:
            print(of_site(card.site))
        for label, point in card.operating_points[context.rule].items():
            print(f"{label}: {describe(point, band if label == 'covid' else None)}")
        if context.prevalence is not None:
            print(worth(context.worth, context.prevalence, banded=band is not None))
        if card.of_photographs:
            print("read by a camera: its own operating point, set and measured on simulated photographs of films")
        if card.gate is None:
            print("this model has no gate: it answers for any picture that shows something like lungs")
        print(f"{NOT_A_DIAGNOSIS}\n")
        head = "".join(f"{label:>11}" for label in card.labels)
        print(f"{'film':{self._width}}  {'verdict':{VERDICT_WIDTH}}{head}{'in lungs':>10}{'ms':>7}", flush=True)

    def add(self, result: Result) -> None:
        """Print one row; beneath that of a refused film the reason."""
        row = result.row()
        words = outcome(row)
        self._counts[words] = self._counts.get(words, 0) + 1
        self._stored += row["stored"]
        if row["error"]:
            return
        verdict = self._coloured(f"{words:{VERDICT_WIDTH}}", row["verdict"])
        name = f"{shorten(printable(row['path']), self._width):{self._width}}"
        if row["refusal"]:
            print(f"{name}  {verdict.rstrip()}\n    {printable(row['refusal']['sentence'])}")
            if row["corrected"]:
                print(f"    {row['corrected']['change']}, it reads: {row['corrected']['verdict']}")
        else:
            scores = "".join(f"{row['scores'][label]:>11.3f}" for label in self._labels)
            inside = row["lungs"]["heat_inside"]
            time = "stored" if row["stored"] else f"{row['ms']:.0f}"
            print(f"{name}  {verdict}{scores}{'-' if inside is None else f'{inside:.0%}':>10}{time:>7}")
            if heat_warning(row["verdict"], inside) == OUTSIDE:
                print(f"    {OUTSIDE}")
            if row.get("camera"):
                print(f"    {frames(row['camera'])}")
        if row["copy_of"]:
            print(f"    the same film as {printable(row['copy_of'])}, judged before")
        sys.stdout.flush()

    def close(self) -> None:
        """Print the counts."""
        total = sum(self._counts.values())
        counts = ", ".join(f"{count} {words}" for words, count in sorted(self._counts.items()))
        stored = f", {self._stored} of them judged before" if self._stored else ""
        films = f"{total} film{'s' * (total != 1)}{stored}"
        print(f"\n{films}: {counts}. {NOT_A_DIAGNOSIS}" if total else NOT_A_DIAGNOSIS)

    def _coloured(self, text: str, verdict: str) -> str:
        return f"\033[{COLOURS[verdict]}m{text}\033[0m" if self._colour else text
