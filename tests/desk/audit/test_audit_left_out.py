"""What the audit says of films whose appearance is known, and of detectors and sources left out."""

import numpy as np
import pandas as pd
import pytest

from edge_app.screening import decision
from train.audit import appearance, audited, blackout, detectors_left_out, facts, leave_one_source_out, other_sources
from train.evaluation import answers
from train.evaluation.hospitals import Part
from train.reporting.page import Page

LABELS = ("normal", "covid", "pneumonia")
POINTS = {"covid": {"low": 0.3, "high": 0.7}, "pneumonia": {"threshold": 0.6}}


def table(*rows, **columns):
    """Scores of films: (appearance, label, score_normal, score_covid, score_pneumonia), each of its own patient."""
    names = ["appearance", "label", *(f"score_{label}" for label in LABELS)]
    films = pd.DataFrame(rows, columns=names).assign(source="a", machine="", view="", split="test")
    films["path"] = films["group"] = [f"p{i}" for i in range(len(films))]
    return films.assign(**columns)


NEGATIVE, TYPICAL = ("negative", "normal", 0.9, 0.1, 0.1), ("typical", "covid", 0.1, 0.9, 0.1)
UNSURE, ATYPICAL = ("indeterminate", "indeterminate", 0.4, 0.5, 0.5), ("atypical", "pneumonia", 0.2, 0.1, 0.8)
WRONG = ("negative", "normal", 0.1, 0.95, 0.1)
MISSED = ("typical", "covid", 0.95, 0.05, 0.05)


def test_indeterminate_films_are_of_an_opacity_and_neither_a_case_nor_a_control():
    found = appearance.measure(table(NEGATIVE, WRONG, TYPICAL, UNSURE, ATYPICAL), None, LABELS, POINTS)
    assert found["auc"][appearance.TYPICAL_NEGATIVE]["value"] == 0.5  # one negative is above, one below
    # Indeterminate, 0.6, and atypical, 0.8, lie below the wrong one, 0.9, which ties with the typical one.
    assert found["auc"][appearance.ANY_NEGATIVE]["value"] == pytest.approx((3 + 0.5) / 6)
    assert found["auc"][appearance.TYPICAL_ATYPICAL]["value"] == 1
    verdicts = found["verdicts"]
    assert [verdicts["negative"][name]["value"] for name in ("cleared", "covid", "kept")] == [0.5, 0.5, 0.5]
    assert verdicts["indeterminate"]["unsure"]["value"] == 1
    assert verdicts["atypical"]["pneumonia"]["value"] == verdicts["atypical"]["kept"]["value"] == 1
    assert verdicts["all films"]["unsure"]["value"] == pytest.approx(1 / 5) and verdicts["all films"]["n"] == 5
    assert found["out_of_fold"] is None
    assert appearance.measure(table(NEGATIVE, appearance=""), None, LABELS, POINTS) is None
    assert audited.cases_and_controls(table(NEGATIVE, UNSURE))["label"].tolist() == ["normal"]


def test_appearances_that_hold_one_class_have_no_auc():
    found = appearance.measure(table(NEGATIVE, NEGATIVE), table(NEGATIVE), LABELS, POINTS)
    assert set(found["auc"].values()) == {None} and set(found["verdicts"]) == {"negative", "all films"}
    page = Page("one class")
    appearance.show(page, found, "missing")
    appearance.show(page, None, "missing")
    assert "no test film of the sources that the run learnt from has a known appearance" in page.html()


def test_each_detector_counts_the_same_in_the_mean():
    many, few = table(*[NEGATIVE, TYPICAL] * 6), table(WRONG, MISSED, NEGATIVE, TYPICAL)
    parts = [
        Part("a/1x1", many, {"refer": POINTS}, "by trainings"),
        Part("a/2x2", few, {"refer": POINTS}, "by trainings"),
    ]
    found = detectors_left_out.measure(parts, ["a/1x1", "a/2x2", "a/3x3"], LABELS, "refer")
    assert [one["auc"]["value"] for one in found["detectors"].values()] == [1.0, 0.25]
    mean = found["mean"]
    assert mean["auc"]["value"] == pytest.approx(0.625)
    assert mean["auc"]["low"] < 0.625 < mean["auc"]["high"]
    assert mean["typical_kept"]["value"] == mean["negative_cleared"]["value"] == 0.75
    assert mean["negative_covid"]["value"] == 0.25
    assert found["missing"] == ["a/3x3"]
    page = Page("detectors")
    detectors_left_out.show(page, found, "python -m train crossfit RUN")
    detectors_left_out.show(page, detectors_left_out.measure([], [], LABELS, "refer"), "none")
    html = page.html()
    assert "a/3x3, of which no training without it is finished; run <code>python -m train crossfit RUN</code>" in html
    assert "no detector of the films that the run learnt from has enough of both kinds" in html


def test_sources_never_learnt_from_are_measured_by_view_and_without_indeterminate_films(monkeypatch):
    monkeypatch.setattr(other_sources, "LEAST_FILMS", 4)
    films = pd.concat(
        [
            table(NEGATIVE, TYPICAL, MISSED, view="PA"),
            table(NEGATIVE, WRONG, UNSURE, view="AP Supine"),
            table(NEGATIVE, ATYPICAL, source="b"),
        ]
    ).reset_index(drop=True)
    films["group"] = films["path"] = [f"q{i}" for i in range(len(films))]
    validation = table(*[NEGATIVE, TYPICAL] * 2, MISSED)
    child = np.zeros(len(films), bool)
    child[3] = True
    found = other_sources.measure(films, validation, child, LABELS, POINTS)
    views = found["a"]["views"]
    assert list(views) == ["all views", "PA", "AP"]
    assert [part["n"] for part in views.values()] == [5, 3, 2]
    assert views["all views"]["positives"] == 2
    assert views["PA"]["auc"][other_sources.COVID_NORMAL]["value"] == 0.5
    assert views["AP"]["auc"][other_sources.COVID_NORMAL] is None
    verdicts = views["all views"]["verdicts"]
    assert (verdicts["healthy adults"]["n"], verdicts["healthy children"]["n"]) == (2, 1)
    assert verdicts["healthy adults"]["covid"]["value"] == verdicts["covid"]["kept"]["value"] == 0.5
    assert found["b"]["views"]["all views"]["auc"][other_sources.PNEUMONIA_NORMAL]["value"] == 1
    assert found["b"]["calibration"]["after"] is None  # no validation film of it
    calibrated = found["a"]["calibration"]
    assert calibrated["films"] == 5 and calibrated["temperature"] > 1  # one sure score of five was wrong
    assert calibrated["after"]["value"] < calibrated["before"]["value"]
    page = Page("others")
    other_sources.show(page, found)
    other_sources.show(page, {})
    assert "the run learnt from every source of the index" in page.html()


def _numbers(**changes):
    nothing = {"detectors": {}, "missing": [], "mean": dict.fromkeys(("auc", *detectors_left_out.MEANS))}
    empty = {"appearance": None, "detectors": nothing, "other_sources": None, "localisation": None, "blackout": {}}
    return (
        empty
        | {
            "within": "a",
            "config": {"outside": "keep"},
            "source_classifier": {"this run": {}},
        }
        | changes
    )


def test_the_worst_source_counts_and_children_do_not():
    def source(cleared, n=30):
        shares = {name: {"value": cleared, "low": 0.0, "high": 1.0} for name in ("cleared", "covid", "unsure", "kept")}
        views = {"all views": {"auc": {}, "verdicts": {"healthy adults": {"n": n, **shares}}}}
        return {"views": views, "calibration": {"after": None}}

    others = {"good": source(0.8), "bad": source(0.3), "chest_xray": source(0.1), "few": source(0.0, n=19)}
    numbers = _numbers(other_sources=others)
    found = {fact.name: fact for fact in facts.of(numbers)}
    cleared, called = (
        found["Healthy adults cleared, worst source"],
        found["Healthy adults called COVID-19, worst source"],
    )
    assert (
        (cleared.value, cleared.met) == ("0.300", False) and "`bad`" in cleared.note and "`good` 0.800" in cleared.note
    )
    assert (called.value, called.met) == ("0.800", False)
    assert "chest_xray" not in cleared.note and "few" not in cleared.note


def test_facts_of_nothing_say_so_and_keep_their_aims():
    found = list(facts.of(_numbers()))
    assert {fact.value for fact in found} == {"not measured"} and {fact.met for fact in found} == {None}
    without_an_aim = [fact.name for fact in found if not fact.target]
    assert without_an_aim == ["COVID-19 suspected or unsure, worst source"]


def test_facts_are_held_against_their_aims():
    figure = {"value": 0.87, "low": 0.8, "high": 0.9}
    auc = {appearance.TYPICAL_NEGATIVE: figure, appearance.ANY_NEGATIVE: figure}
    boxes = {"films": 9, "random_place": 0.2, "best_fixed_place": 0.6, "hottest_in_box": figure}
    numbers = _numbers(
        appearance={"auc": auc, "out_of_fold": auc},
        localisation=boxes | {"correlation": {"class maps": figure, "shown": None}},
        blackout={"lungs blacked out": {"typical": {"auc": figure | {"value": 0.55}}}},
        source_classifier={
            "this run": {"all": figure | {"chance": 0.25}},
            "old": {"all": figure | {"value": 0.95}},
            "ImageNet, no X-ray seen": {"all": figure},
        },
    )
    met = {fact.name: fact.met for fact in facts.of(numbers) if fact.met is not None}
    assert met == {
        "AUC, typical against negative": False,
        "AUC, any opacity against negative": True,
        "Hottest place in a radiologist's box": True,
        "Correlation of two patients' maps": False,
        "AUC with the lungs blacked out": True,
        "Source told from the embedding": True,
    }
    table = facts.table(numbers).splitlines()
    assert (
        "| AUC, typical against negative | at least 0.88 | **0.870 (0.800 to 0.900), missed** | test films; "
        in "".join(table)
    )
    assert "| Hottest place in a radiologist's box | at least 0.80 | 0.870 (0.800 to 0.900) | 9 suspected" in "".join(
        table
    )


def test_without_lungs_typical_films_are_asked_against_negative_ones():
    films = table(NEGATIVE, TYPICAL, ATYPICAL, TYPICAL)
    as_it_is = films["score_covid"].to_numpy()
    left = np.array([0.5, 0.5, 0.9, 0.5])
    found = blackout.measure(films, {blackout.AS_IT_IS: as_it_is, "lungs blacked out": left}, 0.5, "a")
    assert found["lungs blacked out"]["typical"]["auc"]["value"] == 0.5
    assert found["lungs blacked out"]["within"]["auc"]["value"] == 0.25  # the atypical one counts there
    one_class = blackout.measure(table(NEGATIVE), {blackout.AS_IT_IS: np.array([0.1])}, 0.5, "elsewhere")
    assert one_class[blackout.AS_IT_IS]["all"]["auc"] is None
    page = Page("black")
    blackout.show(page.section("black"), one_class | {"lungs blacked out": one_class[blackout.AS_IT_IS]}, "a", True)
    leave_one_source_out.show(page, None, "is missing", elsewhere=False)
    assert "is missing" in page.html()


def test_the_edge_decides():
    films = table(NEGATIVE, TYPICAL, UNSURE, ATYPICAL)
    said = [decision.NORMAL, decision.COVID, decision.UNSURE, decision.PNEUMONIA]
    assert answers.verdicts(films, LABELS, POINTS).tolist() == said
    both = table(("typical", "covid", 0.1, 0.5, 0.9))
    assert answers.verdicts(both, LABELS, POINTS).tolist() == [decision.UNSURE]
    assert answers.suspected(both, LABELS, POINTS).tolist() == [True]  # of the other finding
    assert answers.suspected(films, LABELS, POINTS).tolist() == [False, True, False, True]
    assert answers.shares(np.empty(0, object), np.empty(0, object)) is None


def test_the_table_without_lungs_has_columns_of_a_source_if_there_are_others():
    films = table(NEGATIVE, TYPICAL, ATYPICAL, TYPICAL)
    for shown, count in ((films, 5), (films.assign(source=["a", "b", "a", "a"]), 7)):
        found = blackout.measure(shown, {blackout.AS_IT_IS: shown["score_covid"].to_numpy()}, 0.5, "a")
        page = Page("black")
        blackout.show(page.section("black"), found, "a", False)
        of_parts = next(block for block in page.sections[0].blocks if block["kind"] == "table")
        assert len(of_parts["header"]) == count
        assert of_parts["rows"][0][3] == "-"  # nothing is lost of the film as it is
