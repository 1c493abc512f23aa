"""Intervals over patients, and the figures they are of."""

import numpy as np
import pytest
from sklearn import metrics as sk

from train.evaluation import figures, intervals


def test_films_of_one_patient_do_not_narrow_an_interval():
    hits, who = np.array([1, 0, 1, 1, 0, 1], bool), np.array(list("abcdef"), dtype=object)
    once, ten = intervals.share(hits, who), intervals.share(np.repeat(hits, 10), np.repeat(who, 10))
    apart = intervals.share(np.repeat(hits, 10), np.arange(60))
    assert {**ten, "n": 6} == once
    assert once["value"] == pytest.approx(4 / 6)
    assert apart["high"] - apart["low"] < 0.5 * (once["high"] - once["low"])


def test_a_share_of_all_has_the_exact_interval_of_its_patients():
    figure = intervals.share(np.ones(10, bool), np.array(list("aabbccddee"), dtype=object))
    assert figure["low"] == intervals.proportion(np.ones(5, bool))["low"]  # five patients, not ten films
    assert (figure["value"], figure["high"], figure["n"]) == (1.0, 1.0, 10)
    assert intervals.share(np.array([], bool), np.array([])) is None


def test_samples_that_cannot_say_are_left_out():
    figure = intervals.interval(lambda weight: weight[0] if weight[0] else np.nan, np.arange(4))
    assert figure["low"] == 1.0
    assert intervals.interval(lambda weight: np.nan, np.arange(4)) is None


def test_a_gap_is_paired():
    rng = np.random.default_rng(0)
    positive, one = np.arange(200) % 2 == 0, rng.random(200)
    better = one + 0.5 * positive
    assert intervals.gap(positive, one, one, np.arange(200)) == {"value": 0.0, "low": 0.0, "high": 0.0}
    figure = intervals.gap(positive, better, one, np.arange(200))
    assert figure["value"] == pytest.approx(
        intervals.auc_statistic(positive, better)(np.ones(200)) - intervals.auc_statistic(positive, one)(np.ones(200))
    )
    assert 0 < figure["low"] < figure["value"] < figure["high"]


def test_a_mean_of_hospitals_counts_each_alike_and_draws_them_too():
    """Two hospitals, each of one mind: what is uncertain is the hospital."""
    many, few = np.ones(100), np.zeros(10)
    parts = [
        (lambda weight, values=values: float(weight @ values / weight.sum()), np.arange(len(values)))
        for values in (many, few)
    ]
    assert intervals.mean_of(parts) == {"value": 0.5, "low": 0.0, "high": 1.0}
    assert intervals.mean_of([(lambda weight: np.nan, np.arange(3)), parts[0]])["value"] == 1.0
    assert intervals.mean_of([]) is None


def test_average_precision_is_the_one_scikit_learn_gives_ties_and_weights_included():
    rng = np.random.default_rng(1)
    positive, scores, weight = rng.random(200) < 0.3, rng.integers(0, 20, 200) / 20, rng.integers(0, 4, 200)
    for one in (np.ones(200, int), weight):
        expected = sk.average_precision_score(positive, scores, sample_weight=one)
        assert figures.average_precision(positive, scores)(one) == pytest.approx(expected)
    assert np.isnan(figures.average_precision(np.zeros(200, bool), scores)(weight))


def test_intervals_hold_the_value_and_shrink_with_more_films():
    few, many = (intervals.proportion(np.arange(n) % 20 > 0) for n in (20, 2000))
    assert few["low"] < few["value"] < few["high"]
    assert many["high"] - many["low"] < few["high"] - few["low"]
    assert round(few["low"], 3) == 0.751  # 19 of 20, Clopper-Pearson
    assert round(few["high"], 3) == 0.999


def test_auc_is_the_one_scikit_learn_gives_ties_included():
    rng = np.random.default_rng(1)
    positive, scores = rng.random(200) < 0.3, rng.integers(0, 20, 200) / 20
    figure = intervals.auc(positive, scores, np.arange(200))
    assert np.isclose(figure["value"], sk.roc_auc_score(positive, scores))
    assert figure["low"] < figure["value"] < figure["high"]
    assert intervals.auc(np.ones(5, bool), np.arange(5), np.arange(5)) is None
