"""A clinic's own films become a source of the index, and each of its mistakes is one sentence."""

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.support.dicom_files import write_dicom
from tests.support.drawn_collections import write_collections
from tests.support.drawn_people import draw_person, save
from train.__main__ import main
from train.index import boxes, index, own_films, sources

HEAD = "path,label,patient,view,age,sex,machine,boxes\n"


@pytest.fixture
def folder(tmp_path):
    """A folder of own films in five formats, with nothing wrong."""
    folder = tmp_path / "ward"
    save(draw_person(80, 400, 320), folder / "a.png")
    save(draw_person(81, 400, 320), folder / "2020/b.jpg")
    cv2.imwrite(str(folder / "deep.png"), draw_person(82, 400, 320).astype(np.uint16) << 4)
    header = {"PatientID": "9", "PatientSex": "F", "PatientAge": "061Y", "Manufacturer": "Maker", "ViewPosition": "AP"}
    write_dicom(folder / "c.dcm", draw_person(83, 400, 320), **header)
    write_dicom(folder / "d", draw_person(84, 400, 320), PatientID="9", PhotometricInterpretation="MONOCHROME1")
    save(draw_person(85, 400, 320), folder / "unlabelled.png")
    (folder / "labels.csv").write_text(
        HEAD
        + "a.png,typical,7,PA,40,M,unit 1,32 40 160 80; 0 0 32 40\n"
        + "2020/b.jpg,negative,7,,,,,\n"
        + "deep.png,Indeterminate,,lateral,,,,\n"
        + "c.dcm,atypical,,,,,,\n"
        + "./d,covid,10,PA,33,male,unit 2,\n"
    )
    return folder


def command(*words, capsys):
    capsys.readouterr()
    code = main([*map(str, words)])
    said = capsys.readouterr()
    return code, said.out, [line for line in said.err.splitlines() if line and "it/s" not in line]


def test_films_in_any_format_become_a_source(folder, capsys):
    out = folder.parent / "index.csv"
    code, _, complaints = command("index", "--data", folder.parent, "--out", out, capsys=capsys)
    assert (code, complaints) == (0, [])
    table = index.read(out).set_index("path")
    assert set(table["source"]) == {"ward"}
    assert table["label"].to_dict() == {
        "ward/2020/b.jpg": "normal",
        "ward/a.png": "covid",
        "ward/c.dcm": "pneumonia",
        "ward/d": "covid",
        "ward/deep.png": "indeterminate",
        "ward/unlabelled.png": "",
    }
    assert table["appearance"].tolist() == ["negative", "typical", "atypical", "", "indeterminate", ""]
    assert table["rejected"].tolist() == ["", "", "", "", "lateral view", "no label"]
    assert table["patient"].tolist()[:4] == ["ward/7", "ward/7", "ward/9", "ward/10"]
    assert table.loc["ward/deep.png", "patient"] == "ward/deep.png"
    assert tuple(table.loc["ward/a.png", ["view", "age", "sex", "machine"]]) == ("PA", 40, "M", "unit 1")
    # The header answers where the table is silent, and nowhere else.
    assert tuple(table.loc["ward/c.dcm", ["view", "age", "sex", "machine"]]) == ("AP", 61, "F", "Maker")
    assert tuple(table.loc["ward/d", ["view", "age", "sex", "machine"]]) == ("PA", 33, "M", "unit 2")
    found = boxes.from_text(table.loc["ward/a.png", "boxes"])
    assert found == pytest.approx(np.float32([[0, 0, 0.1, 0.1], [0.1, 0.1, 0.3, 0.6]]))


def test_each_bad_row_is_one_sentence_and_the_others_are_read(folder, capsys):
    rows = [
        "a.png,covd,,,,,,",
        "gone.png,covid,,,,,,",
        "2020/b.jpg,normal,,sideways,,,,",
        "deep.png,normal,,,old,,,",
        "c.dcm,normal,,,,x,,",
        "d,covid,,,,,,1 2 3",
        "unlabelled.png,covid,,,,,,900 10 20 20",
    ]
    (folder / "labels.csv").write_text(HEAD + "\n".join(rows) + "\n")
    write_collections(folder.parent)
    code, out, complaints = command("index", "--data", folder.parent, "--out", folder / "i.csv", capsys=capsys)
    assert code == 1
    table = folder / "labels.csv"
    assert [line.partition("; ")[0] for line in complaints] == [
        f"{table}, line 2: label 'covd' of 'a.png' is not known",
        f"{table}, line 3: there is no 'gone.png' in {folder}",
        f"{table}, line 4: view 'sideways' of '2020/b.jpg' is not known",
        f"{table}, line 5: age 'old' of 'deep.png' is not known",
        f"{table}, line 6: sex 'x' of 'c.dcm' is not known",
        f"{table}, line 7: box '1 2 3' of 'd' is not four numbers",
        f"{table}, line 8: box '900 10 20 20' of 'unlabelled.png' does not lie on the film, which has 320 x 400 pixels",
    ]
    assert all("; allowed " in line or "; write " in line for line in complaints)
    assert all(line.endswith(".") for line in complaints)
    films = index.read(folder / "i.csv")
    own = films[films["source"] == "ward"]
    assert len(own) == 6, "films whose row is at fault stay in the index, without a label"
    assert set(own["rejected"]) == {"no label"}
    assert set(films["source"]) == {"ward", *sources.ADAPTERS}
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("ward")] == ["1"]  # listed, not here


def test_own_films_that_cannot_be_read_are_named(folder, capsys):
    (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[:500])
    code, _, complaints = command("index", "--data", folder.parent, "--out", folder / "i.csv", capsys=capsys)
    assert code == 1
    assert len(complaints) == 1
    assert complaints[0].startswith(f"{folder}/a.png: unreadable: is damaged or cut off")


def test_a_negative_test_is_not_taken_for_a_healthy_film(folder, capsys):
    (folder / "labels.csv").write_text("path,label\na.png,positive\n2020/b.jpg,negative\n")
    code, _, complaints = command("index", "--data", folder.parent, "--out", folder / "i.csv", capsys=capsys)
    assert (code, len(complaints)) == (0, 1)
    assert "'negative' is read as a negative test" in complaints[0]
    assert index.read(folder / "i.csv").set_index("path").loc["ward/2020/b.jpg", "label"] == "other"


def test_a_table_that_cannot_be_read_is_wrong_usage(folder, capsys):
    (folder / "labels.csv").write_bytes(b"path;name\n")
    code, _, complaints = command("index", "--data", folder.parent, "--out", folder / "i.csv", capsys=capsys)
    assert code == 2
    assert complaints[-1].startswith(
        f"{folder}/labels.csv: its first line has the columns 'path', 'name' and lacks 'label'"
    )
    assert not (folder / "i.csv").exists()


def test_boxes_are_of_the_upright_film(tmp_path):
    turned = Image.fromarray(draw_person(80, 320, 400))  # stored lying, upright it is 320 wide and 400 high
    exif = Image.Exif()
    exif[own_films.ORIENTATION] = 6
    turned.save(tmp_path / "a.jpg", exif=exif)
    (tmp_path / "labels.csv").write_text("path,label,boxes\na.jpg,covid,0 200 160 200\n")
    (film,) = own_films.read(tmp_path).films
    assert boxes.from_text(film.boxes).tolist() == [[0.5, 0, 1, 0.5]]


def test_what_is_passed_over_is_named(folder, capsys):
    data = folder.parent
    save(draw_person(90), data / "holiday/beach.png")
    (data / ".cache").mkdir()
    (data / "README.md").write_text("notes")
    (data / "labels.csv").write_text("path,label\n")
    code, _, complaints = command("index", "--data", data, "--out", folder / "i.csv", capsys=capsys)
    assert code == 0
    known = f"allowed are {', '.join(sources.ADAPTERS)} and folders with 'labels.csv' in them"
    assert complaints == [
        f"{data}/holiday: is not a known collection, so it is not read; {known}; write one or move it.",
        f"{data}/labels.csv: lies beside the collections, so it is not read; {known}; move it into its own.",
    ]
    _, out, _ = command("data", "--data", data, capsys=capsys)
    assert "\nward/\n  here:    6 films, 4 of them labelled frontal films" in out
    assert "holiday: is not a known collection" in out
