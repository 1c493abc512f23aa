"""The figures of a site check on cases worked by hand."""

import numpy as np
import pytest
from scipy import special

from train.evaluation import intervals
from train.site_check import few_patients, local


def test_exact_intervals():
    for hits, n in ((0, 5), (5, 5), (3, 10)):
        figure = intervals.proportion(np.arange(n) < hits)
        expected = {name: figure[name] for name in ("value", "low", "high")}
        assert few_patients.exact(hits / n, n) == pytest.approx(expected)
    # Nine patients with two equal films each say no more than nine films.
    twice = few_patients.share(np.repeat(np.arange(9) < 6, 2), np.repeat(np.arange(9), 2))
    once = few_patients.share(np.arange(9) < 6, np.arange(9))
    assert twice == pytest.approx(once | {"n": 18})
    # With many patients the bootstrap over patients is as wide, and wider than of independent films.
    many = few_patients.share(np.repeat(np.arange(40) < 30, 4), np.repeat(np.arange(40), 4))
    alone = few_patients.share(np.repeat(np.arange(40) < 30, 4), np.arange(160))
    assert many["high"] - many["low"] > 1.5 * (alone["high"] - alone["low"])


@pytest.mark.parametrize("value", [0.5, 0.8, 0.98, 1.0])
def test_so_many_films_are_needed(value):
    def half_width(n):
        figure = intervals.proportion(np.arange(n) < round(value * n))
        return (figure["high"] - figure["low"]) / 2

    needed = few_patients.films_needed(value)
    assert half_width(needed - 1) > 0.05
    assert all(half_width(n) <= 0.05 for n in range(needed, needed + 50))


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.1, 0.4, "lower"), (0.95, 1.0, "higher"), (0.4, 0.5, "overlap"), (0.7, 0.99, "overlap")]
)
def test_intervals_are_compared(low, high, word):
    assert few_patients.compare({"low": low, "high": high}, {"low": 0.5, "high": 0.9}) == word
    assert few_patients.compare(None, {"low": 0.5, "high": 0.9}) == "unknown"


def test_a_threshold_is_measured_on_films_that_did_not_choose_it():
    # Ten patients at 0.09, 0.15, 0.20 ... 0.55: all must be found, and the lowest is missed by what the others choose.
    ill, well = np.array([0.09, *np.arange(3, 12) / 20]), np.full(10, 0.05)
    scores, positive = np.concatenate([ill, well]), np.arange(20) < 10
    found = local.threshold(scores, positive, np.arange(20))
    assert found["value"] == pytest.approx(0.07)
    assert found["apparent"]["sensitivity"]["value"] == found["apparent"]["specificity"]["value"] == 1
    assert found["crossfit"]["sensitivity"]["value"] == 0.9  # by 0.10, halfway from 0.05 to 0.15
    assert found["crossfit"]["specificity"]["value"] == 1
    assert found["low"] <= found["value"] <= found["high"]


def test_folds_part_patients():
    groups = np.repeat(np.arange(30), 3)
    positive = np.repeat(np.arange(30) < 12, 3)
    seen = []
    for fit, kept in local.folds(positive, groups):
        assert not set(groups[fit]) & set(groups[kept])
        seen += list(kept)
    assert sorted(seen) == list(range(90))
    assert list(local.folds(np.array([True, False, False]), np.arange(3))) == []


def test_recalibration_finds_what_was_done_to_the_scores():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, 1200)
    positive = rng.random(1200) < special.expit(logits)
    scores = special.expit((logits - 0.5) * 2)  # undone by temperature 2 and intercept 0.5
    found, fresh = local.recalibration(scores, positive, np.arange(1200))
    assert found["temperature"]["low"] < 2 < found["temperature"]["high"]
    assert found["intercept"]["low"] < 0.5 < found["intercept"]["high"]
    assert np.abs(fresh - special.expit(logits)).mean() < 0.03
    assert np.mean((fresh - positive) ** 2) < np.mean((scores - positive) ** 2)


def test_recalibration_of_scores_that_part_the_classes_ends():
    found, fresh = local.recalibration(np.repeat([0.0, 1.0], 12), np.arange(24) >= 12, np.arange(24))
    assert 0.2 <= found["temperature"]["value"] <= 10
    assert (fresh[:12] < 0.05).all() and (fresh[12:] > 0.95).all()
    assert local.recalibration(np.array([0.1, 0.2]), np.array([True, True]), np.arange(2)) is None
