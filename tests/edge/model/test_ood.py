"""The distance of an embedding from those of the training films."""

import numpy as np
import pytest

from edge_app.model.ood import OodModel, pack, unpack


def _like(features=40, count=3):
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(features, count)))[0].T
    return OodModel(np.full(features, 2.0), directions, np.array([5.0, 3.0, 2.0]), 0.5)


def _draw(like, rng):
    features = len(like.mean)
    along = rng.normal(size=len(like.spread)) * like.spread
    noise = rng.normal(size=features) * like.rest
    beside = noise - like.directions.T @ (like.directions @ noise)
    return (like.mean + along @ like.directions + beside).astype(np.float32)


def test_a_training_film_is_at_about_one():
    like, rng = _like(), np.random.default_rng(1)
    distances = [like.distance(_draw(like, rng)) for _ in range(500)]
    assert np.mean(distances) == pytest.approx(1, abs=0.03)
    assert max(distances) < 1.6


def test_the_same_step_is_farther_where_films_vary_less():
    like = _like()
    steps = [like.distance(like.mean + 5 * direction) for direction in like.directions]
    assert steps == sorted(steps)
    beside = np.linalg.svd(like.directions)[2][-1]  # at right angles to all three
    assert like.distance(like.mean + 5 * beside) > steps[-1]
    assert like.distance(like.mean) == 0


def test_it_travels_in_halves():
    like, rng = _like(), np.random.default_rng(2)
    there = unpack(pack(like), 40)
    for film in (_draw(like, rng) for _ in range(20)):
        assert there.distance(film) == pytest.approx(like.distance(film), abs=0.01)


@pytest.mark.parametrize("cut", [2, 40, 81])
def test_a_length_that_fits_nothing_is_refused(cut):
    with pytest.raises(ValueError, match="which fit no embedding of 40 features"):
        unpack(pack(_like())[:-cut], 40) if cut != 81 else unpack(b"\0\0" * 41, 40)


def test_directions_that_rounding_made_too_long_leave_nothing_beside_them():
    """As float16 a direction may be longer than 1; less than nothing would then lie beside it."""
    long = OodModel(np.zeros(2, np.float32), np.array([[1.01, 0.0]], np.float32), np.array([5.0], np.float32), 0.1)
    assert long.distance(np.array([10.0, 0.0], np.float32)) == pytest.approx(10.1 / 5 / 2**0.5)
    assert long.distance(np.array([0.0, 1.0], np.float32)) == pytest.approx(1 / 0.1 / 2**0.5)
