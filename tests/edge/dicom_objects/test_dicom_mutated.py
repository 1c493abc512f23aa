"""Headers that a hostile or broken sender wrote: there is an object, or a sentence, and never a traceback."""

import io
import warnings

import numpy as np
import pytest

from edge_app.deidentify import film
from edge_app.deidentify.attributes import Options
from edge_app.deidentify.secret import Secret
from edge_app.dicom_objects import results
from edge_app.errors import EdgeError
from edge_app.imaging import dicom_file
from tests.support.damage import damage
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film

COUNT = 200


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> tuple[bytes, bytes]:
    """Return the header of a film, behind its preamble, and its pixel data."""
    known = {"PatientID": "P1", "PatientName": "Doe^Jane", "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.3"}
    known |= {"WindowCenter": 2000, "WindowWidth": 4000, "StudyDate": "20261130", "PatientOrientation": ["L", "F"]}
    path = write_dicom(tmp_path_factory.mktemp("film") / "film.dcm", draw_film(1000, 240, 200), **known)
    content = path.read_bytes()
    at = dicom_file.read(content).at
    return content[132:at], content[at:]


def test_objects_of_damaged_headers(written, suspected, grey, of_run):
    rng, made = np.random.default_rng(24), 0
    for _ in range(COUNT):
        with warnings.catch_warnings(action="ignore"):
            try:
                header = dicom_file.read(bytes(128) + b"DICM" + damage(written[0], rng)).header
                objects = results.made(header, suspected, grey, of_run, ["sr", "gsps"])
            except (EdgeError, dicom_file.Broken):
                continue
            for one in objects:
                one.save_as(io.BytesIO(), enforce_file_format=True)
        made += 1
    assert made > COUNT / 20


def test_copies_of_damaged_films(tmp_path, written):
    rng, copied = np.random.default_rng(24), 0
    for _ in range(COUNT):
        content = bytes(128) + b"DICM" + damage(written[0], rng) + written[1]
        with warnings.catch_warnings(action="ignore"):
            try:
                _, copy = film.copy(tmp_path / "film.dcm", content, Secret(bytes(32)), Options())
            except EdgeError as error:
                assert str(error).startswith(f"{tmp_path / 'film.dcm'}: ")
                continue
        assert b"Doe" not in copy
        copied += 1
    assert copied > COUNT / 20
