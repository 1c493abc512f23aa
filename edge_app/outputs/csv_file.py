"""The fields of a JSON line as one row of a CSV file: docs/results.md."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from edge_app.errors import WrongUsage, remedy
from edge_app.outputs import row_file
from edge_app.screening.finding import LABELS
from edge_app.screening.result import Result
from edge_app.screening.run_context import PARTS, RunContext

# A spreadsheet takes a cell that begins so for a formula and runs it (OWASP, "CSV injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")
BOX = ("top", "left", "bottom", "right")


class Csv:
    """One row a film in a file, flushed at once, so that a stopped run keeps what it had."""

    def __init__(self, path: Path, context: RunContext, mark: bool = False):
        """Open it and write the names of the columns.

        Args:
            path: the file.
            context: of the run.
            mark: begin it with a byte order mark.

        Raises:
            WrongUsage: it cannot be written.
        """
        try:
            self._file = opened(path, mark)
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); {remedy(error, 'name a file in a folder of yours')}"
            raise WrongUsage(f"--csv: '{path}' {reason}.") from error
        self._labels = context.card.labels
        self._line, self._of_context = context.line, _of_context(context.row())
        nothing = dict.fromkeys(("findings", "refusal", "corrected", "scores", "lungs", "camera"))
        self._row([*flat(nothing, self._labels), *self._of_context, *added(nothing)])

    def add(self, result: Result) -> None:
        """Write one row."""
        row = result.row()
        found = flat(row, self._labels) | self._of_context | added(self._line(row))
        self._row(safe(cell) for cell in found.values())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, cells) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerow(cells)
        row_file.add(self._file, text.getvalue())


def opened(path: Path, mark: bool) -> TextIO:
    """Open a CSV file for writing, in UTF-8.

    Args:
        path: the file.
        mark: begin it with a byte order mark, without which Excel takes it for the code page of Windows. Programs that
            do not expect one take it for a part of the first column's name, so it is written on request alone.
    """
    return path.open("w", newline="", encoding=encoding(mark), errors="backslashreplace")


def encoding(mark: bool) -> str:
    """Return the name of UTF-8, with or without a byte order mark."""
    return "utf-8-sig" if mark else "utf-8"


def flat(row: dict, labels: tuple[str, ...]) -> dict:
    """Return a row of a result with a cell for each field, nested ones too; None where it has no value."""
    refusal, corrected, lungs = (row[name] or {} for name in ("refusal", "corrected", "lungs"))
    scores, put_right = row["scores"] or {}, corrected.get("scores") or {}
    shot = row.get("camera") or {}
    spread = shot.get("spread") or {}
    return {
        **{name: row.get(name) for name in ("schema", "path", "sha256", "time", "verdict")},
        **{f"refusal_{name}": refusal.get(name) for name in ("kind", "sentence")},
        **{f"corrected_{name}": corrected.get(name) for name in ("change", "verdict")},
        **{f"corrected_score_{label}": put_right.get(label) for label in labels},
        **{f"score_{label}": scores.get(label) for label in labels},
        **dict(zip((f"lungs_{side}" for side in BOX), lungs.get("box") or [None] * len(BOX), strict=True)),
        "lungs_share": lungs.get("share"),
        "heat_inside": lungs.get("heat_inside"),
        **{name: row.get(name) for name in ("error", "ms", "stored", "copy_of")},
        "camera": shot.get("name"),
        "camera_frames": shot.get("frames"),
        **{
            f"{end}_score_{label}": value
            for label in labels
            for end, value in zip(("least", "most"), spread.get(label) or (None, None), strict=True)
        },
    }


def cells(row: dict, labels: tuple[str, ...]) -> dict:
    """Return the row of a result and of its run as cells, as `flat`."""
    return flat(row, labels) | _of_context(row) | added(row)


def added(row: Mapping) -> dict:
    """Return the cells that newer versions added: a row's findings, whose heat map it is, and what it replaces.

    They stand last, so a reader that counts columns finds the others where they were. Each of `finding.LABELS` has its
    cells, so that the columns are the same whatever a model has thresholds for.
    """
    cells = {}
    for label in LABELS:
        found = (row["findings"] or {}).get(label) or {}
        cells[f"finding_{label}"] = found.get("answer")
        cells |= {f"{name}_{label}": found.get(name) for name in ("unsure_from", "suspected_from")}
        value = found.get("predictive_value") or {}
        for part in PARTS:
            cells["_".join(["predictive_value", label, part][: 2 + (part != "value")])] = value.get(part)
    cells |= {name: (row["lungs"] or {}).get(name) for name in ("heat_label", "heat_peak")}
    return cells | {"replaces": row.get("replaces")}


def _of_context(row: dict) -> dict:
    point = row["operating_point"]
    model = {f"model_{name}": row["model"][name] for name in ("name", "sha256")}
    cells = {**model, "operating_point": point["name"]}
    figures = {name: figure for name, figure in point.items() if name not in ("name", "thresholds", "band", "findings")}
    figures |= {name: row[name] for name in ("ppv", "npv") if name in row}
    for name, figure in figures.items():
        cells |= {name if part == "value" else f"{name}_{part}": figure and figure[part] for part in PARTS}
    if "prevalence" in row:
        cells["prevalence"] = row["prevalence"]
    site = row.get("site") or {}  # rows of older programs have none
    return {**cells, "notice": row["notice"], "site": site.get("name"), "site_sha256": site.get("sha256")}


def safe(cell):
    """Return a cell as it is, or as text that no spreadsheet runs."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
