"""Headers of films as a modality writes them, and programs that judge DICOM objects (Debian's dicom3tools, dcmtk)."""

import io
import os
import shutil
import subprocess
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

ROWS, COLUMNS = 600, 500
COMPUTED_RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1"  # PS3.4 B.5
STUDY, SERIES, FILM = "1.2.826.0.1.1", "1.2.826.0.1.2", "1.2.826.0.1.3"
# Warnings of dciodvfy that are no fault: our own terms, whose scheme the objects name, and what a DICOMDIR would need
# that the film does not tell either.
ALLOWED = ("Unrecognized defined term <99COVIDXRAY>", "would be needed to build DICOMDIR")


def header(**elements) -> Dataset:
    """Return the header of a film; `elements` replace or, if None, remove elements by keyword."""
    found = Dataset()
    found.SOPClassUID, found.SOPInstanceUID = COMPUTED_RADIOGRAPHY, FILM
    found.StudyInstanceUID, found.SeriesInstanceUID = STUDY, SERIES
    found.SpecificCharacterSet = "ISO_IR 100"
    found.PatientName, found.PatientID, found.PatientBirthDate, found.PatientSex = "Doe^Jane", "P1", "19700101", "F"
    found.StudyDate, found.StudyTime, found.AccessionNumber, found.StudyID = "20261130", "080000", "A1", "S1"
    found.ReferringPhysicianName, found.Modality, found.Manufacturer = "Roe^Richard", "CR", "maker"
    found.InstanceNumber, found.PatientOrientation = 3, ["L", "F"]
    found.Rows, found.Columns, found.SamplesPerPixel, found.PhotometricInterpretation = ROWS, COLUMNS, 1, "MONOCHROME2"
    found.WindowCenter, found.WindowWidth = 2048, 4096
    for keyword, value in elements.items():
        if value is None:
            delattr(found, keyword)
        else:
            setattr(found, keyword, value)
    return found


def sent(made: Dataset) -> Dataset:
    """Return an object as its receiver reads it."""
    written = io.BytesIO()
    made.save_as(written, enforce_file_format=True)
    written.seek(0)
    return pydicom.dcmread(written)


def tool(name: str) -> str:
    """Return a program of Debian; the test is skipped where it is missing, unless `NEED_BROWSER` is set."""
    if shutil.which(name) is None:
        if os.environ.get("NEED_BROWSER"):
            pytest.fail(f"{name} is missing: apt-get install dicom3tools dcmtk", pytrace=False)
        pytest.skip(f"needs {name}: apt-get install dicom3tools dcmtk")
    return name


def complaints(path: Path) -> list[str]:
    """Return what dciodvfy says against a file, but for the warnings that are no fault."""
    ran = subprocess.run([tool("dciodvfy"), path], capture_output=True, text=True, check=False, timeout=60)
    lines = (ran.stdout + ran.stderr).splitlines()
    faults = [line for line in lines if line.startswith(("Error", "Warning"))]
    return [line for line in faults if not any(words in line for words in ALLOWED)]
