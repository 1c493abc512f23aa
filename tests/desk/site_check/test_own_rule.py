"""What a site's films may change of an operating point: cases worked by hand, and films of a known distribution."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from edge_app.model import model_file, site_calibration
from edge_app.model.card import RULES
from train.evaluation import operating_points
from train.site_check import few_patients, own_rule, own_temperature
from train.training import calibrate

MODEL = Path(__file__).parents[2] / "golden" / "tiny-int8.tflite"
CARD = model_file.read(MODEL).card  # refer: COVID-19 unsure from 0.2, suspected from 0.8; pneumonia from 0.5


def films(covid, normal, pneumonia=(), score_pneumonia=0.1) -> pd.DataFrame:
    """Return rows as `numbers.table` gives them, each film another patient's, of scores of COVID-19."""
    rows = [
        {"label": label, "score_covid": float(score), "score_pneumonia": score_pneumonia, "score_normal": 0.5}
        for label, scores in (("covid", covid), ("normal", normal), ("pneumonia", pneumonia))
        for score in scores
    ]
    return pd.DataFrame(rows).assign(group=[f"film {at}" for at in range(len(rows))], verdict="x")


def covid(rows, rule="refer") -> dict:
    """Return what the films make of the thresholds of COVID-19."""
    return own_rule.measure(rows, CARD, rule)["findings"]["covid"]


def moves(found) -> tuple[str, str]:
    """Return how both thresholds moved."""
    return found["moves"]["unsure_from"]["move"], found["moves"]["suspected_from"]["move"]


def test_seventy_two_patients_none_of_whom_is_missed_may_raise_it():
    normal = np.linspace(0, 0.55, 100)
    found = covid(films(np.linspace(0.6, 0.9, 72), normal))
    assert moves(found) == ("raised", "lowered")
    assert found["unsure_from"] == found["suspected_from"] == pytest.approx(0.575, abs=0.01)
    assert found["support"]["low"] == pytest.approx(site_calibration.most_proven(72))
    assert found["support"]["low"] >= 0.95


def test_one_patient_fewer_may_not_although_the_scores_would_allow_it():
    found = covid(films(np.linspace(0.6, 0.9, 71), np.linspace(0, 0.55, 100)))
    assert found["unsure_from"] == 0.2
    assert found["moves"]["unsure_from"]["move"] == "kept"
    assert "71 patients are too few to prove" in found["moves"]["unsure_from"]["why"]
    assert found["suspected_from"] < 0.8  # the side of those without COVID-19 may move


def test_films_of_one_patient_prove_no_more_than_one():
    rows = films(np.repeat(np.linspace(0.6, 0.9, 40), 5), np.linspace(0, 0.55, 100))
    rows.loc[rows["label"] == "covid", "group"] = [f"patient {at // 5}" for at in range(200)]
    assert covid(rows)["moves"]["unsure_from"]["move"] == "kept"


def test_a_rule_that_misses_too_many_here_is_lowered():
    scores = np.concatenate([np.linspace(0.05, 0.15, 10), np.linspace(0.5, 0.9, 30)])
    found = covid(films(scores, np.linspace(0, 0.04, 50)))
    assert moves(found)[0] == "lowered"
    assert 0.05 < found["unsure_from"] < 0.06  # 0.97 of 40 is 39 of them
    assert "is at most" in found["moves"]["unsure_from"]["why"]


def test_what_is_not_proven_stays_to_the_last_digit():
    found = covid(films([0.1, *np.linspace(0.3, 0.9, 29)], np.linspace(0, 0.85, 30)))
    assert (found["unsure_from"], found["suspected_from"]) == site_calibration.limits(CARD, "refer", "covid")
    assert moves(found) == ("kept", "kept")
    assert found["figures"]["sensitivity"]["value"] == pytest.approx(29 / 30)


def test_it_rises_no_further_than_others_are_spared():
    """The sick score 0.9 and more, the others 0.3 and less: nothing is gained above that."""
    found = covid(films(np.linspace(0.9, 0.99, 200), np.linspace(0.0, 0.3, 200)))
    assert 0.29 < found["unsure_from"] < 0.31
    assert "need not rise further" in found["moves"]["unsure_from"]["why"]


def test_a_false_alarm_in_three_raises_the_upper_threshold_and_no_patient_is_missed_more():
    rows = films(np.linspace(0.7, 0.99, 30), [*np.linspace(0, 0.1, 40), *np.linspace(0.81, 0.9, 20)])
    found = covid(rows)
    assert moves(found) == ("kept", "raised")
    assert found["unsure_from"] == 0.2
    assert 0.88 < found["suspected_from"] < 0.89  # spares 0.95 of 60, all but 3


def test_one_threshold_of_the_sensitive_rule():
    found = covid(films(np.linspace(0.6, 0.9, 100), np.linspace(0, 0.55, 100)), "sensitive")
    assert set(found["moves"]) == {"suspected_from"} and found["moves"]["suspected_from"]["move"] == "raised"
    assert found["unsure_from"] == found["suspected_from"] > 0.3
    assert set(found["figures"]) == {"sensitivity", "specificity"}


def test_pneumonia_is_told_from_normal_films_only():
    rows = films(np.linspace(0.6, 0.9, 20), np.full(80, 0.01), np.full(60, 0.01))
    rows.loc[rows["label"] == "pneumonia", "score_pneumonia"] = np.linspace(0.7, 0.9, 60)
    rows.loc[rows["label"] == "covid", "score_pneumonia"] = 0.95
    rows.loc[rows["label"] == "normal", "score_pneumonia"] = np.linspace(0.1, 0.6, 80)
    found = own_rule.measure(rows, CARD, "refer")["findings"]["pneumonia"]
    assert found["patients"] == 60
    assert 0.55 < found["suspected_from"] < 0.7  # the films of COVID-19 would have pulled it to 0.95
    assert found["figures"]["specificity"]["value"] > 0.9


def test_without_films_of_a_finding_the_models_threshold_and_figures_stay():
    found = own_rule.measure(films(np.linspace(0.6, 0.9, 80), np.linspace(0, 0.5, 80)), CARD, "refer")
    pneumonia = found["findings"]["pneumonia"]
    assert (pneumonia["figures"], pneumonia["moves"]) == (None, {})
    low, high = site_calibration.carried(CARD, "refer", "pneumonia", found["temperature"]["value"])
    assert (pneumonia["unsure_from"], pneumonia["suspected_from"]) == (low, high)


def test_a_threshold_of_another_label_stays():
    points = dict(CARD.operating_points["refer"])
    card = replace(CARD, operating_points={"refer": points | {"normal": points["pneumonia"]}})
    found = own_rule.measure(films(np.linspace(0.6, 0.9, 20), np.linspace(0, 0.5, 20)), card, "refer")["findings"]
    assert (found["normal"]["figures"], found["normal"]["suspected_from"]) == (None, points["pneumonia"].threshold)


def test_what_is_too_little_for_any_calibration():
    nine = np.linspace(0.6, 0.9, 9)
    assert (
        "9 COVID-19 and 80 other patients are too few"
        in own_rule.measure(films(nine, [0.1] * 80), CARD, "refer")["lacking"]
    )
    assert "80 COVID-19 and 9 other" in own_rule.measure(films([0.9] * 80, nine), CARD, "refer")["lacking"]
    assert "asks for no sensitivity" in own_rule.measure(films([0.9] * 80, [0.1] * 80), CARD, "balanced")["lacking"]
    assert set(own_rule.ASKED) < set(RULES)


def test_asked_is_what_operating_points_are_chosen_by():
    assert site_calibration.LEAST_SENSITIVITY == operating_points.LEAST_RECALL
    assert own_rule.patients_needed(0.95) == 72 and own_rule.patients_needed(0.90) == 36
    assert few_patients.exact(1, 72)["low"] >= 0.95 > few_patients.exact(1, 71)["low"]
    assert (site_calibration.LEAST_TEMPERATURE, site_calibration.MOST_TEMPERATURE) == (calibrate.LEAST, calibrate.MOST)


def drawn(seed: int, count: int) -> pd.DataFrame:
    """Return a site's films whose scores' distribution is known: logits of mean 2 and -2, spread 1.5."""
    rng = np.random.default_rng(seed)
    return films(*(1 / (1 + np.exp(-(mean + 1.5 * rng.normal(size=count)))) for mean in (2, -2)))


def test_what_is_stated_holds_for_films_to_come():
    """Of 60 sites: the true sensitivity is below 0.95 at 2.5 % of them at most, and the figures are not flattered."""
    below, stated, true = 0, [], []
    for seed in range(60):
        rows = drawn(seed, 150)
        which = rows["score_covid"].to_numpy(), (rows["label"] == "covid").to_numpy(), rows["group"].to_numpy()
        found = own_rule.finding((0.2, 0.8), "covid", "refer", which)
        raw = found["moves"]["unsure_from"]["value"]
        sensitivity = 1 - stats.norm.cdf((np.log(raw / (1 - raw)) - 2) / 1.5)
        below += sensitivity < 0.95
        stated.append(found["figures"]["sensitivity"]["value"])
        true.append(sensitivity)
    assert below <= 1
    assert np.mean(stated) == pytest.approx(np.mean(true), abs=0.005)


def test_scores_that_are_too_sure_of_themselves_get_a_temperature():
    rng = np.random.default_rng(0)
    positive = np.arange(800) < 400
    logits = np.where(positive, 1, -1) + rng.normal(size=800) * 2**0.5  # their own temperature is 1
    groups = np.arange(800)
    scores = 1 / (1 + np.exp(-3 * logits))
    found = own_temperature.fit(scores, positive, groups, 72)
    assert found["low"] < 3 < found["high"] and found["value"] == pytest.approx(3, abs=0.5)
    assert "cross-entropy falls" in found["why"]
    stays = own_temperature.fit(1 / (1 + np.exp(-logits)), positive, groups, 72)
    assert stays["value"] == 1 and "holds 1: it stays" in stays["why"]
    # The mix of the films does not count: a tenth of the sick, the same temperature.
    fewer = positive & (np.arange(800) >= 100) | ~positive
    assert own_temperature.fit(scores[fewer], positive[fewer], groups[fewer], 72)["value"] == pytest.approx(3, abs=0.6)


def test_a_temperature_needs_films_of_both_kinds():
    positive = np.arange(200) < 71
    found = own_temperature.fit(np.where(positive, 0.9, 0.1), positive, np.arange(200), 72)
    assert found["value"] == 1 and "72 patients with COVID-19" in found["why"]


def test_films_that_are_parted_wholly_do_not_determine_a_temperature():
    positive = np.arange(200) < 100
    found = own_temperature.fit(np.where(positive, 0.9, 0.1), positive, np.arange(200), 72)
    assert found["value"] == 1 and "do not determine it" in found["why"]
