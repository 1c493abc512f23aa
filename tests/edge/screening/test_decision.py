import pytest

from edge_app.screening import decision

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


@pytest.mark.parametrize(
    ("covid", "pneumonia", "verdict"),
    [
        (0.1999, 0.0, "no finding suspected"),
        (0.1999, 0.6, "other pneumonia suspected"),
        (0.2, 0.0, "unsure: refer to a radiologist"),
        (0.2, 1.0, "unsure: refer to a radiologist"),
        (0.3, 0.0, "unsure: refer to a radiologist"),
        (0.7999, 1.0, "unsure: refer to a radiologist"),
        (0.8, 0.0, "covid suspected"),
        (1.0, 1.0, "covid suspected"),
    ],
)
@pytest.mark.parametrize("threshold", [0.3, 0.8, 0.9])  # the band replaces it
def test_between_the_ends_of_the_band_the_answer_is_unsure(covid, pneumonia, verdict, threshold):
    scores = {"normal": 0.0, "covid": covid, "pneumonia": pneumonia}
    thresholds = {"covid": threshold, "pneumonia": 0.6}
    assert decision.decide(scores, thresholds, {"covid": (0.2, 0.8)}) == verdict
    assert thresholds == {"covid": threshold, "pneumonia": 0.6}


def test_an_empty_band_is_a_threshold():
    for covid, verdict in ((0.4999, decision.NORMAL), (0.5, decision.COVID)):
        assert decision.decide({"normal": 0.0, "covid": covid}, {}, {"covid": (0.5, 0.5)}) == verdict


def test_what_is_no_score_is_not_unsure_either():
    with pytest.raises(ValueError, match="a score is 0"):
        decision.decide({"normal": 0.0, "covid": float("nan")}, {"covid": 0.5}, {"covid": (0.2, 0.8)})


def test_every_verdict_has_its_own_words():
    assert len({decision.COVID, decision.PNEUMONIA, decision.NORMAL, decision.UNSURE}) == 4
