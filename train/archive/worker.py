"""A worker: one core, one judge, a part of the table for each lot of films that it is given."""

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge_app.screening.result import Failed
from train.archive import storage, table
from train.archive.bring import Bringer, Fault
from train.archive.done import Done
from train.archive.judge import Judge
from train.archive.listing import Film

# Films of a lot of which the fault is told on the terminal; all stand in the table of failed films.
MOST_TOLD = 3


class Lot(NamedTuple):
    """What a worker did with a lot of films.

    Attributes:
        parts: (kind, name) of the parts that it wrote.
        judged, refused, failed: how many films ended so.
        copies: how many of these had the content of a film that the table had.
        skipped: how many files were neither picture nor DICOM.
        errors: sentences on the first films that failed.
    """

    parts: list[tuple[str, str]]
    judged: int
    refused: int
    failed: int
    copies: int
    skipped: int
    errors: list[str]


class Worker:
    """Judges lots of films; Ray keeps one for each core."""

    def __init__(self, settings: dict, run: str, place: str, nameless: bool, done: Done):
        """Take what `ready` needs.

        Args:
            settings: as of `Judge`.
            run: name of this run, under which parts are staged.
            place: of the table.
            nameless: keep no path and no folder.
            done: what the table had when the run began.
        """
        self._settings, self._run, self._nameless, self._done = settings, run, nameless, done
        self._store = storage.Store(place)

    def ready(self) -> int:
        """Load the model, and return the process's number.

        Raises:
            EdgeError: the model, the site's calibration or the table cannot be used.
        """
        self._judge = Judge(self._settings)
        self._bringer = Bringer(self._store, self._done)
        self._columns = table.schema(self._judge.labels, self._judge.context)
        return os.getpid()

    def judge(self, films: list[Film]) -> Lot:
        """Judge films and write their parts; whatever happens to a film becomes its row."""
        rows: list[dict] = []
        skipped = 0
        for film, row in self._rows(films):
            if row is None:
                skipped += 1
            else:
                folder = "" if self._nameless else film.folder
                rows.append(row | {table.FOLDER: folder, table.STAMP: film.stamp})
        failed = [row for row in rows if row["error"]]
        results = [row for row in rows if not row["error"]]
        parts = []
        for kind, some in ((table.RESULTS, results), (table.FAILED, failed)):
            if some:
                name = table.name_of(row[table.STAMP] for row in some)
                self._store.write(table.staged(self._run, kind, name), table.part(some, self._columns))
                parts.append((kind, name))
        refused = sum(row["refusal_kind"] is not None for row in results)
        copies = sum(row["stored"] for row in results)
        told = [row["error"] for row in failed[:MOST_TOLD]]
        return Lot(parts, len(results) - refused, refused, len(failed), copies, skipped, told)

    def _rows(self, films: list[Film]) -> Iterator[tuple[Film, dict | None]]:
        """Yield each film with its row; None of a file that is not a film."""
        waiting: deque[tuple[Film, Path]] = deque()
        ready: deque[tuple[Film, dict | None]] = deque()

        def paths() -> Iterator[Path]:
            for film, brought in self._bringer.films(films):
                if isinstance(brought, Path):
                    waiting.append((film, brought))
                    yield brought
                elif isinstance(brought, Fault):
                    line = Failed(Path(film.name), f"{film.name}: {brought.sentence}").row() | self._judge.context
                    ready.append((film, self._row(film, line | {"path": film.name, "facts": {}}, film.name)))
                else:
                    nameless = {"path": "", "copy_of": None} if self._nameless else {}
                    ready.append((film, brought and brought | nameless))

        for line in self._judge.rows(paths()):
            film, path = waiting.popleft()
            self._bringer.dismiss(path)
            yield film, self._row(film, line, str(path))
            while ready:
                yield ready.popleft()
        yield from ready

    def _row(self, film: Film, line: dict, path: str) -> dict:
        """Return the row of a line, under the name of the film, wherever its bytes lay."""
        name = "" if self._nameless else film.name
        error = line["error"] and line["error"].replace(path, name or "a film")
        return table.cells({**line, "path": name, "error": error}, self._judge.labels, "", b"")

    def close(self) -> None:
        """End the judge, and remove what was fetched."""
        self._judge.close()
        self._bringer.close()
