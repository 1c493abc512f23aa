import numpy as np
import pytest

from edge_app.imaging import preprocess
from tests.support.films import draw_film
from train.training import augment

PIXELS = preprocess.to_pixels(draw_film(3), 96)


@pytest.mark.parametrize("kind", augment.KINDS)
def test_augmentation_keeps_the_contract(kind):
    for seed in range(50):
        changed = augment.KINDS[kind](PIXELS, np.random.default_rng(seed))
        assert changed.dtype == np.uint8
        assert changed.shape == PIXELS.shape


@pytest.mark.parametrize("kind", augment.KINDS)
def test_same_seed_gives_the_same_film_and_another_seed_another(kind):
    one, same, other = (augment.KINDS[kind](PIXELS, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("kind", augment.KINDS)
def test_left_stays_left(kind):
    """A film bright on its left side only is never brighter on its right: no horizontal flip."""
    half = np.zeros((96, 96, 1), np.uint8)
    half[20:70, 10:40] = 200
    for seed in range(300):
        changed = augment.KINDS[kind](half, np.random.default_rng(seed))[12:84, 12:84].astype(int)
        assert changed[:, :36].sum() > changed[:, 36:].sum()


def test_the_input_is_not_changed():
    before = PIXELS.copy()
    for seed in range(100):
        augment.full(PIXELS, np.random.default_rng(seed))
    assert np.array_equal(PIXELS, before)


def test_strong_changes_the_contrast_of_places_and_full_does_not():
    """A film that is flat but for a faint step: only what looks at neighbourhoods can bring the step out."""
    flat = np.full((96, 96, 1), 120, np.uint8)
    flat[40:56, 40:56] = 126

    def steps(kind):
        changed = [augment.KINDS[kind](flat, np.random.default_rng(seed)).astype(int) for seed in range(200)]
        return np.array([abs(film[44:52, 44:52].mean() - film[20:30, 20:30].mean()) for film in changed])

    assert np.quantile(steps("strong"), 0.95) > 1.5 * np.quantile(steps("full"), 0.95)
