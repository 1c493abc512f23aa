"""One row a film in a file, flushed at once, so that a stopped run keeps what it had."""

import contextlib
import csv
from pathlib import Path

from edge_app.errors import WrongUsage

# A spreadsheet takes a cell that begins so for a formula and runs it (OWASP, "CSV injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("path", "sha256", "time", "verdict", "refusal", "sentence", "corrected")


class Csv:
    """The rows of `Result.row`, flat."""

    def __init__(self, path: Path, labels: tuple[str, ...]):
        """Open the file.

        Raises:
            WrongUsage: it cannot be written.
        """
        try:
            self._file = path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); name a file in a folder of yours"
            raise WrongUsage(f"--csv: '{path}' {reason}.") from error
        self._labels = labels
        self._writer = csv.writer(self._file)
        scores = (f"score_{label}" for label in labels)
        self._row([*COLUMNS, *scores, "heat_inside", "error", "ms", "stored"])

    def add(self, result) -> None:
        """Write one row."""
        row = result.row()
        refusal, corrected = row["refusal"] or {}, row["corrected"]
        scores = [f"{row['scores'][label]:.6f}" if row["scores"] else "" for label in self._labels]
        inside = row["lungs"]["heat_inside"] if row["lungs"] else None
        ms = "" if row["ms"] is None else f"{row['ms']:.1f}"
        self._row(
            [
                _text(row["path"]),
                row["sha256"],
                row["time"],
                row["verdict"] or "",
                refusal.get("kind", ""),
                refusal.get("sentence", ""),
                f"{corrected['change']}: {corrected['verdict']}" if corrected else "",
                *scores,
                "" if inside is None else f"{inside:.4f}",
                _text(row["error"] or ""),
                ms,
                int(row["stored"]),
            ]
        )

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


def _text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
