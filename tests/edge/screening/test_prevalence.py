import pytest

from edge_app.errors import WrongUsage
from edge_app.screening import prevalence


def _figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def test_predictive_values_worked_out_by_hand():
    # Of 1000 people 100 are sick: 90 are suspected, 10 missed. Of the 900 others 720 are cleared, 180 suspected.
    found = prevalence.expected(_figure(0.9, 0.9, 0.9), _figure(0.8, 0.8, 0.8), 0.1)
    assert found["ppv"] == pytest.approx(_figure(90 / 270, 90 / 270, 90 / 270))
    assert found["npv"] == pytest.approx(_figure(720 / 730, 720 / 730, 720 / 730))


def test_intervals_reach_from_both_lower_ends_to_both_upper_ends():
    found = prevalence.expected(_figure(0.9, 0.8, 1.0), _figure(0.8, 0.6, 0.9), 0.5)
    assert found["ppv"] == pytest.approx(_figure(0.9 / 1.1, 0.8 / 1.2, 1.0 / 1.1))
    assert found["npv"] == pytest.approx(_figure(0.8 / 0.9, 0.6 / 0.8, 1.0))


def test_95_percent_in_both_is_wrong_with_five_suspicions_of_six_at_1_in_100():
    figure = _figure(0.95, 0.95, 0.95)
    assert prevalence.expected(figure, figure, 0.01)["ppv"]["value"] == pytest.approx(0.161, abs=5e-4)


def test_the_rarer_the_disease_the_less_a_suspicion_says_and_the_more_its_absence():
    shares = [0.001, 0.01, 0.05, 0.2, 0.5, 0.9]
    found = [prevalence.expected(_figure(0.9, 0.8, 0.95), _figure(0.9, 0.8, 0.95), share) for share in shares]
    for part in ("value", "low", "high"):
        ppv = [values["ppv"][part] for values in found]
        npv = [values["npv"][part] for values in found]
        assert ppv == sorted(set(ppv))
        assert npv == sorted(set(npv), reverse=True)


def test_a_test_that_suspects_nobody_or_everybody_says_nothing_one_way():
    nobody = prevalence.expected(_figure(0, 0, 0.1), _figure(1, 0.9, 1), 0.2)
    assert nobody["ppv"] is None
    assert nobody["npv"]["value"] == pytest.approx(0.8)
    everybody = prevalence.expected(_figure(1, 0.9, 1), _figure(0, 0, 0.1), 0.2)
    assert everybody["ppv"]["value"] == pytest.approx(0.2)
    assert everybody["npv"] is None


def test_what_was_measured_on_no_film_says_nothing():
    assert prevalence.expected(None, _figure(1, 1, 1), 0.2) == {"ppv": None, "npv": None}


def test_a_band_gives_the_ppv_of_its_upper_end_and_the_npv_of_its_lower():
    lower, upper = (_figure(0.9, 0.9, 0.9), _figure(0.8, 0.8, 0.8)), (_figure(0.5, 0.5, 0.5), _figure(0.99, 0.99, 0.99))
    point = {"sensitivity": lower[0], "specificity": lower[1]}
    banded = point | {"suspected_sensitivity": upper[0], "suspected_specificity": upper[1]}
    assert prevalence.of_point(point, 0.1) == prevalence.expected(*lower, 0.1)
    assert prevalence.of_point(banded, 0.1) == {
        "ppv": prevalence.expected(*upper, 0.1)["ppv"],
        "npv": prevalence.expected(*lower, 0.1)["npv"],
    }


@pytest.mark.parametrize(("text", "share"), [("0.05", 0.05), (" 1e-3 ", 0.001), (".999", 0.999)])
def test_a_prevalence_is_read(text, share):
    assert prevalence.read(text) == share


@pytest.mark.parametrize("text", ["0", "1", "5", "-0.1", "nan", "inf", "1e-999", "5%", "", "0,05"])
def test_what_is_no_prevalence_is_quoted_back(text):
    with pytest.raises(WrongUsage) as caught:
        prevalence.read(text)
    assert str(caught.value) == f"--prevalence: '{text}' is not between 0 and 1; write 5 in 100 as 0.05."


@pytest.mark.parametrize("share", [0, 1, -1, float("nan")])
def test_a_prevalence_that_was_never_read_is_our_own_bug(share):
    with pytest.raises(ValueError, match="it must lie between 0 and 1"):
        prevalence.expected(_figure(1, 1, 1), _figure(1, 1, 1), share)


def _sharp(value):
    return _figure(value, value, value)


BANDED = {
    "sensitivity": _figure(0.95, 0.9, 0.98),
    "specificity": _figure(0.6, 0.5, 0.7),
    "suspected_sensitivity": _figure(0.7, 0.6, 0.8),
    "suspected_specificity": _figure(0.9, 0.85, 0.95),
    "referred": _figure(0.3, 0.2, 0.4),
}


def test_of_1000_people_by_hand_each_answer_is_right_as_often_as_counted():
    # 200 are sick: 140 suspected, 50 unsure, 10 cleared. Of the 800 others 80 suspected, 240 unsure, 480 cleared.
    found = prevalence.of_answers({name: _sharp(figure["value"]) for name, figure in BANDED.items()}, 0.2)
    assert found["suspected"] == pytest.approx(_sharp(140 / 220))
    assert found["unsure"] == pytest.approx(_sharp(50 / 290))
    assert found["cleared"] == pytest.approx(_sharp(480 / 490))


def test_the_unsure_reach_from_the_fewest_sick_and_most_others_to_the_opposite():
    found = prevalence.of_answers(BANDED, 0.2)["unsure"]
    # Of 1000 with 200 sick: from (0.90 - 0.80) of the sick and (0.95 - 0.50) of the others, to 0.38 and 0.15.
    assert found["low"] == pytest.approx(20 / (20 + 360))
    assert found["high"] == pytest.approx(76 / (76 + 120))


def test_ends_that_cross_leave_nobody_unsure():
    crossed = BANDED | {"suspected_sensitivity": _figure(0.9, 0.85, 0.99)}
    assert prevalence.of_answers(crossed, 0.2)["unsure"]["low"] == 0
    nobody = {name: _sharp(0.9) for name in BANDED}
    assert prevalence.of_answers(nobody, 0.2)["unsure"] is None


def test_without_a_band_nothing_is_said_of_the_unsure():
    point = {"sensitivity": _sharp(0.9), "specificity": _sharp(0.8)}
    assert prevalence.of_answers(point, 0.1) == {
        "suspected": prevalence.expected(*point.values(), 0.1)["ppv"],
        "cleared": prevalence.expected(*point.values(), 0.1)["npv"],
    }


@pytest.mark.parametrize(
    ("sensitivity", "specificity", "share", "ppv", "npv"),
    [
        # Altman & Bland, BMJ 1994;309:102: liver scans, sensitivity 231/258, specificity 54/86. Of the 344 patients,
        # 75 % of them abnormal, PPV was 231/263 (0.88) and NPV 54/81 (0.67); at prevalence 0.25, 0.45 and 0.95.
        (231 / 258, 54 / 86, 258 / 344, 231 / 263, 54 / 81),
        (0.90, 0.63, 0.25, 0.45, 0.95),
    ],
)
def test_the_textbook_example_of_predictive_values(sensitivity, specificity, share, ppv, npv):
    found = prevalence.of_answers({"sensitivity": _sharp(sensitivity), "specificity": _sharp(specificity)}, share)
    assert found["suspected"]["value"] == pytest.approx(ppv, abs=0.005)
    assert found["cleared"]["value"] == pytest.approx(npv, abs=0.005)


def test_the_flag_of_the_other_prevalence_is_named():
    with pytest.raises(WrongUsage, match=r"^--pneumonia-prevalence: '2' is not between 0 and 1"):
        prevalence.read("2", "--pneumonia-prevalence")
