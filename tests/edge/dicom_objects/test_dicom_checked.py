"""Programs that this project did not write find no error in the objects: dicom3tools, dcmtk, pydicom's dictionaries."""

import subprocess

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sr._concepts_dict import concepts

from edge_app.dicom_objects import codes, results
from tests.support import dcmtk
from tests.support.dicom_headers import complaints, header, tool

# SNOMED CT and RadLex terms that no context group of DICOM holds, as public software uses them: no dictionary at hand
# confirms them, and sources disagree on RID28530 (opacity in most, nodule in one).
ELSEWHERE = {"399208008", "840539006", "233604007", "RID28530", "en", "1"}
FILMS = {
    "whole": {},
    "bare": dict.fromkeys(("PatientName", "PatientID", "StudyDate", "StudyTime", "SpecificCharacterSet")),
    "inverse": {"PhotometricInterpretation": "MONOCHROME1", "RescaleSlope": 1, "RescaleIntercept": 0},
    "chinese": {"SpecificCharacterSet": "GB18030", "PatientName": "Wang^XiaoDong=王^小东"},
    "lossy": {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": 9,
        "LossyImageCompressionMethod": "ISO_10918_1",
    },
}


@pytest.fixture(params=FILMS)
def files(request, suspected, turned_away, grey, of_run, tmp_path):
    """Return the files of all kinds, of a judged and of a refused film, by kind and number."""
    found = {}
    for number, result in enumerate((suspected, turned_away)):
        film = header(**FILMS[request.param])
        for kind, made in zip(results.KINDS, results.made(film, result, grey, of_run, results.KINDS), strict=True):
            found[kind, number] = tmp_path / f"{kind}-{number}.dcm"
            made.save_as(found[kind, number], enforce_file_format=True)
    return found


def test_dciodvfy_finds_nothing(files):
    assert {name: complaints(path) for name, path in files.items()} == {name: [] for name in files}


def test_dsrdump_reads_the_report_without_a_complaint(files):
    for number in (0, 1):
        line = [tool("dsrdump"), "-Ei", files["sr", number]]
        ran = subprocess.run(line, capture_output=True, text=True, check=True, errors="replace", timeout=60)
        assert not [
            line for line in ran.stderr.splitlines() if "does not support this Specific Character Set" not in line
        ]
        assert "Imaging Measurement Report" in ran.stdout


def test_dcmpschk_passes_the_presentation_state(files):
    for number in (0, 1):
        line = [tool("dcmpschk"), files["gsps", number]]
        ran = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60)
        faults = {line for line in ran.stderr.splitlines() if "Testing" not in line and "Test passed" not in line}
        assert faults <= {
            "W: patientName absent or empty in presentation state",
            "W: Test failed - one or more errors.",
        }
        assert not faults or not dcmread(files["gsps", number]).PatientName  # empty is allowed (PS3.3 C.7.1.1, type 2)


@dcmtk.needed
def test_dcmtk_shows_the_picture_that_was_drawn(files, suspected, grey, of_run):
    from edge_app.outputs import overlay

    drawn = overlay.draw(suspected.nameless(), grey, of_run)
    assert np.array_equal(dcmtk.shown(files["sc", 0]), drawn)


def test_coded_terms_are_those_of_the_standard():
    known = {(scheme, code) for scheme, words in concepts.items() for found in words.values() for code in found}
    terms = [one for one in vars(codes).values() if isinstance(one, codes.Code)]
    for table in (codes.FINDINGS, codes.ANSWERS):
        terms += table.values()
    foreign = {one.value for one in terms if one.scheme != codes.OWN and (one.scheme, one.value) not in known}
    assert len(terms) > 40
    assert foreign <= ELSEWHERE | {"260753009"}
