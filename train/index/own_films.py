"""Anybody's own films: a folder with a table `labels.csv` beside films in any format that the edge reads."""

import os
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from edge_app.imaging import limits
from train.index import boxes, dicom_header, label_table
from train.index.dicom_header import Header
from train.index.label_table import NAME, LabelRow
from train.index.listed_film import ListedFilm, Listing, reason, unlisted
from train.index.tables import OLDEST, age_in_years

VIEWS = ("PA", "AP", "AP Supine", "AP Erect", "frontal", "lateral", "L", "LL", "RL")
SEXES = {"": "", "f": "F", "female": "F", "m": "M", "male": "M", "other": "", "o": "", "unknown": "", "u": ""}
ORIENTATION = 0x0112  # Exif 2.32, 4.6.4; from 5 on the upright film is as wide as the stored one is high
SIDEWAYS = 5


class _RowFault(Exception):
    """What is wrong with a cell: what was found, what is allowed, what to do."""


def read(folder: Path) -> Listing:
    """Read `labels.csv`: path and label, and perhaps patient, view, age, sex, machine and boxes.

    The label is a disease or what a radiologist sees on the film, see `label_table.SPELLINGS`. Boxes round opacities
    are "LEFT TOP WIDTH HEIGHT" in pixels of the upright film, with ";" between two. Where the table is silent the
    header of a DICOM film is asked. A film without a patient stands for its own.

    Returns:
        The films of all rows without a fault, and without label the others of the folder; and a sentence a fault.

    Raises:
        WrongUsage: the table as a whole cannot be read.
    """
    table = label_table.read(folder / NAME, folder)
    films, good, faults = [], [], []
    for row in tqdm(table.rows, desc=f"headers of {folder.name}", unit="film", disable=None):
        try:
            if row.error:
                faults.append(row.error)
                continue
            films.append(_film(folder, row))
            good.append(row.path)
        except _RowFault as fault:
            faults.append(f"{folder / NAME}, line {row.line}: {fault}.")
    beside, problems = label_table.films_beside(folder, good)
    films += [unlisted(folder.name, Path(name).as_posix()) for name in beside]
    here = {os.path.normpath(path) for path in (*good, *beside)}
    return Listing(
        films,
        not_here=sum(os.path.normpath(row.path) not in here for row in table.rows),
        remarks=_remarks(folder / NAME, table),
        faults=[*faults, *(sentence for _, sentence in problems)],
    )


def _remarks(path: Path, table: label_table.LabelTable) -> list[str]:
    tested = (
        f"{path}: 'negative' is read as a negative test, which teaches nothing, since no film is called typical, "
        "indeterminate or atypical; write 'normal' where a radiologist sees no pneumonia."
    )
    return [table.remark] * bool(table.remark) + [tested] * table.tested


def _film(folder: Path, row: LabelRow) -> ListedFilm:
    """Return the film of a row that names one.

    Raises:
        _RowFault: a cell says what is not known.
    """
    header = dicom_header.read(folder / row.path)
    relative = f"{folder.name}/{Path(os.path.normpath(row.path)).as_posix()}"
    patient = row.patient or header.patient
    view = _view(row) or header.view
    return ListedFilm(
        path=relative,
        source=folder.name,
        patient=f"{folder.name}/{patient}" if patient else relative,
        label=row.label,
        view=view,
        sex=_sex(row) or header.sex,
        age=header.age if (age := _age(row)) is None else age,
        rejected=reason(row.label, view),
        appearance=row.appearance,
        boxes=_boxes(folder, row, header),
        machine=row.cells.get("machine", "") or header.machine,
        finding=row.cells["label"],
    )


def _view(row: LabelRow) -> str:
    text = row.cells.get("view", "")
    if text.casefold() not in {"", *(view.casefold() for view in VIEWS)}:
        raise _RowFault(f"view '{text}' of '{row.path}' is not known; allowed are {', '.join(VIEWS)}; correct it")
    return text


def _sex(row: LabelRow) -> str:
    text = row.cells.get("sex", "").casefold()
    if text not in SEXES:
        raise _RowFault(f"sex '{text}' of '{row.path}' is not known; allowed are F, M and nothing; correct it")
    return SEXES[text]


def _age(row: LabelRow) -> float | None:
    text = row.cells.get("age", "")
    age = age_in_years(text)
    if text and age is None:
        raise _RowFault(
            f"age '{text}' of '{row.path}' is not known; allowed are years from 0 to {OLDEST}, such as 65 or 065Y; "
            "correct it"
        )
    return age


def _boxes(folder: Path, row: LabelRow, header: Header) -> str:
    """Return the boxes of a row as the index writes them."""
    text = row.cells.get("boxes", "")
    if not text:
        return ""
    width, height = (header.width, header.height) if header.size else _size(folder / row.path)
    if not width:
        return ""  # the film cannot be read, which the index says of it
    corners = []
    for part in filter(None, map(str.strip, text.split(";"))):
        try:
            left, top, wide, high = map(float, part.split())
        except ValueError as error:
            raise _RowFault(
                f"box '{part}' of '{row.path}' is not four numbers; allowed is 'LEFT TOP WIDTH HEIGHT' in pixels, with "
                "';' between two boxes; correct it"
            ) from error
        corners.append((left, top, left + wide, top + high))
        if not len(boxes.from_pixels(corners[-1:], width, height)):
            raise _RowFault(
                f"box '{part}' of '{row.path}' does not lie on the film, which has {width} x {height} pixels; allowed "
                "is 'LEFT TOP WIDTH HEIGHT' in pixels of that very file; correct it"
            )
    return boxes.to_text(boxes.from_pixels(corners, width, height))


def _size(path: Path) -> tuple[int, int]:
    """Return width and height of an upright PNG or JPEG by its header; (0, 0) if it cannot be read."""
    try:
        with Image.open(path) as picture:
            turned = picture.getexif().get(ORIENTATION, 1) >= SIDEWAYS
            return (picture.height, picture.width) if turned else (picture.width, picture.height)
    except limits.DAMAGE:
        return 0, 0
