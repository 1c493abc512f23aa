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


# --- films that become like others ----------------------------------------------------------------


def _masked(seed):
    """Return a drawn film that is black outside a disc, as a film cropped to its lungs is."""
    rows, columns = np.mgrid[:96, :96] - 48
    film = preprocess.to_pixels(draw_film(seed), 96)
    return np.where((rows**2 + columns**2 < 40**2)[..., np.newaxis], np.maximum(film, 1), 0).astype(np.uint8)


def test_restyling_gives_the_grey_levels_of_the_other_film():
    film, like = _masked(1), (_masked(2) * 0.4).astype(np.uint8)
    restyled = augment.restyle(film, like)
    assert restyled.dtype == np.uint8
    assert restyled.shape == film.shape
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        found, wanted = (np.quantile(each[each > 0], share) for each in (restyled, like))
        assert abs(found - wanted) <= 2  # levels are whole, and `like` has only 102 of them
        assert abs(np.quantile(film[film > 0], share) - wanted) > 10
    order = np.argsort(film[film > 0], kind="stable")
    assert (np.diff(restyled[film > 0][order].astype(int)) >= 0).all()  # what was brighter stays brighter


def test_restyling_keeps_black_black_and_nothing_else():
    film, like = _masked(1), _masked(2)
    assert np.array_equal(augment.restyle(film, like) == 0, film == 0)
    brighter = np.where(like > 0, np.maximum(like, 200), 0).astype(np.uint8)
    assert np.array_equal(augment.restyle(film, brighter) == 0, film == 0)


def test_a_black_film_is_restyled_to_itself_and_changes_no_other():
    film, black = _masked(1), np.zeros((96, 96, 1), np.uint8)
    assert np.array_equal(augment.restyle(film, black), film)
    assert np.array_equal(augment.restyle(black, film), black)
    assert np.array_equal(augment.restyle(film, film), film)


def test_a_mixed_films_share_is_the_area_that_was_pasted():
    one, other = np.full((96, 96, 1), 10, np.uint8), np.full((96, 96, 1), 90, np.uint8)
    places = np.zeros((96, 96))
    shares = []
    for seed in range(300):
        mixed, share = augment.mix(one, other, np.random.default_rng(seed))
        pasted = mixed[..., 0] == 90
        rows, columns = (np.flatnonzero(pasted.any(axis=axis)) for axis in (1, 0))
        assert pasted.sum() == len(rows) * len(columns) == round(share * 96**2)  # one rectangle
        places += pasted
        shares.append(share)
    assert 0.05 < min(shares) < 0.12
    assert 0.4 < max(shares) < 0.5
    assert places.any(axis=0).all()  # up to every border
    assert places.any(axis=1).all()
    assert (one == 10).all()


def test_a_patch_comes_from_the_same_place_of_the_other_film():
    one, other = _masked(1), PIXELS
    mixed, _ = augment.mix(one, other, np.random.default_rng(4))
    assert ((mixed == one) | (mixed == other)).all()


def test_strong_changes_the_contrast_of_places_and_full_does_not():
    """A film that is flat but for a faint step: only what looks at neighbourhoods can bring the step out."""
    flat = np.full((96, 96, 1), 120, np.uint8)
    flat[40:56, 40:56] = 126

    def steps(kind):
        changed = [augment.KINDS[kind](flat, np.random.default_rng(seed)).astype(int) for seed in range(200)]
        return np.array([abs(film[44:52, 44:52].mean() - film[20:30, 20:30].mean()) for film in changed])

    assert np.quantile(steps("strong"), 0.95) > 1.5 * np.quantile(steps("full"), 0.95)
