"""A table of labels that people write beside their films, `labels.csv`; each fault of it is one sentence.

Read by whoever takes a site's own films: `train index` to train on them, `train site-check` to check a model on them.
"""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_app.errors import WrongUsage
from edge_app.sources import film_paths
from train.index.findings import APPEARANCES, COVID, INDETERMINATE, NORMAL, OTHER, PNEUMONIA

NAME = "labels.csv"
# What a cell of the column `label` may say, whatever its case: diseases, or what a radiologist sees on the film.
SPELLINGS = {
    COVID: ("covid", "covid-19", "covid19", "positive", "typical"),
    PNEUMONIA: ("pneumonia", "atypical"),
    NORMAL: ("normal", "no finding"),
    OTHER: ("other", "not covid", "negative"),
    INDETERMINATE: ("indeterminate",),
}
# Where a table uses one of these, its "negative" is a radiologist's, for pneumonia, and not a laboratory's.
APPEARANCE_WORDS = ("typical", "indeterminate", "atypical")
NEGATIVE = "negative"
ALLOWED = ", ".join(spelling for spellings in SPELLINGS.values() for spelling in spellings)
NEEDED = ("path", "label")
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
EXPORT = "save it as 'CSV UTF-8'"


@dataclass(frozen=True)
class LabelRow:
    """What the table says of one film.

    Attributes:
        path: relative to the folder, as the table has it.
        label: one of `SPELLINGS`, or what was found where that is not known; "" if there is none.
        appearance: one of `findings.APPEARANCES`, or "" where the label is a disease.
        patient: "" where the table does not say.
        cells: the row by column, in lower case; "" where it has fewer cells.
        error: the fault of the row in one sentence, or "".
        line: of the table, counted from 1.
    """

    path: str
    label: str
    appearance: str
    patient: str
    cells: dict[str, str]
    error: str
    line: int


@dataclass(frozen=True)
class LabelTable:
    """What a table of labels says.

    Attributes:
        rows: one a path, in the table's order; those at fault carry an `error`.
        repeated: rows that say once more what a row above says.
        remark: a sentence on how the table had to be read, or "".
        tested: whether its "negative" is read as a laboratory's, so as `OTHER`.
    """

    rows: list[LabelRow]
    repeated: int
    remark: str
    tested: bool


def read(path: Path, folder: Path) -> LabelTable:
    """Read a table of labels: columns `path` (relative to `folder`), `label` and perhaps `patient` and others.

    Columns may be separated by commas, semicolons or tabs, as spreadsheets do.

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
    said = {_word(cells[columns.index("label")]) for _, cells in rows[1:] if len(cells) > columns.index("label")}
    seen = not said.isdisjoint(APPEARANCE_WORDS)
    parsed = [_row(f"{path}, line {line}", line, columns, cells, folder, seen) for line, cells in rows[1:]]
    once, repeated = _once(path, parsed)
    words = SEPARATORS[separator]
    remark = f"{path}: its columns are separated by {words} and were read so." if separator != "," else ""
    return LabelTable(once, repeated, remark, tested=NEGATIVE in said and not seen)


def films_beside(folder: Path, listed: Sequence[str]) -> tuple[list[str], list[tuple[Path, str]]]:
    """Return the films of a folder that are not among `listed`, and what in it may not be entered.

    Args:
        folder: that of the films, looked through with all its folders.
        listed: paths relative to it.

    Returns:
        Paths relative to it; and (path, sentence) of each folder that cannot be read.
    """
    found = film_paths.expand([folder])
    known = {os.path.normpath(path) for path in listed}
    relative = [os.path.relpath(path, folder) for path in found.films]
    problems = [(path, sentence) for path, sentence in found.problems if path != folder]
    return [name for name in relative if os.path.normpath(name) not in known], problems


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


def _word(text: str) -> str:
    return " ".join(text.casefold().split())


def _row(where: str, line: int, columns: list[str], cells: list[str], folder: Path, seen: bool) -> LabelRow:
    """Read one row; `seen` tells whether the table's labels are a radiologist's."""
    named = dict.fromkeys(columns, "") | dict(zip(columns, cells, strict=False))
    path, text = named["path"], _word(named["label"])
    appearance = text if text in APPEARANCES and (seen or text != NEGATIVE) else ""
    label = APPEARANCES[appearance] if appearance else None
    label = label or next((label for label, spellings in SPELLINGS.items() if text in spellings), None)
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
        fault = f"label '{named['label']}' of '{path}' is not known; allowed are {ALLOWED}; correct it"
    return LabelRow(
        path,
        label or named["label"],
        appearance,
        named.get("patient", ""),
        named,
        f"{where}: {fault}." if fault else "",
        line,
    )


def _once(table_path: Path, rows: list[LabelRow]) -> tuple[list[LabelRow], int]:
    """Return one row a path, at fault where rows of it disagree, and how many rows only repeat another."""
    kept: dict[str, LabelRow] = {}
    repeated = 0
    for row in rows:
        key = os.path.normpath(row.path) if row.path else f"\0{row.line}"
        first = kept.setdefault(key, row)
        if first is row:
            continue
        if (first.label, first.appearance, first.patient) == (row.label, row.appearance, row.patient):
            repeated += 1
        elif not first.error:
            # Patients are not quoted: this sentence goes into reports.
            what = f"label '{row.cells['label']}' here and '{first.cells['label']}'"
            if (first.label, first.appearance) == (row.label, row.appearance):
                what = "another patient here than"
            sentence = (
                f"{table_path}, line {row.line}: '{row.path}' has {what} in line {first.line}; "
                "a film has one label and one patient; correct one of the two lines."
            )
            kept[key] = replace(first, error=sentence)
    return list(kept.values()), repeated
