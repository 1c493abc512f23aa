"""The public collections, each in the layout it is published in, and people's own: folders and tables become films.

Knows folder names, file names and columns; of a film at most the DICOM header is read. Every adapter returns what is
here and counts what the collection's table lists that is not: a part of a collection is a normal thing to have.
"""

import re
from dataclasses import replace
from pathlib import Path

from edge_app.errors import EdgeError
from train.index import own_films, siim, unifesp
from train.index.components import components
from train.index.findings import COVID, NO_LABEL, NORMAL, PNEUMONIA, label_of
from train.index.label_table import NAME
from train.index.listed_film import LABEL_CONFLICT, Adapter, ListedFilm, Listing, reason, unlisted
from train.index.tables import age_in_years, films_in, read_table, sex_of

# Kermany et al. 2018 (doi:10.1016/j.cell.2018.02.010): "pediatric patients of one to five years old".
CHILDREN = "chest_xray"


def list_films(data: Path) -> dict[str, Listing]:
    """List every collection found in the folder `data`, and every folder with a `labels.csv`, by the folder's name.

    Raises:
        EdgeError: no such folder, nothing of that kind in it, or a table that cannot be read.
    """
    if not data.is_dir():
        raise EdgeError(f"{data}: is not a folder; give the one that holds {', '.join(ADAPTERS)}.")
    found = {name: adapter(data / name) for name, adapter in ADAPTERS.items() if (data / name).is_dir()}
    found |= {path.name: own_films.read(path) for path in own_folders(data)}
    if not found:
        held = ", ".join(sorted(f"'{path.name}'" for path in data.iterdir())[:5]) or "nothing"
        raise EdgeError(
            f"{data}: holds {held}; a folder of films with '{NAME}' beside them, or at least one of "
            f"{', '.join(ADAPTERS)} is needed; `python -m train data` says where to get them and how to write '{NAME}'."
        )
    return found


def passed_over(data: Path) -> list[str]:
    """Return a sentence on everything in the folder `data` that may hold films and is not read."""
    allowed = f"allowed are {', '.join(ADAPTERS)} and folders with '{NAME}' in them"
    known = {*ADAPTERS, *(path.name for path in own_folders(data))}
    unknown = [path for path in _folders(data) if path.name not in known]
    said = [
        f"{path}: is not a known collection, so it is not read; {allowed}; write one or move it." for path in unknown
    ]
    if (data / NAME).is_file():
        said.append(f"{data / NAME}: lies beside the collections, so it is not read; {allowed}; move it into its own.")
    return said


def own_folders(data: Path) -> list[Path]:
    """Return the folders in `data`, sorted, that hold people's own films; none if there is no such folder."""
    return [path for path in _folders(data) if path.name not in ADAPTERS and (path / NAME).is_file()]


def _folders(data: Path) -> list[Path]:
    inside = data.iterdir() if data.is_dir() else ()
    return sorted(path for path in inside if path.is_dir() and not path.name.startswith("."))


def read_covid_chestxray(folder: Path) -> Listing:
    """Read ieee8023/covid-chestxray-dataset: `metadata.csv` and `images/`.

    A file listed under two patients is one film, and the two are one person (upstream's 285 and 339). A file whose rows
    disagree on the label is rejected. Files in `images/` that the table does not list carry no label.
    """
    rows = read_table(folder / "metadata.csv", ("patientid", "finding", "modality", "view", "filename"))
    names = {path.name for path in films_in(folder / "images")}
    here = [row for row in rows if row["filename"] in names]
    owner: dict[str, str] = {}
    for row in here:
        owner.setdefault(row["filename"], row["patientid"])
    person = components((row["patientid"], owner[row["filename"]]) for row in here)

    films: dict[str, ListedFilm] = {}
    for row in here:
        path = f"{folder.name}/images/{row['filename']}"
        label = label_of(row["finding"])
        film = ListedFilm(
            path=path,
            source=folder.name,
            patient=f"{folder.name}/{person[row['patientid']]}",
            label=label,
            view=row["view"],
            sex=sex_of(row.get("sex", "")),
            age=age_in_years(row.get("age", "")),
            rejected=reason(label, row["view"], row["modality"]),
            finding=row["finding"],
        )
        if films.setdefault(path, film).label != label:
            films[path] = replace(film, label=NO_LABEL, rejected=LABEL_CONFLICT)
    left = [unlisted(folder.name, f"images/{name}") for name in sorted(names - set(owner))]
    return Listing([*films.values(), *left], len(rows) - len(here))


def read_children(folder: Path) -> Listing:
    """Read Kaggle paultimothymooney/chest-xray-pneumonia: `{train,val,test}/{NORMAL,PNEUMONIA}/`.

    The patient is `person<N>` (bacteria and virus films of a number are one child), `IM-<N>` or `NORMAL2-IM-<N>`; the
    published train, val and test folders share patients and are not used as splits. All are frontal films of children;
    the view is not published per film.
    """
    films = []
    for part in ("train", "val", "test"):
        for name, label in (("NORMAL", NORMAL), ("PNEUMONIA", PNEUMONIA)):
            for path in films_in(folder / part / name):
                match = re.match(r"person\d+(?=_)|(?:NORMAL2-)?IM-\d+(?=-)", path.name)
                patient = match[0] if match else path.name
                relative = f"{folder.name}/{part}/{name}/{path.name}"
                films.append(ListedFilm(relative, folder.name, f"{folder.name}/{patient}", label, finding=name))
    return Listing(films)


def read_nih(folder: Path) -> Listing:
    """Read NIH ChestX-ray14: `Data_Entry_2017*.csv` and `images/` or `images_001/images/` ... `images_012/images/`."""
    tables = sorted(folder.glob("Data_Entry_2017*.csv"))
    rows = read_table(
        tables[-1] if tables else folder / "Data_Entry_2017_v2020.csv",
        ("Image Index", "Finding Labels", "Patient ID", "View Position"),
    )
    places = [folder / "images", *sorted(folder.glob("images_*/images"))]
    # Reversed, so that of two files of one name the first place holds the one that counts.
    here = {path.name: path.relative_to(folder).as_posix() for place in places[::-1] for path in films_in(place)}
    films = []
    for row in rows:
        if row["Image Index"] not in here:
            continue
        label = label_of(row["Finding Labels"])
        films.append(
            ListedFilm(
                path=f"{folder.name}/{here.pop(row['Image Index'])}",
                source=folder.name,
                patient=f"{folder.name}/{row['Patient ID']}",
                label=label,
                view=row["View Position"],
                sex=sex_of(row.get("Patient Gender", "") or row.get("Patient Sex", "")),
                age=age_in_years(row.get("Patient Age", "")),
                rejected=reason(label, row["View Position"]),
                machine=_native_size(row),
                finding=row["Finding Labels"],
            )
        )
    left = [unlisted(folder.name, path) for path in sorted(here.values())]
    return Listing([*films, *left], len(rows) - len(films))


def read_radiography(folder: Path) -> Listing:
    """Read Kaggle tawsifurrahman/covid19-radiography-database: `{COVID,Normal,Viral Pneumonia,Lung_Opacity}/images/`.

    It publishes no patients, so each film stands for its own. `Lung_Opacity` are the films of the RSNA Pneumonia
    Detection Challenge on which radiologists marked opacities suspicious for pneumonia (Shih et al. 2019,
    doi:10.1148/ryai.2019180041).
    """
    kinds = {"COVID": COVID, "Normal": NORMAL, "Viral Pneumonia": PNEUMONIA, "Lung_Opacity": PNEUMONIA}
    films = []
    for kind, label in kinds.items():
        for path in films_in(folder / kind / "images"):
            relative = f"{folder.name}/{kind}/images/{path.name}"
            films.append(ListedFilm(relative, folder.name, relative, label, finding=kind))
    return Listing(films)


def _native_size(row: dict[str, str]) -> str:
    """Return the size of an NIH film before it was shrunk, "WxH", or ""; the header's brackets are upstream's."""
    width, height = row.get("OriginalImage[Width", ""), row.get("Height]", "")
    return f"{width}x{height}" if width and height else ""


ADAPTERS: dict[str, Adapter] = {
    "covid-chestxray-dataset": read_covid_chestxray,
    CHILDREN: read_children,
    "nih-chest-xrays": read_nih,
    "COVID-19_Radiography_Dataset": read_radiography,
    "siim-covid19-detection": siim.read,
    "unifesp-body-part": unifesp.read,
}
