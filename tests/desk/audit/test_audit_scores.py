"""What the audit counts in the scores of films: by source, by subgroup, between films of a patient, and mistakes."""

import cv2
import numpy as np
import pandas as pd
import pytest

from edge_app.screening import decision
from tests.support.films import draw_film
from train.audit import burnt_in, groups, leave_one_source_out, mistakes, sources, stability
from train.reporting.page import Page

LABELS = ("normal", "covid", "pneumonia")


def table(*rows):
    """Scores of films: (source, label, score_covid), each of a patient of its own, the other scores 0.1."""
    films = pd.DataFrame(rows, columns=["source", "label", "score_covid"])
    films["path"] = films["group"] = [f"p{i}" for i in range(len(films))]
    return films.assign(score_normal=0.1, score_pneumonia=0.1)


def test_within_a_source_means_against_films_of_that_source():
    """Pooled, the sources help: 'b' holds no COVID-19 and low scores. Within 'a' the order is wrong."""
    films = table(
        ("a", "covid", 0.7), ("a", "covid", 0.8), ("a", "normal", 0.9), ("b", "normal", 0.1), ("b", "pneumonia", 0.2)
    )
    found = sources.measure(films, LABELS, {"covid": 0.5, "pneumonia": 0.5})
    assert found["sources"]["a"]["auc"]["value"] == 0.0
    assert found["all"]["auc"]["value"] == pytest.approx(4 / 6)
    assert found["sources"]["b"]["auc"] is None
    assert found["across"] == {"a": {"a": found["across"]["a"]["a"], "b": found["across"]["a"]["b"]}}
    assert [found["across"]["a"][other]["value"] for other in "ab"] == [0.0, 1.0]
    assert found["sources"]["b"]["specificity"]["value"] == 1.0
    assert found["confusion"]["a"]["normal"] == {decision.COVID: 1, decision.PNEUMONIA: 0, decision.NORMAL: 0}
    assert set(found["curves"]) == {"all sources", "a"}


def test_the_mean_over_left_out_sources_asks_each_what_it_can_answer():
    films = table(
        *[("a", "covid", 0.9), ("a", "normal", 0.1)] * 4,
        *[("b", "covid", 0.4), ("b", "normal", 0.6)] * 4,
        *[("c", "pneumonia", 0.7), ("c", "normal", 0.2)] * 4,
    )
    films["score_pneumonia"] = 0.5  # no order at all within 'c'
    found = leave_one_source_out.measure(films, 0.5)
    assert [found["sources"][name]["auc"]["value"] for name in "abc"] == [1.0, 0.0, 0.5]
    assert [found["sources"][name]["asked"] for name in "abc"] == ["covid", "covid", "pneumonia"]
    assert found["sources"]["c"]["specificity"]["value"] == 0.5
    assert found["macro"]["value"] == pytest.approx(0.5)
    assert found["macro_covid"]["value"] == pytest.approx(0.5)
    no_pneumonia = leave_one_source_out.measure(films.drop(columns="score_pneumonia"), 0.5)
    assert no_pneumonia["sources"]["c"]["auc"] is None
    assert no_pneumonia["macro"] == no_pneumonia["macro_covid"]


def test_subgroups_are_those_the_index_knows():
    films = pd.DataFrame(
        {
            "source": ["chest_xray", "nih", "nih", "nih"],
            "view": ["", "PA", "AP Supine", ""],
            "sex": ["", "F", "M", ""],
            "age": [np.nan, 17.0, 18.0, 80.0],
            "machine": ["", "", "9x9", "9x9"],
            "appearance": ["", "", "typical", "negative"],
            "width": [100, 640, 320, 460],
            "height": [90, 512, 320, 600],
        }
    )
    assert groups.children(films).tolist() == [True, True, False, False]
    found = groups.columns(films, np.array(["", "yes", "no", "no"], dtype=object))
    assert found["child or adult"].tolist() == ["child", "child", "adult", "adult"]
    assert found["age of adults"].tolist() == ["", "", "18 to 39", "80 and more"]
    assert found["sex"].tolist() == ["", "female", "male", ""]
    assert found["longest side"].tolist() == ["up to 250", "621 and more", "251 to 450", "451 to 620"]
    scores = table(("nih", "covid", 0.9), ("nih", "normal", 0.2), ("nih", "normal", 0.8), ("nih", "covid", 0.1))
    measured = groups.measure(scores, found, 0.5)
    assert measured["view"]["PA"]["n"] == 1
    assert measured["view"]["PA"]["specificity"]["value"] == 1.0
    assert set(measured["sex"]) == {"female", "male"}


@pytest.mark.parametrize(("word", "expected"), [("PORTABLE", True), ("SUPINE AP", True), ("R", False), ("", False)])
def test_words_burnt_into_a_film_are_seen_and_a_letter_is_no_word(word, expected):
    film = draw_film(3, 600, 520)
    cv2.putText(film, word, (30, 50), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    assert burnt_in.has_words(film) is expected


def test_changes_keep_a_film_a_film():
    film = draw_film(1, 64, 64)
    for name, change in stability.CHANGES.items():
        changed = change(film)
        assert changed.shape == film.shape and changed.dtype == np.uint8, name
        assert 0 < np.abs(changed.astype(int) - film).mean() < 40, name
    square = np.zeros((100, 100), np.uint8)
    square[40:60, 40:60] = 255
    assert np.array_equal(stability.CHANGES["shifted right by 4 %"](square), np.roll(square, 4, axis=1))
    assert np.array_equal(stability.CHANGES["shifted down by 4 %"](square), np.roll(square, 4, axis=0))


def test_films_of_one_patient_are_paired_within_source_and_label():
    films = table(
        ("a", "covid", 0.9), ("a", "covid", 0.8), ("a", "covid", 0.2), ("a", "normal", 0.1), ("b", "covid", 0.5)
    ).assign(patient=["x", "x", "y", "x", "z"], group=["x", "x", "y", "x", "z"])
    found = stability.between_films(films, 0.5)
    assert set(found) == {"a"}
    assert (found["a"]["patients"], found["a"]["pairs"]) == (1, 1)
    assert found["a"]["same"]["difference"]["value"] == pytest.approx(0.1)
    assert found["a"]["same"]["turned"]["value"] == 0.0
    assert found["a"]["different"]["difference"]["value"] == pytest.approx((0.7 + 0.6) / 2)
    assert found["a"]["different"]["turned"]["value"] == 1.0


def test_only_wrong_verdicts_are_mistakes():
    films = table(("a", "covid", 0.9), ("a", "covid", 0.2), ("a", "normal", 0.7), ("a", "pneumonia", 0.1))
    found = mistakes.measure(films, 0.5)
    assert [film["path"] for film in found["missed"]] == ["p1"]
    assert [film["path"] for film in found["false alarms"]] == ["p2"]


def test_of_one_source_the_chapter_speaks_of_no_other():
    films = table(("a", "covid", 0.7), ("a", "normal", 0.3), ("a", "pneumonia", 0.4), ("a", "covid", 0.9))
    both = pd.concat([films, films.assign(source="b")])
    for shown, rows in ((films, 1), (both, 3)):
        found = sources.measure(shown, LABELS, {"covid": 0.5, "pneumonia": 0.5})
        report = Page("sources")
        sources.show(report, found, None, "a", "missing")
        of_sources = next(block for block in report.sections[0].blocks if block["kind"] == "table")
        assert len(of_sources["rows"]) == rows
        assert ("all sources" in report.html()) is ("Within and across" in report.html()) is (rows > 1)
