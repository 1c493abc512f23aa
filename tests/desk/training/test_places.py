"""How class maps become probabilities of places, and how often the hottest place is right."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from train.evaluation import intervals, localisation
from train.training import calibrate, config, places

LABELS = ("normal", "covid", "pneumonia")
SETTINGS = config.preset("tiny", sources=(), size=32)


def test_a_map_becomes_the_logits_of_places():
    """Places drawn by chance with a known logit are found again."""
    rng = np.random.default_rng(0)
    maps = rng.normal(0, 2, (400, 6, 6))
    inside = rng.random(maps.shape) < 1 / (1 + np.exp(-(1.5 * maps - 2)))
    truth = np.ones(400)
    found = calibrate.places(maps, inside, truth)
    assert found == {"scale": pytest.approx(1.5, abs=0.15), "offset": pytest.approx(-2, abs=0.15)}
    # Neither films that show half of it, nor sick ones without a box, are asked.
    more = np.concatenate([maps, np.full((50, 6, 6), 9.0)]), np.concatenate([inside, np.zeros((50, 6, 6), bool)])
    for doubtful in (0.5, 1.0):
        assert calibrate.places(*more, np.concatenate([truth, np.full(50, doubtful)])) == pytest.approx(found)
    assert calibrate.places(maps, np.zeros_like(inside), truth) is None
    assert calibrate.places(-maps, inside, truth) is None  # it falls where it should rise


def test_the_middle_of_a_place_decides_whether_it_lies_in_a_box():
    boxes = np.zeros((1, 12, 12, 1), np.uint8)
    boxes[0, :5, 6:] = 255  # rows 0 to 4: of 3 rows of 4 pixels the middle of the second, 6, lies below
    assert localisation.shrunk(boxes, 3)[0].tolist() == [[False, True, True], [False] * 3, [False] * 3]


def test_what_a_hottest_place_is_compared_with(monkeypatch):
    monkeypatch.setattr(intervals, "DRAWS", 20)
    inside = np.zeros((4, 2, 2), bool)
    inside[:3, 0, 0] = inside[3, 1, 1] = inside[0, 0, 1] = True
    maps = np.zeros((4, 2, 2))
    maps[:, 0, 0] = 1
    maps[1, 1, 0] = 2  # wrong
    maps[3, 1, 1] = 2  # right
    found = localisation.measure(maps, inside, np.array(list("abcd")))
    assert found["hottest_in_box"]["value"] == 0.75
    assert found["random_place"] == 5 / 16
    assert found["best_fixed_place"] == 0.75
    assert found["films"] == 4 and found["places"] == "2 x 2"
    assert found["median_correlation"] < 1
    assert localisation.alike(np.stack([maps[0], maps[0] * 3]), np.array(["a", "b"])) == pytest.approx(1)


def test_how_much_alike_maps_are_has_an_interval_over_patients():
    rng = np.random.default_rng(0)
    shared, own = rng.normal(size=(1, 6, 6)), rng.normal(size=(30, 6, 6))
    patients = np.array([f"p{i}" for i in range(30)])
    found = localisation.alike_between(shared + own, patients)
    assert found["value"] == localisation.alike(shared + own, patients)
    assert 0 < found["low"] < found["value"] < found["high"] < 1
    assert localisation.alike_between(np.repeat(shared, 3, axis=0), patients[:3])["value"] == pytest.approx(1)


def test_the_map_is_that_of_the_likelier_disease():
    scores = np.array([[0.9, 0.3, 0.1], [0.1, 0.2, 0.4]])
    maps = np.arange(2 * 4 * 3).reshape(2, 2, 2, 3)
    shown = localisation.suspected_map(scores, maps, (1, 2))
    assert np.array_equal(shown[0], maps[0, ..., 1])
    assert np.array_equal(shown[1], maps[1, ..., 2])


@pytest.fixture
def looking(dataset, monkeypatch):
    """A stand-in for a network whose maps are the brightness of quarters; sick films have a box round a bright one."""
    monkeypatch.setattr(intervals, "DRAWS", 20)
    films = dataset.films.assign(boxes=np.where(dataset.films["label"] == "normal", "", "0 0 0.5 0.5"))
    opacities = np.zeros((*dataset.pixels.shape[:3], 1), np.uint8)
    opacities[films["label"] != "normal", :16, :16] = 255
    pixels = np.random.default_rng(0).integers(0, 60, dataset.pixels.shape).astype(np.uint8)
    pixels[opacities > 0] += 150
    inputs = keras.Input((32, 32, 1))
    quarters = keras.layers.AveragePooling2D(16)(keras.layers.Rescaling(1 / 40, offset=-2)(inputs))
    maps = keras.layers.Concatenate(name="cam")([-quarters, quarters, quarters - 0.1])
    scores = keras.layers.Activation("sigmoid")(keras.layers.GlobalAveragePooling2D()(maps))
    return keras.Model(inputs, scores), replace(dataset, films=films, pixels=pixels, opacities=opacities)


def test_a_network_that_looks_into_the_boxes(looking):
    model, films = looking
    val = np.flatnonzero(films.films["split"] == "val")
    found = places.scales(model, SETTINGS, films, val)
    assert set(found) == {"covid", "pneumonia"}
    for numbers in found.values():
        assert numbers["scale"] > 0
        # Dark places, near -1.2, are not in a box; bright ones, near 2.5, are.
        assert numbers["scale"] * -1.2 + numbers["offset"] < 0 < numbers["scale"] * 2.5 + numbers["offset"]
    points = {"covid": {"low": 0.1, "high": 0.3}, "pneumonia": {"threshold": 0.99}}
    seen = places.measured(model, SETTINGS, films, points)
    boxed = (films.films["split"] == "test") & (films.films["boxes"] != "")
    assert seen["films"] == boxed.sum()
    assert seen["hottest_in_box"]["value"] == 1
    never = {"covid": {"low": 1, "high": 1}, "pneumonia": {"threshold": 1}}
    assert places.measured(model, SETTINGS, films, never) is None
    assert places.measured(model, SETTINGS, replace(films, opacities=None), points) is None
