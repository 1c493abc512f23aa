import subprocess
import sys
from pathlib import Path

import pytest

from edge_app.errors import EdgeError
from tests.support.drawn_collections import (
    DRAWN_AND_REAL,
    RADIOGRAPHY,
    REAL_DATA,
    write_collections,
    write_many,
)
from tests.support.drawn_people import draw_person, save
from tests.support.treatments import TREATMENTS
from train.index import index, index_report


@pytest.fixture
def data(tmp_path):
    return write_collections(tmp_path / "data")


def rows(table):
    return table.set_index("path")


def command(*arguments):
    root = Path(__file__).resolve().parents[3]
    return subprocess.run(
        [sys.executable, "-m", "train", *map(str, arguments)], cwd=root, capture_output=True, text=True, check=False
    )


def test_the_command_writes_prints_and_repeats_itself(data, tmp_path):
    first = command("index", "--data", data, "--out", tmp_path / "one.csv")
    assert first.returncode == 0, first.stderr
    assert "listed, not here" in first.stdout
    assert "near-duplicate groups across sources: 0" in first.stdout
    command("index", "--data", data, "--out", tmp_path / "one.csv")
    index.write(index.build(data)[0], tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert index.sha256(tmp_path / "one.csv") in first.stdout


def test_one_row_a_film_with_stable_types(data, tmp_path):
    built, not_here = index.build(data)
    index.write(built, tmp_path / "index.csv")
    table = index.read(tmp_path / "index.csv")
    assert list(table.columns) == list(index.COLUMNS)
    assert len(table) == 24
    assert table["path"].is_monotonic_increasing
    assert not_here["covid-chestxray-dataset"] == 1
    text = table.drop(columns=list(index.NUMBERS))
    assert all(isinstance(value, str) for value in text.to_numpy().ravel())
    assert {name: str(table[name].dtype) for name in index.NUMBERS} == index.NUMBERS
    film = rows(table).loc["covid-chestxray-dataset/images/one.png"]
    assert (film["width"], film["height"], film["age"], film["label"]) == (200, 240, 65.0, "covid")
    assert len(film["sha256"]) == 64
    assert len(film["phash"]) == 16
    used = table[table["rejected"] == ""]
    assert set(used["split"]) <= {"train", "val", "test"}
    assert "" not in set(used["split"])
    assert set(table[table["rejected"] != ""]["split"]) == {""}
    assert (used.groupby("group")["split"].nunique() == 1).all()


def test_unreadable_films_stay_in_the_index_with_the_reason(data):
    folder = data / RADIOGRAPHY / "COVID/images"
    whole = (folder / "COVID-1.png").read_bytes()
    (folder / "empty.png").write_bytes(b"")
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("not a film")
    save(draw_person(1) // 255, folder / "blank.png")
    table = rows(index.build(data)[0])
    for name in ("empty.png", "half.png", "text.png", "blank.png"):
        film = table.loc[f"{RADIOGRAPHY}/COVID/images/{name}"]
        assert film["rejected"].startswith("unreadable: "), film["rejected"]
        assert str(data) not in film["rejected"]
        assert (film["width"], film["phash"], film["split"]) == (0, "", "")
    assert table.loc[f"{RADIOGRAPHY}/COVID/images/COVID-1.png", "rejected"] == ""


def test_a_copy_is_rejected_and_names_the_original(data):
    folder = data / RADIOGRAPHY / "COVID/images"
    (folder / "copy.png").write_bytes((folder / "COVID-1.png").read_bytes())
    table = rows(index.build(data)[0])
    original = f"{RADIOGRAPHY}/COVID/images/COVID-1.png"
    assert table.loc[original, "rejected"] == ""
    assert table.loc[f"{RADIOGRAPHY}/COVID/images/copy.png", "rejected"] == f"exact copy of {original}"


@pytest.mark.parametrize("treatment", [None, "all of it"])
def test_one_picture_with_two_labels_is_rejected_twice(data, treatment):
    film = draw_person(30, 299, 299)
    other = data / RADIOGRAPHY / "Normal/images/again.png"
    save(TREATMENTS[treatment](film) if treatment else film, other)
    table = rows(index.build(data)[0])
    for path in (f"{RADIOGRAPHY}/COVID/images/COVID-1.png", f"{RADIOGRAPHY}/Normal/images/again.png"):
        assert table.loc[path, "rejected"] == "label conflict"
        assert table.loc[path, "split"] == ""
    assert (table["rejected"] == "label conflict").sum() == 2


def test_a_near_duplicate_of_one_label_joins_the_group_across_sources(data):
    save(TREATMENTS["all of it"](draw_person(0)), data / RADIOGRAPHY / "COVID/images/again.png")
    table, not_here = index.build(data)
    again, first = (
        rows(table).loc[path]
        for path in (f"{RADIOGRAPHY}/COVID/images/again.png", "covid-chestxray-dataset/images/one.png")
    )
    assert (again["rejected"], first["rejected"]) == ("", "")
    assert again["group"] == first["group"]
    assert again["split"] == first["split"]
    assert "near-duplicate groups across sources: 1" in index_report.describe(table, not_here)


def test_films_keep_their_split_when_others_join_and_when_renamed(data, tmp_path):
    before, _ = index.build(data)
    # Turned by hand: what the index says counts, not what the hash says.
    turn = {"train": "test", "val": "train", "test": "val", "": ""}
    before["split"] = before["split"].map(turn)
    images = data / "covid-chestxray-dataset/images"
    save(draw_person(70), data / RADIOGRAPHY / "COVID/images/COVID-0.png")
    save(TREATMENTS["cropped"](draw_person(0)), data / RADIOGRAPHY / "COVID/images/again.png")
    normal = data / RADIOGRAPHY / "Normal/images"
    (normal / "Normal-1.png").rename(normal / "Normal-2.png")
    after, _ = index.build(data, before)
    sides = dict(zip(after["sha256"], after["split"], strict=True))
    assert all(sides[sha] == side for sha, side in zip(before["sha256"], before["split"], strict=True))
    kept = rows(after)
    first = kept.loc[f"covid-chestxray-dataset/images/{(images / 'one.png').name}", "split"]
    assert kept.loc[f"{RADIOGRAPHY}/COVID/images/again.png", "split"] == first


def test_an_index_of_before_is_read_and_remembered(data, tmp_path):
    before, _ = index.build(data)
    before["split"] = before["split"].replace({"train": "test", "test": "train"})
    index.write(before.drop(columns=list(index.ADDED)), tmp_path / "index.csv")
    table = index.read(tmp_path / "index.csv")
    assert (table[list(index.ADDED)] == "").all(axis=None)
    assert index.build(data, table)[0]["split"].tolist() == before["split"].tolist()


def test_what_is_not_an_index_is_refused(tmp_path):
    with pytest.raises(EdgeError, match="there is no index of films; make one with"):
        index.read(tmp_path / "none.csv")
    path = tmp_path / "other.csv"
    for content in (
        "",
        "path,label\na,b\n",
        "\x00\x01",
        ",".join(index.COLUMNS) + "\n" + "x," * (len(index.COLUMNS) - 1) + "x\n",
    ):
        path.write_text(content)
        with pytest.raises(EdgeError, match=r"other\.csv: is not an index of films"):
            index.read(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EdgeError, match="is not an index of films"):
        index.read(path)


def test_the_command_does_not_overwrite_what_is_not_an_index(data, tmp_path):
    precious = tmp_path / "thesis.csv"
    precious.write_text("my,numbers\n1,2\n")
    ran = command("index", "--data", data, "--out", precious)
    assert ran.returncode == 2
    assert "is not an index of films" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert precious.read_text() == "my,numbers\n1,2\n"


def test_a_missing_data_folder_is_one_sentence(tmp_path):
    ran = command("index", "--data", tmp_path / "none", "--out", tmp_path / "index.csv")
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    assert "is not a folder" in ran.stderr


@pytest.mark.parametrize("collections", DRAWN_AND_REAL)
def test_a_part_of_the_films_is_indexed(collections, tmp_path):
    whole, part = REAL_DATA if collections == "real" else write_many(tmp_path / "whole"), tmp_path / "part"
    for kind in ("chest_xray/val/NORMAL", f"{RADIOGRAPHY}/COVID/images"):
        (part / kind).mkdir(parents=True)
        for film in sorted((whole / kind).iterdir())[:25]:
            (part / kind / film.name).write_bytes(film.read_bytes())
    table, _ = index.build(part)
    assert len(table) == 50
    assert not table["rejected"].str.startswith("unreadable").any()
    assert set(table["label"]) == {"covid", "normal"}
