"""What a card may say at the edge of what is allowed, and one step beyond it."""

import copy

import pytest

from edge_app.model import card as card_
from edge_app.model import model_file


@pytest.fixture
def raw(model_path):
    """Return a copy of the small model's card."""
    return copy.deepcopy(dict(model_file.read(model_path).card.raw))


@pytest.mark.parametrize("size", [16, 1024])
def test_the_smallest_and_the_largest_input(raw, size):
    raw["preprocess"]["size"] = size
    assert card_.parse(raw).size == size


@pytest.mark.parametrize("size", [15, 1025])
def test_an_input_that_is_smaller_or_larger(raw, size):
    raw["preprocess"]["size"] = size
    with pytest.raises(ValueError, match=f"'preprocess.size' is {size}; 16 to 1024 is allowed"):
        card_.parse(raw)


@pytest.mark.parametrize(
    "labels", [["normal", "covid", "covid"], ["normal", "covid", ""], ["normal", "covid", 5], ["covid", "covid", ""]]
)
def test_labels_are_words_and_each_stands_once(raw, labels):
    with pytest.raises(ValueError, match=r"'labels' is .*; it must be a list of different words"):
        card_.parse(raw | {"labels": labels})


def test_every_label_may_have_a_threshold(raw):
    card = card_.parse(raw | {"labels": ["pneumonia", "covid"]})
    assert set(card.operating_points["refer"]) == set(card.labels)


@pytest.mark.parametrize("temperature", [0.5, 1, 2.0])
def test_photographs_have_a_temperature_and_limits_of_their_own(raw, temperature):
    limits = {"features": 8, "unlike": 2, "wrong": 0.5, "cut": 1.0, "picture": {"empty on one side": 0}}
    camera = {"temperature": temperature, "operating_points": raw["operating_points"], "gate": limits}
    card = card_.parse(raw | {"camera": camera, "gate": limits | {"wrong": 0.25}})
    assert (card.of_photographs, card.temperature, card.gate.of_photographs) == (False, 1.0, False)
    assert (card.camera.of_photographs, card.camera.temperature) == (True, temperature)
    assert (card.camera.gate.of_photographs, card.camera.gate.wrong, card.gate.wrong) == (True, 0.5, 0.25)
    assert (card.camera.gate.cut, card.camera.gate.unlike) == (1.0, 2.0)
    assert card.camera.gate.picture == {"empty on one side": 0.0}


@pytest.mark.parametrize("temperature", [0, -1, float("inf"), float("nan")])
def test_a_temperature_of_photographs_that_is_none(raw, temperature):
    camera = {"temperature": temperature, "operating_points": raw["operating_points"], "gate": None}
    with pytest.raises(ValueError, match=r"'camera.temperature' is .*; it must be above 0"):
        card_.parse(raw | {"camera": camera})
