"""What a clinic gets of its own films: rows as the edge judges them, and a page that says how its site stands."""

import csv
import json
from pathlib import Path

import pytest

from edge_app.commands import cli
from edge_app.model import model_file
from tests.support.clinic import MODEL, SCORES, report_of
from tests.support.html_tags import Tags


def test_films_are_judged_as_the_edge_judges_them(good, tmp_path, capsys):
    folder, out = good
    words = ["--model", MODEL, "--operating-point", "balanced", "--csv", tmp_path / "edge.csv"]
    assert cli.main(["classify", str(folder), *map(str, words)]) == 0
    capsys.readouterr()
    with (tmp_path / "edge.csv").open() as file:
        edge = {str(Path(row["path"]).relative_to(folder)): row for row in csv.DictReader(file)}
    _, rows, _ = report_of(out)
    assert sorted(rows["path"]) == sorted(edge)
    for row in rows.itertuples():
        assert row.verdict == edge[row.path]["verdict"]
        for name in SCORES:
            assert getattr(row, name) == pytest.approx(float(edge[row.path][name]), abs=1e-6)


def test_rows_hold_what_the_table_said_and_what_the_model_says(good):
    _, out = good
    _, rows, _ = report_of(out)
    assert list(rows.columns) == ["path", "patient", "label", *SCORES, "verdict", "error"]
    assert list(rows["path"][:2]) == ["covid/0.png", "covid/1.png"]
    assert list(rows["patient"][:3]) == ["Garcia-0", "Garcia-0", "Garcia-1"]
    assert dict(rows["label"].value_counts()) == {"normal": 21, "covid": 20, "pneumonia": 8, "other": 3}
    assert not rows["error"].any()


def test_a_good_site_is_told_so_and_no_more(good):
    _, out = good
    numbers, _, html = report_of(out)
    assert numbers["points"]["balanced"]["compared"]["sensitivity"] != "lower"
    assert "misses more patients than its card says.</strong>" not in html
    assert "Do not rely on it" not in html
    assert numbers["model"]["sha256"] in html
    assert numbers["model"]["contract"] == model_file.read(MODEL).card.contract
    assert "None: every film of the folder is in the table of labels and was judged." in html
    assert "Too few" not in html  # 10 patients with COVID-19


def test_a_shifted_site_is_warned(shifted):
    _, out = shifted
    numbers, _, html = report_of(out)
    compared = numbers["points"]["refer"]["compared"]
    assert compared["sensitivity"] == "lower"
    assert "<strong>here it misses more patients than its card says.</strong> Do not rely on it" in html
    assert "lower than on the card" in html
    assert "not met" in html
    assert "1 could not be read, 1 refused by the gate" in html
    assert "no lung field is to be seen" in html


def test_the_page_needs_nothing_outside_it_and_names_no_patient(good, shifted):
    for _, out in (good, shifted):
        numbers, _, html = report_of(out)
        tags = Tags(html)
        assert all(image["src"].startswith("data:image/") and image["alt"] for image in tags.all("img"))
        assert not tags.all("script") and not tags.all("link")
        for name in ("Garcia", "Nguyen", "Itoyama", "Okafor", "Lindgren"):
            assert name not in html
            assert name not in json.dumps(numbers)


def test_pictures_only_where_they_are_asked_for(good, shifted):
    (_, without), (_, with_pictures) = good, shifted
    _, _, html = report_of(without)
    assert not [image for image in Tags(html).all("img") if image["src"].startswith("data:image/png")]
    assert "There are no pictures of films in it" in html
    numbers, _, html = report_of(with_pictures)
    pictures = [image for image in Tags(html).all("img") if image["src"].startswith("data:image/png")]
    mistakes = numbers["mistakes"]
    assert len(pictures) == min(8, len(mistakes["missed"])) + min(8, len(mistakes["false_alarms"])) > 0
    assert f"Lungs and heat map of {mistakes['missed'][0]['path']}: covid" in pictures[0]["alt"]
    assert "It shows pictures of patients" in html
