"""Readings as CSV."""

import csv
import io
from collections.abc import Iterable

from edge_app.outputs import csv_file
from edge_app.store.reading import Reading


def text(readings: Iterable[Reading], labels: tuple[str, ...]) -> str:
    """Return readings as CSV: `reading`, `label`, the fields of docs/results.md, and where each came from.

    Args:
        readings: in their order.
        labels: of the model.
    """
    written, writer = io.StringIO(), None
    for reading in readings:
        cells = {"reading": reading.id, "label": reading.label}
        cells |= csv_file.cells(reading.row, labels)
        cells |= {"source": reading.source, "name": reading.name, "batch": reading.batch}
        writer = writer or csv.DictWriter(written, list(cells), extrasaction="ignore", restval="")
        if not written.tell():
            writer.writeheader()
        writer.writerow({name: csv_file.safe(cell) for name, cell in cells.items()})
    return written.getvalue() or "reading,label\r\n"
