"""Every figure of a clinic's report, worked out again from its rows."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sk

from tests.support.clinic import report_of


def _exact(hits) -> dict:
    """Return a share with its Clopper-Pearson interval by scipy's own hand."""
    found = stats.binomtest(int(np.sum(hits)), len(hits)).proportion_ci(0.95, "exact")
    return {"value": np.mean(hits), "low": found.low, "high": found.high, "n": len(hits)}


def _points_are_those_of(numbers: dict, scores: np.ndarray, ill: np.ndarray) -> None:
    for rule, low, high in (("refer", 0.2, 0.8), ("sensitive", 0.3, 0.3), ("balanced", 0.5, 0.5)):
        point = numbers["points"][rule]
        assert point["limits"] == [low, high]
        assert point["local"]["sensitivity"] == pytest.approx(_exact(scores[ill] >= low))
        assert point["local"]["specificity"] == pytest.approx(_exact(scores[~ill] < low))
        assert ("referred" in point["local"]) == (rule == "refer")
    refer = numbers["points"]["refer"]["local"]
    assert refer["suspected_sensitivity"] == pytest.approx(_exact(scores[ill] >= 0.8))
    assert refer["suspected_specificity"] == pytest.approx(_exact(scores[~ill] < 0.8))
    assert refer["referred"] == pytest.approx(_exact((scores >= 0.2) & (scores < 0.8)))
    worth = numbers["predictive"]["local"]
    assert worth["prevalence"] == pytest.approx(30 / 70)
    assert worth["ppv"] == pytest.approx(_exact(ill[scores >= 0.8]))
    assert worth["npv"] == pytest.approx(_exact(~ill[scores < 0.2]))


def _order_and_calibration_are_those_of(numbers: dict, scores: np.ndarray, ill: np.ndarray) -> None:
    assert numbers["auc"]["local"]["value"] == pytest.approx(sk.roc_auc_score(ill, scores))
    assert numbers["auc"]["local"]["low"] < numbers["auc"]["local"]["value"] < numbers["auc"]["local"]["high"]
    assert numbers["calibration"]["brier"]["value"] == pytest.approx(np.mean((scores - ill) ** 2))
    bins = np.minimum((scores * 15).astype(int), 14)
    ece = sum(abs((scores - ill)[bins == one].sum()) for one in set(bins)) / len(scores)
    assert numbers["calibration"]["ece"]["value"] == pytest.approx(ece)


def _mistakes_are_those_of(mistakes: dict, seen: pd.DataFrame, scores: np.ndarray, ill: np.ndarray) -> None:
    missed = seen[ill & (scores < 0.2)].sort_values("score_covid", kind="stable")
    assert [film["path"] for film in mistakes["missed"]] == list(missed["path"])
    assert mistakes["patients_missed_on_all_films"] == len(missed)
    assert sorted(film["path"] for film in mistakes["false_alarms"]) == sorted(seen.loc[~ill & (scores >= 0.8), "path"])


def test_numbers_are_those_of_the_rows(shifted):
    _, out = shifted
    numbers, rows, _ = report_of(out)
    seen = rows[rows["verdict"] != ""]
    scores, ill = seen["score_covid"].to_numpy(), (seen["label"] == "covid").to_numpy()
    assert numbers["films"]["judged"] == 70
    assert numbers["films"]["covid"] == numbers["films"]["covid_patients"] == 30
    _points_are_those_of(numbers, scores, ill)
    _order_and_calibration_are_those_of(numbers, scores, ill)
    assert numbers["refused"] == {
        "covid": 1,
        "others": 1,
        "sensitivity_if_missed": pytest.approx((scores[ill] >= 0.2).sum() / 31),
    }
    _mistakes_are_those_of(numbers["mistakes"], seen, scores, ill)
    verdicts = seen[seen["label"] == "pneumonia"]["verdict"].value_counts()
    assert {word: count for word, count in numbers["verdicts"]["pneumonia"].items() if count} == dict(verdicts)


def test_intervals_are_over_patients_where_patients_repeat(good):
    _, out = good
    numbers, rows, _ = report_of(out)
    others = rows[rows["label"] != "covid"]
    cleared = (others["score_covid"] < 0.5).to_numpy()
    found = numbers["points"]["balanced"]["local"]["specificity"]
    assert found["value"] == pytest.approx(cleared.mean())
    if cleared.all():  # every sample says the same: exact, for as many trials as patients (7 + 1 + 8 + 3)
        assert found["low"] == pytest.approx(0.025 ** (1 / 19))
    # Predictive values at the stated share come from sensitivity and specificity.
    here, stated = numbers["points"]["balanced"]["local"], numbers["predictive"]["stated"]
    found, alarmed = here["sensitivity"]["value"] * 0.1, (1 - here["specificity"]["value"]) * 0.9
    assert stated["prevalence"] == 0.1
    assert stated["ppv"]["value"] == pytest.approx(found / (found + alarmed))
