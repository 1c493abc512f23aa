"""The films of a site: what its table of labels says of each, and later what the model says."""

import os
from dataclasses import dataclass
from pathlib import Path

from train.index import label_table
from train.index.findings import INDETERMINATE
from train.index.label_table import LabelRow

# Most figures ask only whether a film is COVID-19; the others are told apart where false alarms are counted.
SPELLINGS = {label: words for label, words in label_table.SPELLINGS.items() if label != INDETERMINATE}

# Why a film has no verdict.
ROW, UNLISTED, UNREADABLE, REFUSED = "row", "not listed", "unreadable", "refused"


@dataclass(frozen=True)
class LabelledFilm:
    """One film: what the table says of it, and later what the model says.

    Attributes:
        path: relative to the folder, as the table has it.
        label: one of `SPELLINGS`, or what was found where that is not known; "" if there is none.
        patient: "" where the table does not say.
        scores: score by label, 0 .. 1; None until the film has been judged, or if it could not be.
        kind: "", or why it has no verdict: `ROW`, `UNLISTED`, `UNREADABLE`, `REFUSED`.
        error: the same in one sentence.
        line: of the table, counted from 1.
    """

    path: str
    label: str = ""
    patient: str = ""
    scores: dict[str, float] | None = None
    kind: str = ""
    error: str = ""
    line: int = 0


@dataclass(frozen=True)
class Table:
    """What a table of labels says.

    Attributes:
        films: one a path, in the table's order; those of faulty rows carry an `error`.
        patients: whether any row names a patient.
        repeated: rows that say once more what a row above says.
        remark: a sentence on how the table had to be read, or "".
    """

    films: list[LabelledFilm]
    patients: bool
    repeated: int
    remark: str


def read(path: Path, folder: Path) -> Table:
    """Read a table of labels, as `label_table.read`; other columns than path, label and patient are ignored.

    A film of indeterminate appearance is at fault here: it is neither a case nor a control of COVID-19.

    Raises:
        WrongUsage: the table as a whole cannot be read; one sentence that begins with its path.
    """
    table = label_table.read(path, folder)
    films = [_film(path, row) for row in table.rows]
    return Table(films, any(film.patient for film in films), table.repeated, table.remark)


def unlisted(folder: Path, films: list[LabelledFilm]) -> list[LabelledFilm]:
    """Return the films of the folder that no row names, and its folders that may not be entered."""
    names, problems = label_table.films_beside(folder, [film.path for film in films])
    sentence = "is in the folder and not in the table of labels, so it was not checked; add a row for it."
    beside = [LabelledFilm(name, kind=UNLISTED, error=f"{folder / name}: {sentence}") for name in names]
    closed = [(os.path.relpath(path, folder), sentence) for path, sentence in problems]
    return beside + [LabelledFilm(name, kind=UNREADABLE, error=sentence) for name, sentence in closed]


def _film(table_path: Path, row: LabelRow) -> LabelledFilm:
    error = row.error
    if row.label == INDETERMINATE and not error:
        error = (
            f"{table_path}, line {row.line}: label 'indeterminate' of '{row.path}' is neither COVID-19 nor not, so no "
            f"figure can count it; allowed are {', '.join(word for words in SPELLINGS.values() for word in words)}; "
            "remove the line."
        )
    return LabelledFilm(row.path, row.label, row.patient, kind=ROW if error else "", error=error, line=row.line)
