"""The heat map: whose it is, what its places are, and one scale of colours for every film."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_app.imaging import lung_field
from edge_app.model.places import PlaceScale
from edge_app.screening import decision, finding, phrasing, screening
from edge_app.screening.heat import Heat
from tests.support import results
from tests.support.films import draw_film

PLACES = {"covid": PlaceScale(0.5, -1.0), "pneumonia": PlaceScale(2.0, 0.25)}


@pytest.fixture
def with_places(classifier, monkeypatch):
    """Return the small model's networks, with a card that says how class maps become chances."""
    monkeypatch.setattr(classifier, "card", replace(classifier.card, places=PLACES))
    return classifier


def test_a_card_without_places_shows_the_class_map_of_covid(classifier):
    seen = screening.infer(draw_film(1000, 300, 260, opacity=1.0), classifier)
    assert list(seen.heats) == ["covid"]
    shown = seen.heats["covid"]
    assert np.array_equal(shown.logits, seen.maps[..., classifier.card.labels.index("covid")])
    assert shown.peak is None and not shown.chances


def test_a_card_with_places_shows_chances(with_places):
    seen = screening.infer(draw_film(1000, 300, 260, opacity=1.0), with_places)
    for label, scale in PLACES.items():
        own = seen.maps[..., with_places.card.labels.index(label)]
        shown = seen.heats[label]
        np.testing.assert_allclose(shown.logits, own * scale.scale + scale.offset, rtol=1e-6)
        assert shown.peak == pytest.approx(1 / (1 + np.exp(-shown.logits.max())))
        assert shown.inside == lung_field.inside(shown.logits, seen.field)


def test_class_maps_keep_their_mean_so_that_the_self_check_stays(with_places):
    film = draw_film(1000, 300, 260, opacity=1.0)
    seen = screening.infer(film, with_places)
    assert np.array_equal(seen.maps, with_places.scores(seen.pixels)[1])


@pytest.mark.parametrize(
    ("covid", "pneumonia", "label"),
    [
        (finding.SUSPECTED, finding.SUSPECTED, "covid"),
        (finding.UNSURE, finding.SUSPECTED, "covid"),
        (finding.CLEARED, finding.SUSPECTED, "pneumonia"),
        (finding.CLEARED, finding.UNSURE, "pneumonia"),
        (finding.CLEARED, finding.CLEARED, "covid"),
    ],
)
def test_the_map_is_that_of_the_label_that_the_verdict_is_about(covid, pneumonia, label):
    found = results.inference(chances=True)
    made = results.judged(Path("film.png"), "ab" * 32, found=found, covid=covid, pneumonia=pneumonia)
    assert made.heat is found.heats[label]
    assert made.row()["lungs"]["heat_label"] == label
    assert made.row()["lungs"]["heat_peak"] == round(1 / (1 + np.exp(-1)), 4)
    # A model that tells nothing of places has one map.
    old = replace(made, inference=results.inference())
    assert old.heat.label == "covid"
    assert old.row()["lungs"]["heat_peak"] is None


def test_a_refused_film_has_the_map_of_covid_if_the_networks_were_asked():
    found = results.inference(chances=True)
    asked = {"inference": found, "field": found.field}
    made = results.refused(Path("film.png"), "ab" * 32, "unlike the training films", rejection=asked)
    assert made.heat is found.heats["covid"]
    not_asked = results.refused(Path("film.png"), "ab" * 32, "too small", rejection={"field": found.field})
    assert not_asked.heat is None
    assert not_asked.row()["lungs"]["heat_inside"] is None and not_asked.row()["lungs"]["heat_label"] is None


def test_colours_begin_where_an_opacity_is_likelier_than_not():
    shown = Heat("covid", np.zeros((2, 2), np.float32), chances=True, inside=None)
    chances = np.array([0.01, 0.5, 0.75, 0.9, 0.999999])
    np.testing.assert_allclose(shown.strength(np.log(chances / (1 - chances))), [0, 0, 0.5, 0.8, 1], atol=1e-5)


def test_the_colours_of_a_class_map_begin_at_0_and_are_cut_off():
    shown = Heat("covid", np.zeros((2, 2), np.float32), chances=False, inside=None)
    assert shown.strength(np.array([-3, 0, 10, 20, 40])).tolist() == [0, 0, 0.5, 1, 1]


def _row(verdict, inside=0.2, **more):
    return {"verdict": verdict, "lungs": {"heat_inside": inside} | more}


def test_a_verdict_of_pneumonia_rests_on_the_map_of_pneumonia_alone():
    assert phrasing.heat_warning(_row(decision.PNEUMONIA, heat_label="pneumonia")) == phrasing.OUTSIDE
    assert phrasing.heat_warning(_row(decision.PNEUMONIA, heat_label="covid")) == phrasing.ASIDE
    assert phrasing.heat_warning(_row(decision.PNEUMONIA)) == phrasing.ASIDE  # as older programs stored it
    assert phrasing.heat_warning(_row(decision.UNSURE, heat_label="pneumonia")) == phrasing.OUTSIDE
    assert phrasing.heat_warning(_row(decision.PNEUMONIA, 0.5, heat_label="pneumonia")) is None
    assert phrasing.heat_warning({"verdict": None, "lungs": None}) is None


def test_the_words_say_what_was_measured():
    map_ = np.full((2, 2), 2, np.float32)
    chances = Heat("pneumonia", map_, chances=True, inside=0.8)
    low, high, of_what = phrasing.heat_scale(chances)
    assert (low, high) == ("0.5", "1")
    assert of_what == "how likely a radiologist would box an opacity here (map of other pneumonia)"
    assert phrasing.heat_found(chances) == (
        "80% of the heat lies inside the lungs; hottest place: 0.88 (map of other pneumonia)"
    )
    cold = Heat("covid", -map_, chances=True, inside=None)
    assert phrasing.heat_found(cold) == (
        "no place is likelier than not to hold an opacity; hottest place: 0.12 (map of COVID-19)"
    )
    raised = Heat("covid", map_, chances=False, inside=None)
    assert phrasing.heat_scale(raised) == ("0", "20 or more", "how much a place raises the score of COVID-19 (logit)")
    assert phrasing.heat_found(raised) == "no place raises the score (map of COVID-19)"
