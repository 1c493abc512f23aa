"""Errors of calibration on cases worked by hand."""

import numpy as np
import pytest

from train.evaluation import calibration


def test_calibration_errors_worked_by_hand():
    scores, positive = np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, True, True, True])
    found = calibration.figures(scores, positive, np.arange(4))
    assert found["ece"]["value"] == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)
    assert found["brier"]["value"] == pytest.approx((0.01 + 0.81 + 0.01 + 0.01) / 4)
    assert [(one["low"], one["covid"]["value"], one["covid"]["n"]) for one in found["bins"]] == [
        (1 / 15, 0.5, 2),
        (13 / 15, 1.0, 2),
    ]
    assert found["ece"]["low"] <= found["ece"]["value"] <= found["ece"]["high"]


def test_bins_of_equal_mass_hold_equally_many():
    counts = np.bincount(calibration.equal_mass(np.random.default_rng(0).random(150) ** 4))
    assert counts.tolist() == [10] * 15
    assert calibration.equal_width(np.array([0.0, 0.999, 1.0])).tolist() == [0, 14, 14]


def test_scores_before_scaling_are_those_of_the_larger_logit():
    logit = np.array([-3.0, 0.0, 1.0])
    after = 1 / (1 + np.exp(-logit / 2))
    assert np.allclose(calibration.before_scaling(after, 2.0), 1 / (1 + np.exp(-logit)))
    assert np.isfinite(calibration.before_scaling(np.array([0.0, 1.0]), 3.0)).all()
