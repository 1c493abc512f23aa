"""A clinic's folder of drawn films, `train site-check` in a process of its own, and what it leaves."""

import contextlib
import csv
import functools
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from edge_app.errors import NoLungField
from edge_app.model import classifier, model_file
from edge_app.screening import screening
from tests.support.films import draw_film

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "golden" / "tiny-int8.tflite"
SCORES = ["score_normal", "score_covid", "score_pneumonia"]
DIGITAL_XRAY = "1.2.840.10008.5.1.4.1.1.1.1"  # PS3.4 B.5


def start(*words, **options):
    """Start the command in its own process."""
    line = [str(word) for word in (sys.executable, "-m", "train", "site-check", *words)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(line, cwd=ROOT, env=environment, **pipes | options)


def site_check(*words, code=0):
    """Run the command in its own process; return (stdout, the sentences on stderr). A traceback is never an answer."""
    process = start(*words)
    out, complaints = process.communicate(timeout=600)
    assert "Traceback" not in complaints, complaints
    assert process.returncode == code, complaints
    return out, [line for line in complaints.splitlines() if line]


def _films(opacity: float):
    """Yield drawn films, uint8 (220, 190), on which the model finds lungs, each another patient's."""
    classifier = _classifier()
    for seed in itertools.count(40_000):
        film = draw_film(seed, 220, 190, opacity=opacity)
        with contextlib.suppress(NoLungField):
            screening.infer(film, classifier)
            yield film


@functools.cache
def _classifier():
    return classifier.Classifier(model_file.read(MODEL), 1)


def draw_site(folder: Path, rows, header=("path", "label", "patient")) -> Path:
    """Draw films of (name, label, opacity, patient), with a table of labels; return the folder."""
    folder.mkdir(exist_ok=True)
    drawn = {opacity: _films(opacity) for _, _, opacity, _ in rows}
    for name, _, opacity, _ in rows:
        path, film = folder / name, next(drawn[opacity])
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".dcm":
            _write_dicom(path, film)
        else:
            Image.fromarray(film).save(path)
    write_labels(folder / "labels.csv", [(name, label, patient) for name, label, _, patient in rows], header)
    return folder


def write_labels(path: Path, rows, header=("path", "label", "patient")) -> None:
    """Write a table of labels; of each row as many cells as the header has."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *(row[: len(header)] for row in rows)])


def _write_dicom(path: Path, film: np.ndarray) -> None:
    data_set = FileDataset(str(path), {}, preamble=bytes(128), file_meta=FileMetaDataset())
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID = DIGITAL_XRAY
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID = "1.2.3.4"
    data_set.Modality, data_set.ViewPosition, data_set.PatientName = "DX", "PA", "Lindgren^Jane"
    data_set.PhotometricInterpretation, data_set.SamplesPerPixel = "MONOCHROME2", 1
    data_set.Rows, data_set.Columns = film.shape
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 16, 12, 11, 0
    data_set.PixelData = (film.astype(np.uint16) << 4).tobytes()
    data_set["PixelData"].VR = "OW"
    data_set.save_as(path)


def report_of(out: Path) -> tuple[dict, pd.DataFrame, str]:
    """Return the numbers, the rows and the page of a finished check."""
    numbers = json.loads((out / "report.json").read_text())
    rows = pd.read_csv(out / "results.csv", keep_default_na=False, na_values={name: [""] for name in SCORES})
    return numbers, rows, (out / "report.html").read_text(encoding="utf-8")
