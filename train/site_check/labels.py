"""The table of labels: which films there are, what each shows and whose it is; each fault of it is one sentence."""

import csv
import io
import os
from dataclasses import dataclass, replace
from pathlib import Path

from edge_app.errors import WrongUsage
from edge_app.sources import film_paths

# What a cell of the column `label` may say, whatever its case. Most figures ask only whether it is COVID-19; the others
# are told apart where false alarms are counted.
SPELLINGS = {
    "covid": ("covid", "covid-19", "covid19", "positive"),
    "pneumonia": ("pneumonia",),
    "normal": ("normal", "no finding"),
    "other": ("other", "not covid", "negative"),
}
NEEDED = ("path", "label")
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
ALLOWED = ", ".join(spelling for spellings in SPELLINGS.values() for spelling in spellings)
EXPORT = "save it as 'CSV UTF-8'"

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
    """Read a table of labels: columns `path` (relative to `folder`), `label` and perhaps `patient`.

    Columns may be separated by commas, semicolons or tabs, as spreadsheets do; others than these three are ignored.

    Raises:
        WrongUsage: the table as a whole cannot be read; one sentence that begins with its path.
    """
    text = _text(path)
    head = text.partition("\n")[0]
    separator = max(SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise WrongUsage(f"{path}, line {reader.line_num}: is not a table row ({error}); {EXPORT}.") from error
    rows = [(line, cells) for line, cells in rows if any(cells)]
    columns = [cell.casefold() for cell in rows[0][1]]
    if missing := [name for name in NEEDED if name not in columns]:
        raise WrongUsage(
            f"{path}: its first line has the columns {', '.join(map(repr, columns))} and lacks '{missing[0]}'; "
            "'path' and 'label' are needed and 'patient' is welcome; name its columns so."
        )
    if len(rows) == 1:
        raise WrongUsage(f"{path}: lists no film; write one line a film below the first.")
    parsed = [_film(f"{path}, line {line}", line, columns, cells, folder) for line, cells in rows[1:]]
    films, repeated = _once(path, parsed)
    words = SEPARATORS[separator]
    remark = f"{path}: its columns are separated by {words} and were read so." if separator != "," else ""
    return Table(films, any(film.patient for film in films), repeated, remark)


def unlisted(folder: Path, films: list[LabelledFilm]) -> list[LabelledFilm]:
    """Return the films of the folder that no row names, and its folders that may not be entered."""
    found = film_paths.expand([folder])
    listed = {os.path.normpath(film.path) for film in films}
    relative = [os.path.relpath(path, folder) for path in found.films]
    sentence = "is in the folder and not in the table of labels, so it was not checked; add a row for it."
    return [
        LabelledFilm(name, kind=UNLISTED, error=f"{folder / name}: {sentence}")
        for name in relative
        if os.path.normpath(name) not in listed
    ] + [
        LabelledFilm(os.path.relpath(path, folder), kind=UNREADABLE, error=sentence)
        for path, sentence in found.problems
        if path != folder
    ]


def _text(path: Path) -> str:
    """Return the table's text."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise WrongUsage(
            f"{path}: there is no such table of labels; write one with the columns path and label, and name it with "
            "'--labels FILE'."
        ) from error
    except OSError as error:
        raise WrongUsage(f"{path}: cannot be read ({error.strerror}); name a CSV file.") from error
    if not content.strip():
        raise WrongUsage(f"{path}: is empty; write the columns path and label into its first line, and a film a line.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WrongUsage(
            f"{path}, line {line}: byte {content[error.start : error.start + 1].hex()} is not UTF-8 text; {EXPORT}."
        ) from error
    if "\0" in text:
        raise WrongUsage(f"{path}: holds zero bytes: it is a spreadsheet or UTF-16 text, not CSV; {EXPORT}.")
    return text.lstrip()


def _film(where: str, line: int, columns: list[str], cells: list[str], folder: Path) -> LabelledFilm:
    """Read one row; its fault, if any, is in the film."""
    named = dict(zip(columns, cells, strict=False))
    path, patient = named["path"], named.get("patient", "")
    text = " ".join(named.get("label", "").casefold().split())
    label = next((label for label, spellings in SPELLINGS.items() if text in spellings), None)
    fault = ""
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        fault = f"has {len(cells)} cells, the first line has {len(columns)}; put a cell that holds a comma in quotes"
    elif not path:
        fault = "names no film; write its path, relative to the folder, or remove the line"
    elif Path(path).is_absolute() or os.path.normpath(path).startswith(".."):
        fault = f"'{path}' does not lie in {folder}; write paths relative to that folder, such as 'ward/film.png'"
    elif not os.path.exists(folder / path):  # noqa: PTH110 (Path.exists raises on a name that is too long)
        fault = f"there is no '{path}' in {folder}; write paths relative to that folder, such as 'ward/film.png'"
    elif label is None:
        fault = f"label '{named.get('label', '')}' of '{path}' is not known; allowed are {ALLOWED}; correct it"
    return LabelledFilm(
        path,
        label or named.get("label", ""),
        patient,
        kind=ROW if fault else "",
        error=f"{where}: {fault}." if fault else "",
        line=line,
    )


def _once(table_path: Path, films: list[LabelledFilm]) -> tuple[list[LabelledFilm], int]:
    """Return one film a path, faulty where rows of it disagree, and how many rows only repeat another."""
    kept: dict[str, LabelledFilm] = {}
    repeated = 0
    for film in films:
        key = os.path.normpath(film.path) if film.path else f"\0{film.line}"
        first = kept.setdefault(key, film)
        if first is film:
            continue
        if (first.label, first.patient) == (film.label, film.patient):
            repeated += 1
        elif not first.error:
            # Patients are not quoted: this sentence goes into the report.
            what = f"label '{film.label}' here and '{first.label}'"
            if first.label == film.label:
                what = "another patient here than"
            sentence = (
                f"{table_path}, line {film.line}: '{film.path}' has {what} in line {first.line}; "
                "a film has one label and one patient; correct one of the two lines."
            )
            kept[key] = replace(first, kind=ROW, error=sentence)
    return list(kept.values()), repeated
