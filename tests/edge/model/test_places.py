"""The parts of a card about places: how class maps become chances, and how well the hottest place was found to lie."""

from dataclasses import asdict

import numpy as np
import pytest

from edge_app.model import card as cards
from edge_app.model import model_file
from edge_app.model.places import PlaceScale
from tests.support.model_files import put

PLACES = {"covid": {"scale": 0.5, "offset": -1}, "pneumonia": {"scale": 2.0, "offset": 0.25}}
MEASURED = {
    "hottest_in_box": {"value": 0.8, "low": 0.76, "high": 0.84},
    "random_place": 0.27,
    "best_fixed_place": 0.675,
    "films": 443,
}


def _parsed(card: dict):
    return cards.parse({"format": cards.FORMAT, "version": cards.VERSION, "sha256": "", "lungs_sha256": ""} | card)


def test_a_card_without_them(card):
    parsed = _parsed(card)
    assert parsed.places == {} and parsed.localisation is None


def test_a_card_with_them(card):
    parsed = _parsed(card | {"places": PLACES, "localisation": MEASURED})
    assert parsed.places == {"covid": PlaceScale(0.5, -1.0), "pneumonia": PlaceScale(2.0, 0.25)}
    assert asdict(parsed.localisation) == MEASURED
    logits = parsed.places["covid"].logits(np.float32([[4, 0], [-2, 1]]))
    assert logits.dtype == np.float32
    assert logits.tolist() == [[1, -1], [-2, -0.5]]


def test_they_hold_for_photographs_too(card):
    camera = {"temperature": 2.0, "operating_points": card["operating_points"], "gate": None}
    assert _parsed(card | {"places": PLACES, "camera": camera}).camera.places["covid"] == PlaceScale(0.5, -1.0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"places": [1]}, "field 'places' is [1]; it must be a mapping"),
        ({"places": {}}, "field 'places' has []; 'covid' must be among them"),
        (
            {"places": {"pneumonia": PLACES["pneumonia"]}},
            "field 'places' has ['pneumonia']; 'covid' must be among them",
        ),
        ({"places": PLACES | {"normal": PLACES["covid"]}}, "others may be, of ['covid', 'pneumonia']"),
        ({"places": PLACES | {"tumour": PLACES["covid"]}}, "others may be, of ['covid', 'pneumonia']"),
        ({"places": {"covid": {"offset": 0}}}, "lacks field 'places.covid.scale'"),
        ({"places": {"covid": {"scale": 1}}}, "lacks field 'places.covid.offset'"),
        ({"places": {"covid": {"scale": "1", "offset": 0}}}, "field 'places.covid.scale' is '1'; it must be a number"),
        ({"places": {"covid": {"scale": 0, "offset": 0}}}, "field 'places.covid.scale' is 0; it must be above 0"),
        ({"places": {"covid": {"scale": -1, "offset": 0}}}, "field 'places.covid.scale' is -1; it must be above 0"),
        (
            {"places": {"covid": {"scale": float("inf"), "offset": 0}}},
            "'places.covid.scale' is inf; it must be above 0",
        ),
        (
            {"places": {"covid": {"scale": float("nan"), "offset": 0}}},
            "'places.covid.scale' is nan; it must be above 0",
        ),
        (
            {"places": {"covid": {"scale": 1, "offset": float("nan")}}},
            "'places.covid.offset' is nan; it must be finite",
        ),
        ({"localisation": {}}, "lacks field 'localisation.films'"),
        ({"localisation": MEASURED | {"films": 0}}, "field 'localisation.films' is 0; at least 1 is allowed"),
        (
            {"localisation": MEASURED | {"random_place": 27}},
            "field 'localisation.random_place' is 27; 0 to 1 is allowed",
        ),
        ({"localisation": MEASURED | {"hottest_in_box": 0.8}}, "lacks field 'localisation.hottest_in_box.value'"),
    ],
)
def test_a_wrong_field_is_refused_with_a_sentence(tmp_path, content, card, fields, words):
    with pytest.raises(ValueError) as caught:
        _parsed(card | fields)
    assert f"{caught.value}".startswith("its card") and words in f"{caught.value}"


def test_a_model_file_with_a_wrong_field_is_refused(tmp_path, flatbuffer, lungs, card):
    path = put(model_file.pack(flatbuffer, lungs, card | {"places": PLACES}), tmp_path)
    assert model_file.read(path).card.places["pneumonia"] == PlaceScale(2.0, 0.25)
    with pytest.raises(ValueError, match=r"'places\.covid\.scale' is 0"):
        model_file.pack(flatbuffer, lungs, card | {"places": {"covid": {"scale": 0, "offset": 0}}})
