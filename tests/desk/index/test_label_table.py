import pytest

from train.index import label_table


def labels_of(tmp_path, *words):
    lines = [f"{at}.png,{word}" for at, word in enumerate(words)]
    for at in range(len(words)):
        (tmp_path / f"{at}.png").touch()
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *lines]))
    table = label_table.read(tmp_path / "labels.csv", tmp_path)
    return [(row.label, row.appearance) for row in table.rows], table.tested


def test_what_a_radiologist_sees_is_kept_beside_the_label(tmp_path):
    words = ("negative", "Typical", "indeterminate", "atypical", "covid", "normal")
    assert labels_of(tmp_path, *words) == (
        [
            ("normal", "negative"),
            ("covid", "typical"),
            ("indeterminate", "indeterminate"),
            ("pneumonia", "atypical"),
            ("covid", ""),
            ("normal", ""),
        ],
        False,
    )


@pytest.mark.parametrize("ill", ["positive", "COVID-19", "pneumonia"])
def test_negative_beside_diseases_is_a_test_and_no_healthy_film(tmp_path, ill):
    found, tested = labels_of(tmp_path, ill, "negative")
    assert found[1] == ("other", "")
    assert tested


def test_two_appearances_of_one_film_contradict_each_other(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "labels.csv").write_text("path,label\na.png,typical\na.png,covid\n")
    (row,) = label_table.read(tmp_path / "labels.csv", tmp_path).rows
    assert row.error.startswith(
        f"{tmp_path}/labels.csv, line 3: 'a.png' has label 'covid' here and 'typical' in line 2;"
    )
