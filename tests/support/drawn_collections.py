"""The four collections as their publishers lay them out, drawn: no patient, no download."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.films import draw_film, draw_lungs
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


def draw_person(seed: int, height: int = 240, width: int = 200, opacity: float = 0.0) -> np.ndarray:
    """Draw a film of one person, uint8 (height, width): `draw_film` with vessels and bones of its own.

    The films of `draw_film` share their ribs, so near-duplicate search rightly takes them for one person. Inside the
    lungs the lines are faint, so that lungs can still be seen and found.
    """
    rng = np.random.default_rng(1000 + seed)
    lines = np.zeros((height, width), np.float32)
    for _ in range(160):
        x, y = rng.uniform(0.05, 0.95, 2) * (width, height)
        axes = rng.uniform(0.02, 0.25, 2) * min(height, width)
        start, turn = rng.uniform(0, 360), rng.uniform(0, 180)
        cv2.ellipse(
            lines,
            (round(x), round(y)),
            (round(axes[0]) + 1, round(axes[1]) + 1),
            turn,
            start,
            start + rng.uniform(40, 160),
            float(rng.uniform(-110, 110)),
            int(rng.integers(1, 4)),
        )
    strength = 1 - 0.8 * cv2.GaussianBlur(draw_lungs(seed, height, width).astype(np.float32) / 255, (0, 0), 2)
    film = draw_film(seed, height, width, opacity) + strength * cv2.GaussianBlur(lines, (0, 0), 0.8)
    return np.clip(film, 0, 255).astype(np.uint8)


def save(grey: np.ndarray, path: Path) -> None:
    """Write uint8 (H, W) in the format of the suffix, making the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), grey)


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows as a CSV file with the columns of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


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
