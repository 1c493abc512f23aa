"""Rows for a person at a terminal, aligned, on stdout; complaints go to stderr."""

import os
import shutil
import sys
from collections.abc import Mapping

from edge_app.outputs.counts import Counts
from edge_app.screening import decision, finding
from edge_app.screening.phrasing import (
    NOT_A_DIAGNOSIS,
    OUTSIDE,
    describe,
    frames,
    heat_warning,
    of_site,
    offer,
    outcome,
    printable,
    replaced,
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
VERDICT_WIDTH = max(len(verdict) for verdict in decision.VERDICTS)
# Columns of a terminal that hold the verdict beside the findings; a narrower one shows the findings, which say more.
# What is written to a file or a pipe has both.
WIDE = 100
# Columns of a finding, such as "0.950 suspected", with its gap; of the name at least and at most; of `in lungs`, `ms`.
CELL = 6 + max(len(answer) for answer in finding.ANSWERS) + 1
LEAST_NAME, MOST_NAME, MEASURED = 18, 60, 9 + 7


def is_wide(columns: int) -> bool:
    """Return whether stdout, of so many columns, gets the verdict beside the findings."""
    return columns >= WIDE or not sys.stdout.isatty()


def heading(wide: bool) -> str:
    """Return the heading of the verdict and of the findings; `wide` as of `answers`."""
    cells = "".join(f"{label:<{CELL}}" for label in finding.LABELS)
    return f"{'verdict':{VERDICT_WIDTH}}  {cells}" if wide else cells


def answers(row: Mapping, wide: bool) -> str:
    """Return what a row says of its film, as wide as `heading`: the verdict if there is room, and both findings."""
    if not row["findings"]:
        return f"{outcome(row):{len(heading(wide))}}"
    cells = "".join(f"{_cell(row['findings'].get(label)):{CELL}}" for label in finding.LABELS)
    return f"{row['verdict']:{VERDICT_WIDTH}}  {cells}" if wide else cells


def _cell(found: Mapping | None) -> str:
    return f"{found['score']:.3f} {found['answer']}" if found else "-"


class Table:
    """One row a film, and the counts at the end."""

    def __init__(self, context: RunContext, runtime: str):
        """Print what stands above the table: the model, the rule's thresholds and figures, what a verdict is worth."""
        card, columns = context.card, shutil.get_terminal_size((110, 24)).columns
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._wide = is_wide(columns)
        room = columns - len(heading(self._wide)) - 2 - MEASURED
        self._width = max(LEAST_NAME, min(MOST_NAME, room))
        self._counts = Counts()
        print(f"model {card.name} on {runtime}, operating point '{context.rule}'")
        if card.site:
            print(of_site(card.site))
        for label, point in context.points.items():
            print(f"{label}: {describe(point)}")
        for label, share in context.prevalences.items():
            print(worth(label, context.worth[label], share))
        if card.of_photographs:
            print("read by a camera: its own operating point, set and measured on simulated photographs of films")
        if card.gate is None:
            print("this model has no gate: it answers for any picture that shows something like lungs")
        print(f"{NOT_A_DIAGNOSIS}\n")
        print(f"{'film':{self._width}}  {heading(self._wide)}{'in lungs':>9}{'ms':>7}", flush=True)

    def add(self, result: Result) -> None:
        """Print one row; beneath that of a refused film the reason."""
        row = result.row()
        self._counts.add(row)
        if row["error"]:
            return
        said = self._coloured(answers(row, self._wide), row["verdict"])
        name = f"{shorten(printable(row['path']), self._width):{self._width}}"
        if row["refusal"]:
            print(f"{name}  {said.rstrip()}\n    {printable(row['refusal']['sentence'])}")
            if row["corrected"]:
                print(f"    {offer(row['corrected'])}")
        else:
            inside = row["lungs"]["heat_inside"]
            time = "stored" if row["stored"] else f"{row['ms']:.0f}"
            print(f"{name}  {said}{'-' if inside is None else f'{inside:.0%}':>9}{time:>7}")
            if heat_warning(row) == OUTSIDE:
                print(f"    {OUTSIDE}")
            if row.get("camera"):
                print(f"    {frames(row['camera'])}")
        if row["copy_of"]:
            print(f"    the same film as {printable(row['copy_of'])}, judged before")
        if row["replaces"]:
            print(f"    {replaced(row['replaces'])}")
        sys.stdout.flush()

    def close(self) -> None:
        """Print the counts."""
        counts = self._counts
        print(f"\n{counts.findings}" if counts.findings else "")
        films = f"{counts.films}: {', '.join(counts.outcomes)}. " if counts.total else ""
        print(f"{films}{NOT_A_DIAGNOSIS}")

    def _coloured(self, text: str, verdict: str) -> str:
        return f"\033[{COLOURS[verdict]}m{text}\033[0m" if self._colour else text
