"""The collections as their publishers lay them out, drawn: no patient, no download."""

from pathlib import Path

import pytest

from tests.support import drawn_siim
from tests.support.drawn_people import draw_person, save, write_csv
from tests.support.treatments import squash

REAL_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
# For a test that must hold of drawn collections, always, and of the real ones, where they lie beside the repository.
DRAWN_AND_REAL = (
    "drawn",
    pytest.param(
        "real", marks=pytest.mark.skipif(not REAL_DATA.is_dir(), reason="no collections beside the repository")
    ),
)
RADIOGRAPHY = "COVID-19_Radiography_Dataset"


def covid_row(filename: str, patient: str, finding: str, view: str = "PA", modality: str = "X-ray") -> dict[str, str]:
    """Return one row of ieee8023's `metadata.csv`."""
    return {
        "patientid": patient,
        "sex": "M",
        "age": "65",
        "finding": finding,
        "view": view,
        "modality": modality,
        "filename": filename,
        "clinical_notes": "one, two",
    }


def nih_row(filename: str, patient: str, findings: str, view: str = "PA") -> dict[str, str]:
    """Return one row of NIH's `Data_Entry_2017_v2020.csv`."""
    return {
        "Image Index": filename,
        "Finding Labels": findings,
        "Patient ID": patient,
        "Patient Age": "58",
        "Patient Gender": "F",
        "View Position": view,
    }


def write_collections(data: Path) -> Path:
    """Write a small part of each collection under the folder `data`, every film another person's, and return `data`."""
    covid = data / "covid-chestxray-dataset"
    rows = [
        covid_row("one.png", "1", "COVID-19"),
        covid_row("two.jpg", "2", "Pneumonia/Viral/COVID-19"),
        covid_row("three.png", "3", "Streptococcus", "AP Supine"),
        covid_row("four.png", "4", "No Finding"),
        covid_row("side.png", "4", "No Finding", "L"),
        covid_row("slice.png", "5", "COVID-19", "Axial", "CT"),
        covid_row("ards.png", "6", "ARDS"),
        covid_row("elsewhere.png", "7", "COVID-19"),
    ]
    write_csv(covid / "metadata.csv", rows)
    for seed, row in enumerate(rows[:-1]):
        save(draw_person(seed), covid / "images" / row["filename"])
    save(draw_person(10), data / "chest_xray/train/NORMAL/IM-0115-0001.jpeg")
    save(draw_person(11), data / "chest_xray/test/NORMAL/NORMAL2-IM-0115-0001.jpeg")
    save(draw_person(12), data / "chest_xray/train/PNEUMONIA/person7_bacteria_20.jpeg")
    save(draw_person(13), data / "chest_xray/test/PNEUMONIA/person7_virus_21.jpeg")
    rows = [
        nih_row("00000061_012.png", "61", "Edema|Pneumonia", "AP"),
        nih_row("00000061_013.png", "61", "No Finding"),
        nih_row("00000062_000.png", "62", "Hernia"),
    ]
    write_csv(data / "nih-chest-xrays/Data_Entry_2017_v2020.csv", rows)
    save(draw_person(20), data / "nih-chest-xrays/images/00000061_012.png")
    save(draw_person(21), data / "nih-chest-xrays/images_002/images/00000061_013.png")
    save(draw_person(22), data / "nih-chest-xrays/images/00000062_000.png")
    for seed, kind in enumerate(("COVID", "Normal", "Viral Pneumonia", "Lung_Opacity")):
        save(draw_person(30 + seed, 299, 299), data / f"{RADIOGRAPHY}/{kind}/images/{kind}-1.png")
        save(draw_person(50, 299, 299), data / f"{RADIOGRAPHY}/{kind}/masks/{kind}-1.png")
    drawn_siim.write(data / "siim-covid19-detection")
    rows = [(f"{place}-c", f"{place}", kind) for place, kind in enumerate(("notchest", "lateral", "chest_frontal"))]
    columns = ("image_id", "patient_id", "kind")
    rows = [dict(zip(columns, row, strict=True)) | {"parts": "chest; MONOCHROME1"} for row in rows]
    write_csv(data / "unifesp-body-part/train.csv", rows)
    for row in rows:
        save(draw_person(60), data / f"unifesp-body-part/images/{row['image_id']}.jpg")
    return data


def write_many(data: Path) -> Path:
    """Write 25 films in each folder that is looked through in parts, one of them published twice, and return `data`.

    As in the real collections, `COVID-1529.png` of the Radiography Database is a squashed copy of a film of
    covid-chestxray-dataset, its name beginning as there.
    """
    for number in range(25):
        save(draw_person(100 + number), data / f"chest_xray/val/NORMAL/NORMAL2-IM-{1400 + number}-0001.jpeg")
        save(draw_person(200 + number), data / f"chest_xray/val/PNEUMONIA/person{1900 + number}_virus_{number}.jpeg")
        save(draw_person(300 + number), data / f"nih-chest-xrays/images/{number:08d}_000.png")
        save(draw_person(400 + number, 299, 299), data / f"{RADIOGRAPHY}/COVID/images/COVID-{number + 1}.png")
    twice = draw_person(500, 480, 400)
    save(twice, data / "covid-chestxray-dataset/images/kjr-21-e25-g001-l-a.jpg")
    save(squash(twice, 299), data / f"{RADIOGRAPHY}/COVID/images/COVID-1529.png")
    return data
