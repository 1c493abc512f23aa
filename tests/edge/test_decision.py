import pytest

from edge_app import decision

THRESHOLDS = {"covid": 0.3, "pneumonia": 0.6}


@pytest.mark.parametrize(
    ("covid", "pneumonia", "verdict"),
    [
        (0.0, 0.0, "no finding suspected"),
        (0.2999, 0.5999, "no finding suspected"),
        (0.3, 0.0, "covid suspected"),
        (0.0, 0.6, "other pneumonia suspected"),
        (1.0, 1.0, "covid suspected"),
        (0.3, 1.0, "covid suspected"),
    ],
)
def test_covid_is_asked_first_and_the_threshold_itself_counts(covid, pneumonia, verdict):
    scores = {"normal": 1.0, "covid": covid, "pneumonia": pneumonia}
    assert decision.decide(scores, THRESHOLDS) == verdict


def test_order_of_the_labels_does_not_matter():
    assert decision.decide({"pneumonia": 0.9, "covid": 0.9}, {"pneumonia": 0.5, "covid": 0.5}) == decision.COVID


def test_a_label_without_a_threshold_gives_no_verdict():
    assert decision.decide({"normal": 1.0, "covid": 0.1, "pneumonia": 1.0}, {"covid": 0.5}) == decision.NORMAL


def test_a_model_of_two_labels():
    assert decision.decide({"normal": 0.2, "covid": 0.8}, {"covid": 0.5}) == decision.COVID


def test_a_score_that_is_missing_is_our_own_bug():
    with pytest.raises(KeyError):
        decision.decide({"normal": 1.0}, {"covid": 0.5})


@pytest.mark.parametrize("score", [float("nan"), -0.01, 1.01, float("inf")])
def test_what_is_no_score_never_becomes_no_finding(score):
    with pytest.raises(ValueError, match=r"scores are \{'covid': .*\}; a score is 0 \.\. 1"):
        decision.decide({"normal": 0.0, "covid": score}, {"covid": 0.5})


def test_every_verdict_has_its_own_words():
    assert len({decision.COVID, decision.PNEUMONIA, decision.NORMAL}) == 3
