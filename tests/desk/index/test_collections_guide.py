from types import SimpleNamespace

from tests.support.drawn_collections import write_collections
from tests.support.drawn_people import draw_person, save
from train.index import collections_guide


def test_everything_missing_says_where_to_get_it(tmp_path, capsys):
    assert collections_guide.run(SimpleNamespace(data=tmp_path)) == 1
    said = capsys.readouterr().out
    assert said.count("here:    missing: there is no folder") == 6
    for url in (
        "github.com/ieee8023/covid-chestxray-dataset",
        "kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia",
        "nihcc.app.box.com/v/ChestXray-NIHCC",
        "kaggle.com/datasets/tawsifurrahman/covid19-radiography-database",
        "kaggle.com/c/siim-covid19-detection",
        "kaggle.com/competitions/unifesp-x-ray-body-part-classifier",
    ):
        assert url in said


def test_parts_of_all_will_do(tmp_path, capsys):
    assert collections_guide.run(SimpleNamespace(data=write_collections(tmp_path))) == 0
    said = capsys.readouterr().out
    assert "partial: 7 of about 950 films, 4 of them labelled frontal films; 1 rows of its table have no file" in said
    assert "partial: 3 of about 6334 films, 3 of them labelled frontal films\n" in said
    assert "partial: 3 of about 1738 films\n" in said


def test_a_collection_without_table_or_films_is_unusable(tmp_path, capsys):
    data = write_collections(tmp_path)
    (data / "covid-chestxray-dataset/metadata.csv").unlink()
    for film in (data / "chest_xray").rglob("*.jpeg"):
        film.unlink()
    save(draw_person(1), data / "chest_xray/elsewhere.jpeg")
    assert collections_guide.run(SimpleNamespace(data=data)) == 1
    said = capsys.readouterr().out
    assert "metadata.csv: is missing" in said
    assert "chest_xray holds no labelled frontal film" in said
