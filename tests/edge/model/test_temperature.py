"""A temperature by hand: odds of 4 to 1 become, at temperature 2, their root."""

import numpy as np
import pytest

from edge_app.model.temperature import softened, softened_threshold


@pytest.mark.parametrize(
    ("score", "temperature", "wanted"),
    [(0.8, 2, 2 / 3), (0.2, 2, 1 / 3), (0.8, 0.5, 16 / 17), (0.5, 7, 0.5), (0.9, 1, 0.9)],
)
def test_odds_are_raised_to_the_inverse_of_the_temperature(score, temperature, wanted):
    assert softened(np.array([score]), temperature) == pytest.approx([wanted])
    assert softened_threshold(score, temperature) == pytest.approx(wanted)


def test_a_score_of_0_or_1_counts_as_one_in_ten_million_before_it():
    # Of 1e-7 the odds are 9,999,999 to 1 against, and their root 3162.2775.
    assert softened(np.array([0.0, 1.0]), 2) == pytest.approx([1 / 3163.2775, 3162.2775 / 3163.2775], rel=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_at_temperature_1_a_threshold_stays_to_the_last_digit(value):
    assert softened_threshold(value, 1) == value
