"""SIIM-FISABIO-RSNA COVID-19 Detection, drawn: three patients in either layout in which it is published."""

from pathlib import Path

from tests.support.dicom_files import write_dicom
from tests.support.drawn_people import draw_person, save, write_csv
from tests.support.treatments import squash

CLASSES = ("Negative for Pneumonia", "Typical Appearance", "Indeterminate Appearance", "Atypical Appearance")
# Image, study, patient, class by position, and boxes in pixels of 400 x 480: left, top, right, bottom.
IMAGES = (
    ("aa", "study1", "ann", 1, ((40.0, 96.0, 120.0, 240.0), (200.0, 0.0, 404.0, 48.0))),
    ("bb", "study2", "bob", 0, ()),
    ("cc", "study3", "bob", 2, ((0.0, 0.0, 100.0, 120.0),)),
)
HEIGHT, WIDTH = 480, 400


def write(folder: Path, *, dicom: bool = False) -> Path:
    """Write tables and films into a folder, as JPEG squashed to a square or as DICOM, and return the folder.

    As in the original the file of a DICOM bears the image's name, and only its header tells whose film it is.
    """
    studies = [{"id": f"{study}_study"} | _classes(kind) for _, study, _, kind, _ in IMAGES]
    rows = [
        {"id": f"{image}_image", **_boxes(boxes), "StudyInstanceUID": study} for image, study, _, _, boxes in IMAGES
    ]
    write_csv(folder / "train_study_level.csv", studies)
    write_csv(folder / "train_image_level.csv", rows)
    for seed, (image, study, patient, _, _) in enumerate(IMAGES, 40):
        film = draw_person(seed, HEIGHT, WIDTH)
        if dicom:
            place = folder / "train" / study / "series"
            place.mkdir(parents=True)
            # The competition's headers hold no view.
            write_dicom(place / f"{image}.dcm", film, PatientID=patient, PatientSex="F", ViewPosition=None)
        else:
            save(squash(film, 256), folder / "train" / f"{image}.jpg")
    if not dicom:
        write_csv(folder / "train_meta.csv", [_meta(*row[:3]) for row in IMAGES])
    return folder


def _classes(kind: int) -> dict[str, str]:
    return {name: str(int(at == kind)) for at, name in enumerate(CLASSES)}


def _boxes(boxes) -> dict[str, str]:
    corners = [f"opacity 1 {left} {top} {right} {bottom}" for left, top, right, bottom in boxes]
    sides = [{"x": left, "y": top, "width": right - left, "height": bottom - top} for left, top, right, bottom in boxes]
    return {"boxes": str(sides) if sides else "", "label": " ".join(corners) or "none 1 0 0 1 1"}


def _meta(image: str, study: str, patient: str) -> dict[str, str]:
    return {"image_id": image, "patient_id": patient, "study_id": study, "width": str(WIDTH), "height": str(HEIGHT)}
