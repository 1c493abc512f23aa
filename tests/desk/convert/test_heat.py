"""Covering parts of a film, and what that costs."""

from types import SimpleNamespace

import numpy as np
import pytest

from convert.verify import heat as measured
from tests.support.results import inference


def test_covering_what_speaks_for_covid_costs_the_most():
    """A stand-in for the networks whose map is the brightness of each place, and nothing else."""
    pixels = np.full((160, 160, 1), 10, np.uint8)
    pixels[64:76, 32:64] = 250  # most of place (2, 1) stays dark, and dark it becomes

    def scores(shown):
        places = shown[..., 0].reshape(5, 32, 5, 32).mean(axis=(1, 3)) / 25
        return None, places[..., np.newaxis]

    one = SimpleNamespace(card=SimpleNamespace(labels=("covid",)), scores=scores)
    seen = inference(pixels=pixels, heat=scores(pixels)[1][..., 0])
    lungs = np.zeros((5, 5))
    lungs[1:4, [1, 3]] = 1
    lungs[0, 0] = 0.4  # neither
    found = list(measured.covered(seen, lungs, one))
    assert [where for where, _ in found].count("in the lungs") == 5
    assert [where for where, _ in found].count("outside") == 18
    assert dict(found)["outside"] == dict(found)["in the lungs"] == 0
    assert dict(found)["hottest"] == pytest.approx(240 * 12 / 32 / 25 / 25)
