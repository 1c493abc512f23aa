"""SIIM-FISABIO-RSNA COVID-19 Detection, as the competition published it in DICOM and as others do in JPEG.

Its classes are those of appearance: radiologists said what each study shows, whatever a laboratory found.
"""

from pathlib import Path

from tqdm import tqdm

from edge_app.errors import EdgeError
from train.index import boxes, dicom_header
from train.index.dicom_header import Header
from train.index.findings import APPEARANCES
from train.index.listed_film import ListedFilm, Listing, reason, unlisted
from train.index.tables import films_in, read_table

STUDIES, IMAGES, META = "train_study_level.csv", "train_image_level.csv", "train_meta.csv"
# Films that are also in the COVID-19 Radiography Database, found by whoever re-published the JPEGs.
OVERLAP = "overlap_with_radiography.csv"
# Pairs below this correlation are left to our own search: of the 11 that the table holds between 0.95 and 0.964, ten
# show two people (looked at); the other 190 begin at 0.9978.
LEAST_CORRELATION = 0.98
COLUMNS = {
    "Negative for Pneumonia": "negative",
    "Typical Appearance": "typical",
    "Indeterminate Appearance": "indeterminate",
    "Atypical Appearance": "atypical",
}
# In the column `label`: "opacity 1 LEFT TOP RIGHT BOTTOM" a box, or "none 1 0 0 1 1".
WORDS_OF_A_BOX = 6
OPACITY = "opacity"


def read(folder: Path) -> Listing:
    """Read the train part: `train_study_level.csv`, `train_image_level.csv`, and films in either layout.

    `train/<image>.jpg` with `train_meta.csv` (patient, native size), or `train/<study>/<series>/<image>.dcm`, whose
    headers say both. The native size stands for the detector; boxes are in its pixels. The label follows from the
    appearance. The `test` part has no labels and is not listed.
    """
    appearances = _appearances(folder / STUDIES)
    rows = read_table(folder / IMAGES, ("id", "label", "StudyInstanceUID"))
    places = [folder / "train", *sorted(path for path in folder.glob("train/*/*") if path.is_dir())]
    here = {path.stem: path for place in places[::-1] for path in films_in(place)}
    meta = {row["image_id"]: row for row in _meta(folder / META)}
    films = []
    # Headers of the whole competition take minutes to read.
    for row in tqdm(rows, desc="headers of " + folder.name, unit="film", disable=None if not meta else True):
        image = row["id"].removesuffix("_image")
        if image not in here:
            continue
        path = here.pop(image)
        known = _known(meta[image]) if image in meta else dicom_header.read(path)
        films.append(_film(folder, path, row, known, appearances.get(row["StudyInstanceUID"], "")))
    left = [unlisted(folder.name, path.relative_to(folder).as_posix()) for path in sorted(here.values())]
    return Listing([*films, *left], len(rows) - len(films), _overlap(folder))


def _appearances(table: Path) -> dict[str, str]:
    """Return each study's appearance.

    Raises:
        EdgeError: a study has another number of classes than one.
    """
    found = {}
    for row in read_table(table, ("id", *COLUMNS)):
        said = [appearance for column, appearance in COLUMNS.items() if row[column] == "1"]
        if len(said) != 1:
            raise EdgeError(
                f"{table}: study '{row['id']}' is of {len(said)} classes; each is of one; download it again."
            )
        found[row["id"].removesuffix("_study")] = said[0]
    return found


def _meta(table: Path) -> list[dict[str, str]]:
    return read_table(table, ("image_id", "patient_id", "width", "height")) if table.is_file() else []


def _known(row: dict[str, str]) -> Header:
    """Return what a row of `train_meta.csv` says; some lack the size."""
    width, height = (int(float(row[name] or 0)) for name in ("width", "height"))
    return Header(patient=row["patient_id"], width=width, height=height)


def _film(folder: Path, path: Path, row: dict[str, str], known: Header, appearance: str) -> ListedFilm:
    relative = f"{folder.name}/{path.relative_to(folder).as_posix()}"
    if not appearance:
        return unlisted(folder.name, path.relative_to(folder).as_posix())
    label = APPEARANCES[appearance]
    return ListedFilm(
        path=relative,
        source=folder.name,
        patient=f"{folder.name}/{known.patient}" if known.patient else relative,
        label=label,
        view=known.view,
        sex=known.sex,
        age=known.age,
        rejected=reason(label, known.view),
        appearance=appearance,
        boxes=_boxes(row["label"], known),
        machine=known.size,
        finding=next(column for column, name in COLUMNS.items() if name == appearance),
    )


def _boxes(text: str, known: Header) -> str:
    """Return the boxes of a row as the index writes them; none where the film's native size is not known."""
    if not known.size:
        return ""
    words = text.split()
    found = [
        [float(word) for word in words[at + 2 : at + WORDS_OF_A_BOX]]
        for at in range(0, len(words), WORDS_OF_A_BOX)
        if words[at] == OPACITY
    ]
    return boxes.to_text(boxes.from_pixels(found, known.width, known.height))


def _overlap(folder: Path) -> list[tuple[str, str]]:
    """Return pairs of paths of films that are in the Radiography Database too; none without that table."""
    if not (folder / OVERLAP).is_file():
        return []
    rows = read_table(folder / OVERLAP, ("siim_image_id", "radiography_film", "correlation"))
    return [
        (f"{folder.name}/train/{row['siim_image_id']}.jpg", row["radiography_film"])
        for row in rows
        if float(row["correlation"] or 0) >= LEAST_CORRELATION
    ]
