"""Two findings, two answers: each by its own threshold or band, whatever is said of the other."""

import itertools

import pytest

from edge_app.screening import decision, finding
from edge_app.screening.finding import CLEARED, SUSPECTED, UNSURE

THRESHOLDS = {"covid": 0.8, "pneumonia": 0.6}
BANDS = {"covid": (0.2, 0.8), "pneumonia": (0.3, 0.6)}
# The verdict on each pair of answers, COVID-19 first.
VERDICTS = {
    (SUSPECTED, SUSPECTED): "covid suspected",
    (SUSPECTED, UNSURE): "covid suspected",
    (SUSPECTED, CLEARED): "covid suspected",
    (UNSURE, SUSPECTED): "unsure: refer to a radiologist",
    (UNSURE, UNSURE): "unsure: refer to a radiologist",
    (UNSURE, CLEARED): "unsure: refer to a radiologist",
    (CLEARED, SUSPECTED): "other pneumonia suspected",
    (CLEARED, UNSURE): "unsure: refer to a radiologist",
    (CLEARED, CLEARED): "no finding suspected",
}
# A score within each answer, by label.
WITHIN = {
    "covid": {SUSPECTED: 0.9, UNSURE: 0.5, CLEARED: 0.1},
    "pneumonia": {SUSPECTED: 0.7, UNSURE: 0.4, CLEARED: 0.2},
}


def _scores(covid: float, pneumonia: float) -> dict[str, float]:
    return {"normal": 0.5, "covid": covid, "pneumonia": pneumonia}


@pytest.mark.parametrize(("covid", "pneumonia"), [*itertools.product(finding.ANSWERS, repeat=2)])
def test_each_finding_has_its_answer_and_the_verdict_follows(covid, pneumonia):
    found = finding.find(_scores(WITHIN["covid"][covid], WITHIN["pneumonia"][pneumonia]), THRESHOLDS, BANDS)
    assert {label: one.answer for label, one in found.items()} == {"covid": covid, "pneumonia": pneumonia}
    assert decision.verdict(found) == VERDICTS[covid, pneumonia]


@pytest.mark.parametrize(
    ("score", "answer"), [(0.0, CLEARED), (0.1999, CLEARED), (0.2, UNSURE), (0.7999, UNSURE), (0.8, SUSPECTED)]
)
def test_a_score_at_an_end_of_the_band_belongs_to_what_begins_there(score, answer):
    assert finding.find(_scores(score, 0.0), THRESHOLDS, BANDS)["covid"].answer == answer


def test_a_finding_tells_its_score_and_the_thresholds_used():
    found = finding.find(_scores(0.5, 0.7), THRESHOLDS, {"covid": (0.2, 0.8)})
    assert found["covid"].row() == {"answer": UNSURE, "score": 0.5, "unsure_from": 0.2, "suspected_from": 0.8}
    assert found["pneumonia"].row() == {
        "answer": SUSPECTED,
        "score": 0.7,
        "unsure_from": None,
        "suspected_from": 0.6,
    }


def test_a_model_without_a_threshold_for_pneumonia_says_nothing_of_it():
    assert list(finding.find(_scores(0.1, 1.0), {"covid": 0.5})) == ["covid"]


def test_only_a_cleared_finding_becomes_unsure():
    found = finding.find(_scores(0.1, 0.9), THRESHOLDS)
    assert found["covid"].not_cleared().answer == UNSURE
    assert found["pneumonia"].not_cleared() == found["pneumonia"]


OLD = {"verdict": "unsure: refer to a radiologist", "scores": _scores(0.5, 0.7), "corrected": None}
POINT = {"thresholds": THRESHOLDS, "band": [0.2, 0.8]}


def test_a_row_from_before_there_were_findings_gets_them_from_its_scores():
    whole = decision.with_findings(OLD, POINT)
    assert {label: one["answer"] for label, one in whole["findings"].items()} == {
        "covid": UNSURE,
        "pneumonia": SUSPECTED,
    }
    assert {**whole, "findings": None} == {**OLD, "findings": None}
    assert decision.with_findings(whole, {}) == whole


def test_an_old_row_of_a_camera_that_one_frame_made_unsure_stays_unsure():
    whole = decision.with_findings(OLD | {"scores": _scores(0.1, 0.7)}, POINT)
    assert {label: one["answer"] for label, one in whole["findings"].items()} == {
        "covid": UNSURE,
        "pneumonia": SUSPECTED,
    }


def test_an_old_row_of_a_refused_film_has_none_but_in_what_it_reads_put_right():
    put_right = {"change": "greys inverted", "verdict": "covid suspected", "scores": _scores(0.9, 0.1)}
    whole = decision.with_findings({"verdict": "refused", "scores": None, "corrected": put_right}, POINT)
    assert whole["findings"] is None
    assert whole["corrected"]["findings"]["covid"]["answer"] == SUSPECTED
    assert decision.with_findings({"verdict": None, "scores": None, "corrected": None}, POINT)["findings"] is None
