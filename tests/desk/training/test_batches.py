import numpy as np
import pytest

from train.training import augment, batches
from train.training.batches import Films
from train.training.config import TrainConfig

CONFIG = TrainConfig(batch=8, seed=1)
LABELS = ("normal", "covid", "pneumonia")


@pytest.fixture
def films(drawn):
    rows, pixels = drawn
    sources = sorted(set(rows["source"]))
    return Films(pixels, batches.targets(rows["label"], LABELS), batches.targets(rows["source"], sources))


@pytest.fixture
def as_it_is(monkeypatch):
    """An augmentation that leaves films alone, so that restyling and mixing can be seen."""
    monkeypatch.setitem(augment.KINDS, "none", lambda pixels, rng: pixels)
    return "none"


def _epoch(films, epoch, config=CONFIG):
    chance = np.full(len(films.pixels), 1 / len(films.pixels))
    return list(batches.epoch_batches(films, chance, config, epoch))


def _same(one, other):
    return all(np.array_equal(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("changes", [{}, {"restyle": 0.5, "mix": 0.5, "augment": "strong"}])
def test_batches_are_a_function_of_seed_and_epoch(films, monkeypatch, changes):
    config = TrainConfig(batch=8, seed=1, **changes)
    first, again, later = (_epoch(films, epoch, config) for epoch in (0, 0, 1))
    assert len(first) == len(films.pixels) // config.batch
    assert _same(first, again)
    assert not np.array_equal(first[0][0], later[0][0])
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert _same(first, _epoch(films, 0, config))
    assert not _same(first, _epoch(films, 0, TrainConfig(batch=8, seed=2, **changes)))


def test_a_batch_holds_levels_and_its_own_labels_and_sources(films, as_it_is):
    for x, y, origin in _epoch(films, 0, TrainConfig(batch=8, seed=1, augment=as_it_is)):
        assert x.dtype == y.dtype == origin.dtype == np.float32
        assert (x.shape, y.shape, origin.shape) == ((8, 32, 32, 1), (8, 3), (8, 2))
        assert 0 <= x.min() < x.max() <= 255
        for film, truth, source in zip(x, y, origin, strict=True):
            row = np.flatnonzero((films.pixels == film).all(axis=(1, 2, 3)))
            assert len(row) == 1
            assert np.array_equal(films.truth[row[0]], truth)
            assert np.array_equal(films.origin[row[0]], source)


def test_only_films_with_a_chance_are_drawn(films):
    chance = np.zeros(len(films.pixels))
    chance[[3, 10]] = 0.5
    drawn = np.concatenate([y for _, y, _ in batches.epoch_batches(films, chance, CONFIG, 0)])
    assert {tuple(row) for row in drawn} == {tuple(films.truth[3]), tuple(films.truth[10])}


def test_targets_are_one_column_a_label():
    truth = batches.targets(["covid", "normal", "pneumonia"], ("normal", "covid"))
    assert truth.tolist() == [[0, 1], [1, 0], [0, 0]]


def test_balance_draws_rare_cells_more_often():
    cells = ["big"] * 90 + ["small"] * 10
    alike, root, equal = (batches.chances(cells, balance) for balance in (0, 0.5, 1))
    assert np.allclose(alike, 0.01)
    assert np.isclose(equal[:90].sum(), 0.5)
    assert 0.1 < root[90:].sum() < 0.5


# --- films of another source ----------------------------------------------------------------------


def _flat(levels, sources=2):
    """Return films of one grey level each, the first source's sick and the others' not."""
    names = [f"source-{i % sources}" for i in range(len(levels))]
    pixels = np.array(levels, np.uint8)[:, None, None, None] * np.ones((1, 32, 32, 1), np.uint8)
    labels = ["covid" if name == "source-0" else "normal" for name in names]
    return Films(pixels, batches.targets(labels, LABELS), batches.targets(names, sorted(set(names))))


def test_a_partner_comes_from_another_source_each_source_alike():
    films = _flat(range(60), sources=2)
    films = Films(films.pixels, films.truth, np.eye(4, dtype="float32")[[0] * 10 + [1] * 45 + [2] * 5])
    rng = np.random.default_rng(0)
    drawn = np.array([films.elsewhere(3, rng) for _ in range(2000)])
    assert drawn.min() >= 10
    assert set(drawn) == set(range(10, 60))
    assert 0.45 < (drawn >= 55).mean() < 0.55  # 5 films of one source as often as 45 of another
    alone = Films(films.pixels, films.truth, films.origin[[0] * 60])
    assert alone.elsewhere(7, rng) == 7


def test_restyled_films_have_the_levels_of_another_source(as_it_is):
    ramp = np.tile(np.arange(1, 33, dtype=np.uint8), (32, 1))[..., None]
    names = ["dark", "bright"] * 16
    pixels = np.stack([ramp if name == "dark" else ramp + 200 for name in names])
    films = Films(pixels, batches.targets(["covid"] * 32, LABELS), batches.targets(names, ["bright", "dark"]))
    for share, moved in ((1.0, True), (0.0, False)):
        config = TrainConfig(batch=8, augment=as_it_is, restyle=share)
        for x, y, origin in _epoch(films, 0, config):
            dark = origin[:, 1] == 1
            assert ((x.min(axis=(1, 2, 3)) > 200) == (dark == moved)).all()
            assert (y == films.truth[0]).all()


def test_mixed_films_carry_the_share_of_the_other_films_label(as_it_is):
    films = _flat([50, 200] * 16)
    for x, y, origin in _epoch(films, 0, TrainConfig(batch=8, augment=as_it_is, mix=1.0)):
        for film, truth, source in zip(x, y, origin, strict=True):
            own, other = (50, 200) if source[0] else (200, 50)
            assert set(np.unique(film)) == {50, 200}
            share = (film == other).mean()
            assert 0.05 < share < 0.5
            mine, its = ("covid", "normal") if own == 50 else ("normal", "covid")
            assert truth[LABELS.index(mine)] == pytest.approx(1 - share)
            assert truth[LABELS.index(its)] == pytest.approx(share)


def test_films_of_one_source_are_mixed_with_themselves(as_it_is):
    films = _flat([50] * 16, sources=1)
    for x, y, _ in _epoch(films, 0, TrainConfig(batch=8, augment=as_it_is, mix=1.0, restyle=1.0)):
        assert (x == 50).all()
        assert np.allclose(y, films.truth[0])
