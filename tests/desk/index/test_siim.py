import numpy as np
import pytest

from edge_app.errors import EdgeError
from tests.support import drawn_siim
from tests.support.drawn_collections import RADIOGRAPHY, REAL_DATA
from tests.support.drawn_people import draw_person, save, write_csv
from tests.support.treatments import squash
from train.index import boxes, index, siim

SOURCE = "siim-covid19-detection"


def overlap(folder, *pairs):
    columns = ("siim_image_id", "radiography_film", "correlation")
    write_csv(folder / siim.OVERLAP, [dict(zip(columns, pair, strict=True)) for pair in pairs])


@pytest.mark.parametrize("dicom", [False, True])
def test_both_layouts_say_the_same_of_a_film(tmp_path, dicom):
    listing = siim.read(drawn_siim.write(tmp_path / SOURCE, dicom=dicom))
    films = {film.path.rpartition("/")[2].partition(".")[0]: film for film in listing.films}
    assert [(films[name].label, films[name].appearance) for name in ("aa", "bb", "cc")] == [
        ("covid", "typical"),
        ("normal", "negative"),
        ("indeterminate", "indeterminate"),
    ]
    assert [films[name].patient for name in ("aa", "bb", "cc")] == [
        f"{SOURCE}/{name}" for name in ("ann", "bob", "bob")
    ]
    assert {film.machine for film in listing.films} == {"400x480"}
    assert films["aa"].boxes == "0.00000 0.50000 0.10000 1.00000;0.20000 0.10000 0.50000 0.30000"
    assert films["bb"].boxes == ""
    assert films["aa"].finding == "Typical Appearance"
    assert {film.sex for film in listing.films} == ({"F"} if dicom else {""})
    assert listing.not_here == 0


def test_a_row_without_a_size_has_neither_machine_nor_boxes(tmp_path):
    folder = drawn_siim.write(tmp_path / SOURCE)
    meta = (folder / siim.META).read_text()
    (folder / siim.META).write_text(meta.replace("aa,ann,study1,400,480", "aa,ann,study1,,"))
    films = siim.read(folder).films
    assert (films[0].machine, films[0].boxes, films[0].label) == ("", "", "covid")
    assert films[1].machine == "400x480"


def test_films_that_no_table_lists_and_rows_without_a_film_are_counted(tmp_path):
    folder = drawn_siim.write(tmp_path / SOURCE)
    (folder / "train/aa.jpg").rename(folder / "train/stray.jpg")
    listing = siim.read(folder)
    assert listing.not_here == 1
    assert [(film.path, film.rejected) for film in listing.films if film.rejected] == [
        (f"{SOURCE}/train/stray.jpg", "no label")
    ]


def test_a_study_of_two_classes_is_refused(tmp_path):
    folder = drawn_siim.write(tmp_path / SOURCE)
    studies = (folder / siim.STUDIES).read_text()
    (folder / siim.STUDIES).write_text(studies.replace("study2_study,1,0,0,0", "study2_study,1,1,0,0"))
    with pytest.raises(
        EdgeError, match=r"train_study_level\.csv: study 'study2_study' is of 2 classes; each is of one;"
    ):
        siim.read(folder)


def test_radiologists_decide_what_the_copy_in_the_radiography_set_teaches(tmp_path):
    folder = drawn_siim.write(tmp_path / SOURCE)
    # bb is negative and published as COVID-19 in the other set; aa is typical there too; cc shows somebody else.
    for seed, name in ((41, "COVID-1"), (40, "COVID-2"), (70, "COVID-3")):
        film = draw_person(seed, drawn_siim.HEIGHT, drawn_siim.WIDTH)
        save(squash(film, 299), tmp_path / RADIOGRAPHY / f"COVID/images/{name}.png")
    copies = [f"{RADIOGRAPHY}/COVID/images/COVID-{number}.png" for number in (1, 2, 3)]
    overlap(folder, ("bb", copies[0], "0.9999"), ("aa", copies[1], "1.0"), ("cc", copies[2], "0.9531"))
    table = index.build(tmp_path)[0].set_index("path")
    assert table.loc[copies, "label"].tolist() == ["normal", "covid", "covid"]
    assert table.loc[copies, "appearance"].tolist() == ["negative", "typical", ""]
    assert set(table["rejected"]) == {""}
    for copy, image in zip(copies[:2], ("bb", "aa"), strict=True):
        assert table.loc[copy, "group"] == table.loc[f"{SOURCE}/train/{image}.jpg", "group"]
        assert table.loc[copy, "split"] == table.loc[f"{SOURCE}/train/{image}.jpg", "split"]
    assert table.loc[copies[2], "group"] == copies[2]


def test_the_overlap_joins_films_that_look_too_different_to_be_found(tmp_path):
    folder = drawn_siim.write(tmp_path / SOURCE)
    other = f"{RADIOGRAPHY}/COVID/images/COVID-1.png"
    save(draw_person(71, 299, 299), tmp_path / other)
    overlap(folder, ("bb", other, "0.99"), ("none", other, "1.0"))
    table = index.build(tmp_path)[0].set_index("path")
    assert (table.loc[other, "label"], table.loc[other, "appearance"]) == ("normal", "negative")
    assert table.loc[other, "group"] == table.loc[f"{SOURCE}/train/bb.jpg", "group"]


@pytest.mark.skipif(not (REAL_DATA / SOURCE).is_dir(), reason="no collections beside the repository")
def test_the_published_boxes_lie_on_their_films():
    films = siim.read(REAL_DATA / SOURCE).films
    rows = siim.read_table(REAL_DATA / SOURCE / siim.IMAGES, ("id", "label"))
    assert sum(bool(film.boxes) for film in films) == sum(row["label"].startswith("opacity") for row in rows) > 0
    shares = np.concatenate([boxes.from_text(film.boxes) for film in films])
    assert (shares >= 0).all() and (shares <= 1).all()
    assert (shares[:, 2:] > shares[:, :2]).all()
    # Opacities lie in lungs: on the average in the middle of the film, a little above its centre or below.
    centre = (shares[:, :2] + shares[:, 2:]).mean(axis=0) / 2
    assert np.abs(centre - 0.5).max() < 0.1
