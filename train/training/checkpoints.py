"""What a training keeps of every epoch: the network with its optimizer, and the figures in `history.csv`."""

import csv
import io
from pathlib import Path

from edge_app import atomic_io


def history(run_dir: Path) -> list[dict[str, float]]:
    """Return the figures of the epochs done so far: `epoch` as int, the rest as float; none of a run not begun."""
    path = run_dir / "history.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [
            {name: int(value) if name == "epoch" else float(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def write_history(past: list[dict[str, float]], run_dir: Path) -> None:
    """Write one row an epoch to `history.csv`, whole or not at all."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(past[-1]))
    writer.writeheader()
    writer.writerows(past)
    atomic_io.write(run_dir / "history.csv", text.getvalue().encode())


def save(model, path: Path) -> None:
    """Save a network with its optimizer by renaming: a run killed in the middle leaves the last whole checkpoint."""
    part = path.with_name("part.keras")
    model.save(part)
    atomic_io.rename(part, path)
