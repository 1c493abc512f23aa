import pytest

from edge_app.errors import EdgeError
from tests.support.drawn_collections import (
    DRAWN_AND_REAL,
    RADIOGRAPHY,
    REAL_DATA,
    covid_row,
    write_collections,
)
from tests.support.drawn_people import draw_person, save, write_csv
from train.index.findings import label_of
from train.index.sources import list_films, read_covid_chestxray
from train.index.tables import age_in_years, films_in, read_table


def by_name(listing):
    return {film.path.rpartition("/")[2]: film for film in listing.films}


@pytest.mark.parametrize(
    ("finding", "label"),
    [
        ("COVID-19", "covid"),
        ("COVID-19, ARDS", "covid"),
        ("Pneumonia/Viral/COVID-19", "covid"),
        ("No Finding", "normal"),
        ("SARS", "pneumonia"),
        ("Mycoplasma Bacterial Pneumonia", "pneumonia"),
        ("E.Coli", "pneumonia"),
        ("Pneumonia/Fungal/Pneumocystis", "pneumonia"),
        ("Influenza", "pneumonia"),
        ("Edema|Infiltration|Pneumonia", "pneumonia"),
        ("Infiltration", "other"),
        ("Effusion|Emphysema", "other"),
        ("Tuberculosis", "other"),
        ("ARDS", ""),
        ("todo", ""),
        ("Unknown", ""),
        ("", ""),
    ],
)
def test_findings_become_labels(finding, label):
    assert label_of(finding) == label


def test_every_collection_is_read_in_its_layout(tmp_path):
    found = list_films(write_collections(tmp_path))
    covid = by_name(found["covid-chestxray-dataset"])
    assert {name: (film.label, film.rejected) for name, film in covid.items()} == {
        "one.png": ("covid", ""),
        "two.jpg": ("covid", ""),
        "three.png": ("pneumonia", ""),
        "four.png": ("normal", ""),
        "side.png": ("normal", "lateral view"),
        "slice.png": ("covid", "CT"),
        "ards.png": ("", "no label"),
    }
    assert found["covid-chestxray-dataset"].not_here == 1
    assert (covid["three.png"].view, covid["three.png"].sex, covid["three.png"].age) == ("AP Supine", "M", 65)

    children = by_name(found["chest_xray"])
    one_child = {film.patient for name, film in children.items() if name.startswith("person7_")}
    assert one_child == {"chest_xray/person7"}
    assert children["IM-0115-0001.jpeg"].patient != children["NORMAL2-IM-0115-0001.jpeg"].patient

    nih = by_name(found["nih-chest-xrays"])
    assert nih["00000061_013.png"].path == "nih-chest-xrays/images_002/images/00000061_013.png"
    assert [nih[name].label for name in sorted(nih)] == ["pneumonia", "normal", "other"]
    assert [nih[name].rejected for name in sorted(nih)] == [""] * 3
    assert nih["00000062_000.png"].finding == "Hernia"
    assert nih["00000061_012.png"].patient == nih["00000061_013.png"].patient == "nih-chest-xrays/61"

    radiography = by_name(found[RADIOGRAPHY])
    assert len(radiography) == 4, "masks are not films"
    assert (radiography["Lung_Opacity-1.png"].label, radiography["Lung_Opacity-1.png"].rejected) == ("pneumonia", "")
    assert len({film.patient for film in radiography.values()}) == 4

    unifesp = found["unifesp-body-part"].films
    assert {film.label for film in unifesp} == {""}
    assert [film.rejected for film in unifesp] == ["not a chest", "lateral view", "no label"]
    assert unifesp[0].finding == "notchest: chest; MONOCHROME1"
    assert len({film.patient for film in unifesp}) == 3


def test_a_file_listed_twice_is_one_film_of_one_person(tmp_path):
    folder = tmp_path / "covid-chestxray-dataset"
    rows = [
        covid_row("a.png", "285", "Pneumonia"),
        covid_row("b.png", "285", "Pneumonia"),
        covid_row("a.png", "339", "Pneumonia"),
        covid_row("c.png", "339", "COVID-19"),
        covid_row("d.png", "340", "COVID-19"),
        covid_row("d.png", "340", "No Finding"),
    ]
    write_csv(folder / "metadata.csv", rows)
    for name in "abcd":
        save(draw_person(1), folder / f"images/{name}.png")
    films = by_name(read_covid_chestxray(folder))
    assert len(films) == 4
    assert films["a.png"].patient == films["b.png"].patient == films["c.png"].patient
    assert films["d.png"].rejected == "label conflict"


def test_a_file_that_no_table_lists_has_no_label(tmp_path):
    data = write_collections(tmp_path)
    save(draw_person(1), data / "covid-chestxray-dataset/images/stray.png")
    save(draw_person(1), data / "nih-chest-xrays/images/stray.png")
    found = list_films(data)
    for source in ("covid-chestxray-dataset", "nih-chest-xrays"):
        stray = by_name(found[source])["stray.png"]
        assert (stray.label, stray.rejected) == ("", "no label")


def test_a_folder_without_collections_is_refused(tmp_path):
    with pytest.raises(EdgeError, match="is not a folder"):
        list_films(tmp_path / "none")
    (tmp_path / "holiday").mkdir()
    with pytest.raises(EdgeError, match=r"holds 'holiday'; a folder of films with 'labels.csv' .* is needed"):
        list_films(tmp_path)


def test_a_missing_table_names_file_and_way_out(tmp_path):
    (tmp_path / "covid-chestxray-dataset/images").mkdir(parents=True)
    with pytest.raises(EdgeError, match=r"metadata\.csv: is missing;.*python -m train data"):
        list_films(tmp_path)


def test_a_table_is_read_in_spite_of_damage(tmp_path):
    path = tmp_path / "metadata.csv"
    path.write_bytes(b"\xef\xbb\xbfname,note,\nfilm.png, a \x93wet market\x94 ,x,y\nshort.png\n\n")
    rows = read_table(path, ("name", "note"))
    assert [row["name"] for row in rows] == ["film.png", "short.png"]
    assert "wet market" in rows[0]["note"]
    assert rows[1]["note"] == ""


def test_a_table_without_the_columns_is_refused(tmp_path):
    path = tmp_path / "metadata.csv"
    for content in (b"", b"<html>404</html>", b"name,notes\n1,2\n"):
        path.write_bytes(content)
        with pytest.raises(EdgeError, match="has no column"):
            read_table(path, ("name", "note"))
    path.write_bytes(b"name,note\n" + b'1,"' + b"x" * 200_000)
    with pytest.raises(EdgeError, match="cannot be read as a table"):
        read_table(path, ("name", "note"))


def test_what_systems_leave_in_folders_is_no_film(tmp_path):
    for name in ("b.png", "a.JPG", ".DS_Store", "._a.JPG", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in films_in(tmp_path)] == ["a.JPG", "b.png"]


@pytest.mark.parametrize(
    ("text", "age"),
    [("65", 65), ("65.0", 65), ("058Y", 58), ("006M", 0.5), ("414", None), ("", None), ("n/a", None)],
)
def test_ages(text, age):
    assert age_in_years(text) == age


@pytest.mark.parametrize("collections", DRAWN_AND_REAL)
def test_every_film_of_the_collections_is_listed_with_its_label(collections, tmp_path):
    data = REAL_DATA if collections == "real" else write_collections(tmp_path)
    found = list_films(data)
    covid = found["covid-chestxray-dataset"]
    # Parts of the collections are published here, and the parts grow: every picture that is there must be listed.
    assert len(covid.films) == len(films_in(data / "covid-chestxray-dataset" / "images"))
    assert {film.rejected for film in covid.films} == {"", "CT", "lateral view", "no label"}
    labels = {source: {film.label for film in listing.films} - {""} for source, listing in found.items()}
    every = {"normal", "covid", "pneumonia", "indeterminate"}
    assert labels == {
        "covid-chestxray-dataset": {"normal", "covid", "pneumonia"} | ({"other"} if collections == "real" else set()),
        "chest_xray": {"normal", "pneumonia"},
        "nih-chest-xrays": {"normal", "pneumonia", "other"},
        RADIOGRAPHY: {"normal", "covid", "pneumonia"},
        "siim-covid19-detection": every if collections == "real" else every - {"pneumonia"},
        "unifesp-body-part": set(),
    }
