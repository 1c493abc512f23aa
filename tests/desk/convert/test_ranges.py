"""Narrowed ranges: finer steps for what a tensor mostly holds, and the film's own bytes untouched."""

import numpy as np
import pytest

from convert.quantize import ranges

RNG = np.random.default_rng(0)


def test_a_range_far_wider_than_the_values_is_narrowed_to_them():
    values = RNG.normal(0, 1, 10_000)  # the odd loud one that widened the range is not among some thousands
    share = ranges.best(values, -30.0, 40.0)
    assert 3 < 40 * share < 16
    assert _error(values, -30 * share, 40 * share) < _error(values, -30, 40) / 4


def test_a_loud_value_that_is_common_is_not_clipped():
    values = np.append(RNG.normal(0, 1, 1000), np.full(50, 40.0))
    assert ranges.best(values, -4.0, 40.0) > 0.95


def test_values_spread_evenly_keep_their_range():
    values = RNG.uniform(0, 6, 10_000)
    assert ranges.best(values, 0.0, 6.0) > 0.95


def test_a_tensor_that_is_always_nothing_keeps_its_range():
    assert 0 < ranges.best(np.zeros(10), 0.0, 0.0) <= 1


@pytest.mark.parametrize("high", [1.0, 6.0])
def test_the_share_is_one_that_was_tried(high):
    assert ranges.best(RNG.exponential(high / 9, 5000), 0.0, high) in ranges.SHARES


def _error(values, low, high):
    step = (high - low) / 255
    return np.square(np.clip(np.round((values - low) / step), 0, 255) * step + low - values).mean()
