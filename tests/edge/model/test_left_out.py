"""Figures of hospitals left out of training: read from a card, shown in place of the training's own, or refused."""

import copy

import pytest

from edge_app.model import card as card_
from edge_app.model import model_file
from edge_app.model.left_out import LeftOut
from edge_app.screening import phrasing
from edge_app.screening.run_context import RunContext
from tests.support import left_out
from tests.support.left_out import HOW, field, figure

NAMES = ("sensitivity", "specificity")
WHERE = "left_out"


@pytest.fixture
def raw(model_path):
    """Return a card of the small model with figures of hospitals left out."""
    return left_out.card(dict(model_file.read(model_path).card.raw))


@pytest.fixture
def card(raw):
    """Return it, checked."""
    return card_.parse(raw)


def test_it_is_read_and_written_as_it_was(raw, card):
    for rule, points in card.operating_points.items():
        for label, point in points.items():
            assert point.left_out.raw() == raw["operating_points"][rule][label]["left_out"]
            assert point.left_out.how == HOW
            assert point.left_out.films == 900


def test_the_worst_hospital_is_that_with_the_lowest_figure(card):
    found = card.operating_points["refer"]["covid"].left_out
    assert found.worst("sensitivity").name == "South"
    assert found.worst("specificity").name == "Healthy"  # which has no sensitivity


def test_its_figures_are_shown_in_place_of_those_of_the_training(card):
    point = card.operating_points["balanced"]["covid"]
    assert point.shown["sensitivity"]["value"] == pytest.approx(0.85)
    assert point.figures["sensitivity"]["value"] == 0.9
    context = RunContext(card, "", "balanced", prevalence=0.1)
    row = context.row()
    assert row["operating_point"]["sensitivity"]["value"] == pytest.approx(0.85)
    told = row["operating_point"]["findings"]["covid"]
    assert (told["measured_on"], told["hospitals"], told["films"]) == ("hospitals left out of training", 3, 900)
    assert told["worst"] == {
        "sensitivity": {"hospital": "South"} | figure(0.8),
        "specificity": {"hospital": "Healthy"} | figure(0.45),
    }
    # Of 1000 people 100 are sick: 85 are found. Of the 900 others (0.9 + 0.8 + 0.45) / 3 are cleared.
    assert row["ppv"]["value"] == pytest.approx(85 / (85 + 255), abs=1e-5)


def test_the_words_say_whose_films_they_were(card, model_path):
    told = phrasing.describe(card.operating_points["refer"]["covid"])
    assert told == (
        "unsure from score 0.200, suspected from 0.800; on 900 films of 3 hospitals that it was not trained on, "
        "0.85 (0.80 to 0.90; worst hospital 0.80) of the sick suspected or unsure, "
        "0.72 (0.67 to 0.77; worst hospital 0.45) of the others neither, 0.32 (0.27 to 0.37) of all unsure"
    )
    own = model_file.read(model_path).card.operating_points["balanced"]["covid"]
    assert "on test films of the hospitals that it was trained on, sensitivity 0.90" in phrasing.describe(own)


def test_one_hospital_is_not_several():
    one = LeftOut.of({WHERE: _one(field(NAMES, 0.9, 0.8))}, WHERE, NAMES)
    point = card_.OperatingPoint(0.5, "", {}, left_out=one)
    assert phrasing.measured_on(point) == "on 500 films of 1 hospital that it was not trained on"


def _one(made: dict) -> dict:
    return made | {"hospitals": made["hospitals"][:1], "pooled": {name: figure(0.9) for name in NAMES}}


def test_other_pneumonia_may_have_a_band_by_the_rule_refer_alone(raw, card):
    assert card.limits("refer") == ({"covid": 0.8, "pneumonia": 0.6}, {"covid": (0.2, 0.8), "pneumonia": (0.3, 0.6)})
    assert card.limits("sensitive")[1] == {}
    raw["operating_points"]["sensitive"]["pneumonia"] = raw["operating_points"]["refer"]["pneumonia"]
    with pytest.raises(ValueError, match=r"lacks field 'operating_points\.sensitive\.pneumonia\.threshold'"):
        card_.parse(raw)


def test_a_hospital_of_one_film_counts_and_needs_no_figure_of_others():
    made = field(NAMES, 0.9, 0.8)
    made["hospitals"][0] |= {"films": 1, "positives": 1, "specificity": None}
    assert LeftOut.of({WHERE: made}, WHERE, NAMES).hospitals[0].figures == {
        "sensitivity": figure(0.9),
        "specificity": None,
    }


WRONG = {
    "no hospital": (
        lambda made: made.update(hospitals=[]),
        r"left_out\.hospitals' names \[\]; it must name one or more",
    ),
    "one hospital twice": (
        lambda made: made["hospitals"].append(made["hospitals"][0]),
        r"names \['North', 'South', 'Healthy', 'North'\]",
    ),
    "no words": (lambda made: made.pop("how"), r"lacks field 'left_out\.how'"),
    "a hospital without a name": (
        lambda made: made["hospitals"][1].pop("name"),
        r"lacks field 'left_out\.hospitals\[1\]\.name'",
    ),
    "no film": (lambda made: made["hospitals"][2].update(films=0), r"hospitals\[2\]' has 0 films, 0 of them positives"),
    "more sick than films": (lambda made: made["hospitals"][0].update(positives=501), "has 500 films, 501 of them"),
    "fewer sick than none": (lambda made: made["hospitals"][0].update(positives=-1), "has 500 films, -1 of them"),
    "films that are not counted": (
        lambda made: made["hospitals"][0].update(films=1.5),
        r"hospitals\[0\]\.films' is 1\.5; it must be a whole number",
    ),
    "a figure of films that are not there": (
        lambda made: made["hospitals"][2].update(sensitivity=figure(0.9)),
        r"hospitals\[2\]\.sensitivity' is .* without such films it must be null or missing",
    ),
    "no figure of films that are there": (
        lambda made: made["hospitals"][0].update(specificity=None),
        r"lacks field 'left_out\.hospitals\[0\]\.specificity\.value'",
    ),
    "what is no share": (
        lambda made: made["hospitals"][0]["specificity"].update(high=1.2),
        r"hospitals\[0\]\.specificity\.high' is 1\.2; 0 to 1 is allowed",
    ),
    "no mean": (lambda made: made["pooled"].pop("specificity"), r"lacks field 'left_out\.pooled\.specificity\.value'"),
    "the in-house figure in place of the mean": (
        lambda made: made["pooled"].update(sensitivity=figure(0.95)),
        r"pooled\.sensitivity' has value 0\.95, and its hospitals \[0\.9, 0\.8\]; a mean of them is allowed",
    ),
    "a hospital that is none": (
        lambda made: made["hospitals"].append("East"),
        r"lacks field 'left_out\.hospitals\[3\]\.films'",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named(what):
    made = copy.deepcopy(field(NAMES, 0.9, 0.8))
    change, sentence = WRONG[what]
    change(made)
    with pytest.raises(ValueError, match=sentence):
        LeftOut.of({WHERE: made}, WHERE, NAMES)
