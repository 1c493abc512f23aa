"""UNIFESP X-ray body part classification: films of any part of the body, for the gate and never for disease."""

from pathlib import Path

from train.index.findings import NO_LABEL
from train.index.listed_film import LABEL_MISSING, LATERAL_VIEW, NOT_CHEST, ListedFilm, Listing, unlisted
from train.index.tables import films_in, read_table

# Why each kind is kept out of training for disease; a kind that is not known has no label either.
KINDS = {"notchest": NOT_CHEST, "lateral": LATERAL_VIEW, "chest_frontal": LABEL_MISSING}


def read(folder: Path) -> Listing:
    """Read `train.csv` (image_id, patient_id, kind, parts) and `images/`.

    All films are rejected for disease. `finding` holds kind and parts as published, such as
    "lateral: chest; MONOCHROME1"; what stands last was the film's Photometric Interpretation.
    """
    rows = read_table(folder / "train.csv", ("image_id", "patient_id", "kind", "parts"))
    here = {path.stem: path.name for path in films_in(folder / "images")}
    films = []
    for row in rows:
        if row["image_id"] not in here:
            continue
        kind = row["kind"]
        films.append(
            ListedFilm(
                path=f"{folder.name}/images/{here.pop(row['image_id'])}",
                source=folder.name,
                patient=f"{folder.name}/{row['patient_id']}",
                label=NO_LABEL,
                view="L" if kind == "lateral" else "",
                rejected=KINDS.get(kind, LABEL_MISSING),
                finding=f"{kind}: {row['parts']}",
            )
        )
    left = [unlisted(folder.name, f"images/{name}") for name in sorted(here.values())]
    return Listing([*films, *left], len(rows) - len(films))
