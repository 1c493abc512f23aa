"""More than 256 grey levels become 256, by hand: of 10,000 pixels five may saturate at each end."""

import numpy as np
import pytest

from edge_app.imaging import intensity


def test_all_but_the_outermost_pixels_are_spread_over_256_levels():
    values = np.arange(10_000, dtype=np.uint16).reshape(100, 100)
    assert intensity.span(intensity.count(values)) == (5, 9994)
    grey = intensity.to_grey(values).ravel()
    assert grey[[0, 5, 6, 5000, 9993, 9994, 9999]].tolist() == [0, 0, 0, 4995 * 255 // 9989, 254, 255, 255]
    assert (grey == 255).sum() == 6 and grey.dtype == np.uint8


@pytest.mark.parametrize(("levels", "grey"), [([1000], [0]), ([1000, 1001], [0, 255]), ([0, 3], [0, 255])])
def test_few_levels_are_black_and_white(levels, grey):
    values = np.repeat(np.array(levels, np.uint16), 50).reshape(len(levels), 50)
    assert intensity.span(intensity.count(values)) == (levels[0], max(levels[0] + 1, levels[-1]))
    assert intensity.to_grey(values)[:, 0].tolist() == grey


@pytest.mark.parametrize("part", [1, 3, 4, 6, 7, 1 << 20])
def test_values_are_counted_and_looked_up_in_parts_alike(monkeypatch, part):
    monkeypatch.setattr(intensity, "PART", part)
    values = np.random.default_rng(0).integers(-3, 9, (5, 3)).astype(np.int16)
    counts = intensity.count(values, -3)
    assert counts.tolist() == [(values == level).sum() for level in range(-3, values.max() + 1)]
    table = np.arange(100, 112, dtype=np.uint8)
    np.testing.assert_array_equal(intensity.look_up(table, values, -3), values + 103)
