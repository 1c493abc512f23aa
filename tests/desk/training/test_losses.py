"""What wrong scores and wrong places cost, and that training lowers it."""

import keras
import numpy as np
import pytest

from train.models import networks, place_logits
from train.training import augment, losses


def test_a_score_costs_its_cross_entropy_times_its_weight():
    targets, weights = np.array([[1, 0, 0.5]], np.float32), np.array([[1, 2, 0]], np.float32)
    expected = losses.with_weights(targets, weights)
    given = np.array([[0.8, 0.4, 0.9]], np.float32)
    assert float(losses.scores(0.0)(expected, given)[0]) == pytest.approx((-np.log(0.8) - 2 * np.log(0.6)) / 3, 1e-4)
    smoothed = -0.9 * np.log(0.8) - 0.1 * np.log(0.2) - 2 * (0.9 * np.log(0.6) + 0.1 * np.log(0.4))
    assert float(losses.scores(0.2)(expected, given)[0]) == pytest.approx(smoothed / 3, 1e-4)


def test_places_should_say_the_share_in_a_box_times_how_far_the_film_shows_the_disease():
    boxes = np.zeros((4, 8, 8, 1), np.float32)
    boxes[0, :4], boxes[1, :2, :2] = 255, 255
    targets = np.array([[1, 0], [0.5, 0.5], [0, 0], [0, 1]], np.float32)  # the last is sick and has no box
    truth = losses.place_truth(boxes, targets, 2)
    assert truth.shape == (4, 2, 2, 3)
    assert truth[0, ..., 0].tolist() == [[1, 1], [0, 0]] and not truth[0, ..., 1].any()
    assert truth[1, ..., 0].tolist() == truth[1, ..., 1].tolist() == [[0.125, 0], [0, 0]]
    assert truth[:, 0, 0, 2].tolist() == [1, 1, 1, 0]
    logits = np.full((4, 2, 2, 2), -3.0, np.float32)
    cost = np.array(losses.places(truth, logits))
    quiet = np.log1p(np.exp(-3))
    assert cost[2] == pytest.approx(quiet, 1e-4) and cost[3] == 0
    assert cost[0] == pytest.approx(quiet + 3 * 2 / 8, 1e-4)  # two of eight places wrongly stay quiet


@pytest.mark.parametrize("kind", ["full", "strong"])
def test_mask_and_film_move_alike_and_the_mask_keeps_its_look(kind):
    change = augment.KINDS[kind]
    lungs = np.zeros((96, 96, 1), np.uint8)
    lungs[20:70, 15:40] = lungs[20:70, 55:80] = 255
    for seed in range(5):
        moved = change(np.concatenate([lungs, lungs], axis=-1), np.random.default_rng(seed))
        assert moved.shape == (96, 96, 2)
        assert set(np.unique(moved[..., 1][moved[..., 1] > 250])) == {255}
        both = (moved[..., 0] > 127) & (moved[..., 1] > 127)
        assert both.sum() > 0.6 * (moved[..., 1] > 127).sum()
        alone = change(lungs, np.random.default_rng(seed))
        assert np.array_equal(alone[..., 0], moved[..., 0])


def test_training_with_boxes_moves_the_map_into_them():
    """A network that may tell the label by a patch in a box or by one beside it learns to use the one in the box."""
    rng = np.random.default_rng(0)
    films = rng.integers(60, 120, (96, 64, 64, 1)).astype(np.float32)
    sick = np.arange(96) % 2 == 0
    for film in films[sick]:
        film[4:20, 4:20] = film[40:56, 40:56] = 220
    boxes = np.zeros_like(films)
    boxes[sick, 32:, 32:] = 255
    labels = np.stack([~sick, sick], axis=1).astype(np.float32)
    truth = {
        "scores": losses.with_weights(labels, np.ones_like(labels)),
        "places": losses.place_truth(boxes, labels[:, 1:], 2),
    }
    inside = {}
    for weight in (0.0, 3.0):
        keras.utils.set_random_seed(3)
        model = networks.build("tiny", 64, ("normal", "covid"), dropout=0.0)
        both = place_logits.attach(model, (1,))
        both.compile(
            keras.optimizers.Adam(3e-3),
            {"scores": losses.scores(0.0), "places": losses.places},
            loss_weights={"scores": 1.0, "places": weight},
        )
        both.fit(films, truth, epochs=32, batch_size=16, verbose=0)
        maps = networks.with_class_maps(model).predict(films[sick], verbose=0)["cam"][..., 1]
        inside[weight] = np.mean(maps[:, 1, 1] - np.maximum(maps[:, 0, 0], np.maximum(maps[:, 0, 1], maps[:, 1, 0])))
    assert inside[3.0] > inside[0.0] + 0.5
    assert inside[3.0] > 0.5


def test_a_checkpoint_with_places_is_loaded_as_it_was(tmp_path):
    both = place_logits.attach(networks.build("tiny", 64, ("normal", "covid"), dropout=0.0), (1,))
    both.get_layer("places").set_weights([np.array([2.0]), np.array([-1.0])])
    both.save(tmp_path / "both.keras")
    again = keras.models.load_model(tmp_path / "both.keras")
    films = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 1)).astype(np.float32)
    maps = networks.with_class_maps(both).predict(films, verbose=0)["cam"][..., 1:]
    assert np.allclose(again.predict(films, verbose=0)["places"], 2 * maps - 1, atol=1e-5)
