import numpy as np
import pytest

from train.training import augment, batches, truth
from train.training.batches import LabelledFilms
from train.training.config import TrainConfig

CONFIG = TrainConfig(batch=8, seed=1)
LABELS = ("normal", "covid", "pneumonia")


@pytest.fixture
def films(drawn):
    rows, pixels = drawn
    targets, weights = truth.of_films(rows["label"].tolist(), LABELS)
    return LabelledFilms(pixels, targets, weights * np.arange(1, 4, dtype=np.float32))


@pytest.fixture
def as_it_is(monkeypatch):
    """An augmentation that leaves films alone, so that a film can be told by its pixels."""
    monkeypatch.setitem(augment.KINDS, "none", lambda pixels, rng: pixels)
    return "none"


def _epoch(films, epoch, config=CONFIG):
    chance = np.full(len(films.pixels), 1 / len(films.pixels))
    return list(batches.epoch_batches(films, chance, config, epoch))


def _same(one, other):
    return all(np.array_equal(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("changes", [{}, {"augment": "strong"}])
def test_batches_are_a_function_of_seed_and_epoch(films, monkeypatch, changes):
    config = TrainConfig(batch=8, seed=1, **changes)
    first, again, later = (_epoch(films, epoch, config) for epoch in (0, 0, 1))
    assert len(first) == len(films.pixels) // config.batch
    assert _same(first, again)
    assert not np.array_equal(first[0][0], later[0][0])
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert _same(first, _epoch(films, 0, config))
    assert not _same(first, _epoch(films, 0, TrainConfig(batch=8, seed=2, **changes)))


def test_a_batch_holds_levels_and_its_own_labels(films, as_it_is):
    for x, y, w in _epoch(films, 0, TrainConfig(batch=8, seed=1, augment=as_it_is)):
        assert x.dtype == y.dtype == w.dtype == np.float32
        assert (x.shape, y.shape, w.shape) == ((8, 32, 32, 1), (8, 3), (8, 3))
        assert 0 <= x.min() < x.max() <= 255
        for film, wanted, weight in zip(x, y, w, strict=True):
            row = np.flatnonzero((films.pixels == film).all(axis=(1, 2, 3)))
            assert len(row) == 1
            assert np.array_equal(films.truth[row[0]], wanted)
            assert np.array_equal(films.weight[row[0]], weight)


def test_only_films_with_a_chance_are_drawn(films):
    chance = np.zeros(len(films.pixels))
    chance[[3, 10]] = 0.5
    drawn = np.concatenate([y for _, y, _ in batches.epoch_batches(films, chance, CONFIG, 0)])
    assert {tuple(row) for row in drawn} == {tuple(films.truth[3]), tuple(films.truth[10])}


def test_targets_are_one_column_a_label():
    targets, weights = truth.of_films(["covid", "normal", "pneumonia"], ("normal", "covid"))
    assert targets.tolist() == [[0, 1], [1, 0], [0, 0]]
    assert (weights == 1).all()


def test_balance_draws_rare_cells_more_often():
    cells = ["big"] * 90 + ["small"] * 10
    alike, root, equal = (batches.chances(cells, balance) for balance in (0, 0.5, 1))
    assert np.allclose(alike, 0.01)
    assert np.isclose(equal[:90].sum(), 0.5)
    assert 0.1 < root[90:].sum() < 0.5
