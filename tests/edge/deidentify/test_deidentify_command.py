"""`deidentify` as a user runs it: what it writes, says, and ends with."""

import csv

import numpy as np
import pydicom
from PIL import Image

from edge_app.commands.cli import main
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film


def _film(folder, name, **elements):
    folder.mkdir(exist_ok=True)
    return write_dicom(folder / name, draw_film(1000, 240, 200), **{"PatientID": "P1", **elements})


def _run(*words) -> int:
    return main(["deidentify", *map(str, words)])


def test_a_folder_is_copied_film_by_film(tmp_path, capsys):
    _film(tmp_path / "in", "Doe Jane 1.dcm", SOPInstanceUID="1.2.1")
    _film(tmp_path / "in", "Doe Jane 2.dcm", SOPInstanceUID="1.2.2")
    _film(tmp_path / "in", "Roe.dcm", SOPInstanceUID="1.2.3", PatientID="P2")
    assert _run(tmp_path / "in", "--out", tmp_path / "out", "--key", tmp_path / "key") == 0
    assert capsys.readouterr().out == "3 films copied without identity, 0 not copied.\n"
    copies = sorted((tmp_path / "out").rglob("*.dcm"))
    assert len(copies) == 3 and len({path.parent for path in copies}) == 2
    assert all("Doe" not in str(path) and path.parent.name == pydicom.dcmread(path).PatientID for path in copies)
    # A second run gives the same files, from the key that the first one made.
    before = {path: path.read_bytes() for path in copies}
    assert _run(tmp_path / "in", "--out", tmp_path / "out", "--key", tmp_path / "key") == 0
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.dcm")} == before


def test_copies_that_lie_among_the_films_are_not_copied_again(tmp_path, capsys):
    _film(tmp_path / "in", "a.dcm")
    for _ in range(2):
        assert _run(tmp_path / "in", "--out", tmp_path / "in" / "copies", "--key", tmp_path / "key") == 0
        assert capsys.readouterr().out == "1 film copied without identity, 0 not copied.\n"
    assert len(list((tmp_path / "in" / "copies").rglob("*.dcm"))) == 1


def test_what_cannot_be_copied_is_told_and_the_others_are_done(tmp_path, capsys):
    good = _film(tmp_path / "in", "good.dcm")
    lateral = _film(tmp_path / "in", "lateral.dcm", ViewPosition="LL")
    twin = _film(tmp_path / "in", "twin.dcm")
    Image.fromarray(np.zeros((100, 100), np.uint8)).save(tmp_path / "in" / "film.png")
    assert _run(tmp_path / "in", "--out", tmp_path / "out", "--key", tmp_path / "key") == 1
    said = capsys.readouterr()
    assert said.out == "1 film copied without identity, 3 not copied.\n"
    assert "film.png: is not a DICOM file; only DICOM is copied; name the film's DICOM file." in said.err
    assert f"{lateral}: View Position is 'LL'" in said.err
    assert f"{twin}: has the SOP Instance UID of '{good}'; each film has its own; copy one of them." in said.err


def test_which_copy_is_whose_is_written_on_request_only(tmp_path):
    path = _film(tmp_path / "in", "Doe.dcm")
    names = tmp_path / "names.csv"
    assert _run(path, "--out", tmp_path / "out", "--key", tmp_path / "key", "--names", names) == 0
    (row,) = list(csv.DictReader(names.read_text(encoding="utf-8").splitlines()))
    assert row["film"] == str(path) and pydicom.dcmread(row["copy"]).PatientIdentityRemoved == "YES"
    assert names.stat().st_mode & 0o077 == 0


def test_the_list_of_names_may_not_lie_among_the_copies(tmp_path, capsys):
    words = (_film(tmp_path / "in", "a.dcm"), "--out", tmp_path / "out", "--key", tmp_path / "key")
    assert _run(*words, "--names", tmp_path / "out" / "names.csv") == 2
    assert "lies among the copies" in capsys.readouterr().err


def test_the_key_lies_beside_the_store_unless_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("COVID_XRAY_STORE", str(tmp_path / "data" / "results.sqlite"))
    assert _run(_film(tmp_path / "in", "a.dcm"), "--out", tmp_path / "out") == 0
    assert (tmp_path / "data" / "deidentify.key").stat().st_mode & 0o777 == 0o600


def test_options_reach_the_copies(tmp_path):
    path = _film(tmp_path / "in", "a.dcm", PatientSex="F", PatientAge="050Y", StudyDate="20261130")
    options = ("--keep-characteristics", "--shift-dates")
    assert _run(path, "--out", tmp_path / "out", "--key", tmp_path / "key", *options) == 0
    (copy,) = (tmp_path / "out").rglob("*.dcm")
    read = pydicom.dcmread(copy)
    assert (read.PatientSex, read.PatientAge) == ("F", "050Y") and "1900" < read.StudyDate < "20261130"


def test_an_out_that_is_a_file_is_wrong_usage(tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert _run(_film(tmp_path / "in", "a.dcm"), "--out", tmp_path / "out", "--key", tmp_path / "key") == 2
    assert "cannot be written" in capsys.readouterr().err
