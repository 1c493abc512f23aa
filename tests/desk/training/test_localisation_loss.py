"""What looking outside the lungs costs, and that training lowers it."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from convert.verify import heat as measured
from tests.support.results import inference
from train.models import networks as networks
from train.training import augment, localisation_loss


def _maps(inside, outside):
    """Return class maps of one film, (1, 4, 4, 3): the left half is lung; both halves have one value for label 1."""
    maps = np.full((1, 4, 4, 3), -1.0, np.float32)
    maps[0, :, :2, 1], maps[0, :, 2:, 1] = inside, outside
    return maps


LUNGS = np.zeros((1, 4, 4, 1), np.float32)
LUNGS[:, :, :2] = 1


def test_the_share_of_the_heat_outside_is_what_is_lost():
    loss = localisation_loss.loss((1,))
    assert float(loss(LUNGS, _maps(3, -3))[0]) == 0
    assert float(loss(LUNGS, _maps(-3, 3))[0]) == pytest.approx(1, abs=0.02)
    assert float(loss(LUNGS, _maps(3, 3))[0]) == pytest.approx(0.5, abs=0.01)
    assert float(loss(LUNGS, _maps(-3, -3))[0]) == 0  # a cold film costs nothing
    assert float(localisation_loss.loss((0, 2))(LUNGS, _maps(-3, 3))[0]) == 0  # nor what speaks for another label


def test_masks_shrink_to_the_places_of_the_maps():
    masks = np.zeros((2, 8, 8, 1), np.float32)
    masks[0, :4], masks[1, :2, :2] = 255, 255
    places = localisation_loss.truth(masks, 2)
    assert places[..., 0].tolist() == [[[1, 1], [0, 0]], [[0.25, 0], [0, 0]]]


def test_mask_and_film_move_alike_and_the_mask_keeps_its_look():
    lungs = np.zeros((96, 96, 1), np.uint8)
    lungs[20:70, 15:40] = lungs[20:70, 55:80] = 255
    for seed in range(5):
        moved = augment.full(np.concatenate([lungs, lungs], axis=-1), np.random.default_rng(seed))
        assert moved.shape == (96, 96, 2)
        assert set(np.unique(moved[..., 1][moved[..., 1] > 250])) == {255}
        both = (moved[..., 0] > 127) & (moved[..., 1] > 127)
        assert both.sum() > 0.6 * (moved[..., 1] > 127).sum()
        alone = augment.full(lungs, np.random.default_rng(seed))
        assert np.array_equal(alone[..., 0], moved[..., 0])


def test_training_with_it_turns_the_heat_inside():
    """A network that may tell the label by a patch outside the lungs or by one inside learns to use the inner one."""
    rng = np.random.default_rng(0)
    films = rng.integers(60, 120, (96, 64, 64, 1)).astype(np.float32)
    sick = np.arange(96) % 2 == 0
    for film in films[sick]:
        film[4:20, 4:20] = film[40:56, 40:56] = 220
    masks = np.zeros_like(films)
    masks[:, 32:, 32:] = 255
    labels = np.stack([~sick, sick], axis=1).astype(np.float32)
    shares = {}
    for weight in (0.0, 1.0):
        keras.utils.set_random_seed(3)
        model = networks.build("tiny", 64, ("normal", "covid"), dropout=0.0)
        both = localisation_loss.attach(model)
        both.compile(
            keras.optimizers.Adam(3e-3),
            {"scores": "binary_crossentropy", "heat": localisation_loss.loss((1,))},
            loss_weights={"scores": 1.0, "heat": weight},
        )
        both.fit(
            films, {"scores": labels, "heat": localisation_loss.truth(masks, 2)}, epochs=32, batch_size=16, verbose=0
        )
        maps = np.maximum(networks.with_class_maps(model).predict(films[sick], verbose=0)["cam"][..., 1], 0)
        shares[weight] = maps[:, 1:, 1:].sum() / maps.sum()
    assert shares[1.0] > shares[0.0] + 0.1
    assert shares[1.0] > 0.8


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
