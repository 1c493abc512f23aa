import numpy as np

from train import batches
from train.config import TrainConfig

CONFIG = TrainConfig(batch=8, seed=1)


def _epoch(pixels, truth, epoch, config=CONFIG):
    chance = np.full(len(pixels), 1 / len(pixels))
    return list(batches.epoch_batches(pixels, truth, chance, config, epoch))


def test_batches_are_a_function_of_seed_and_epoch(drawn, monkeypatch):
    films, pixels = drawn
    truth = batches.targets(films["label"], ("normal", "covid", "pneumonia"))
    first, again, later = (_epoch(pixels, truth, epoch) for epoch in (0, 0, 1))
    assert len(first) == len(pixels) // CONFIG.batch
    assert all(np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], later[0][0])
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, _epoch(pixels, truth, 0), strict=True))


def test_a_batch_holds_levels_and_its_own_labels(drawn):
    films, pixels = drawn
    truth = batches.targets(films["label"], ("normal", "covid"))
    x, y = _epoch(pixels, truth, 0)[0]
    assert x.dtype == np.float32
    assert x.shape == (8, 32, 32, 1)
    assert 0 <= x.min() < x.max() <= 255
    assert y.shape == (8, 2)


def test_targets_are_one_column_a_label():
    truth = batches.targets(["covid", "normal", "pneumonia"], ("normal", "covid"))
    assert truth.tolist() == [[0, 1], [1, 0], [0, 0]]


def test_balance_draws_rare_cells_more_often():
    cells = ["big"] * 90 + ["small"] * 10
    alike, root, equal = (batches.chances(cells, balance) for balance in (0, 0.5, 1))
    assert np.allclose(alike, 0.01)
    assert np.isclose(equal[:90].sum(), 0.5)
    assert 0.1 < root[90:].sum() < 0.5
