"""The gate: what was measured of a picture becomes a reason to refuse it, or none."""

from dataclasses import replace

import numpy as np
import pytest

from edge_app.gate import gate, picture_checks, refusal, view_classes
from edge_app.gate.gate import Check, Limits
from tests.support.films import draw_film

LIMITS = Limits(wrong=0.5, cut=0.4, unlike=2.0, picture={})


def _chances(**some):
    """Return the chance of every kind: `some`, and the rest shared out among frontal."""
    named = {kind: some.get(kind.replace(" ", "_"), 0.0) for kind in view_classes.CLASSES}
    return named | {view_classes.FRONTAL: 1 - sum(named.values())}


def test_a_frontal_film_passes():
    checks, why = gate.of_kind(_chances(lateral=0.2, cut=0.3), LIMITS)
    assert why is None
    assert [check.ok for check in checks] == [True, True]
    assert gate.of_distance(1.9, LIMITS)[1] is None
    assert gate.of_age(None) is None
    assert gate.of_age(16) is None
    assert gate.of_size(128, 4000) is None


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("picture", refusal.PICTURE),
        ("ct", refusal.CT),
        ("lateral", refusal.LATERAL),
        ("part", refusal.PART),
        ("inverted", refusal.INVERTED),
        ("upside_down", refusal.TURNED),
        ("head_left", refusal.TURNED),
        ("head_right", refusal.TURNED),
        ("photograph", refusal.FILM_PHOTOGRAPH),
    ],
)
def test_each_kind_has_its_reason(kind, reason):
    checks, why = gate.of_kind(_chances(**{kind: 0.8}), LIMITS)
    assert why.kind == reason
    assert not checks[0].ok
    assert why.sentence.rstrip(".") == why.sentence  # it ends up inside a longer one


def test_kinds_count_together_and_the_likeliest_names_the_reason():
    _, why = gate.of_kind(_chances(ct=0.3, lateral=0.25), LIMITS)
    assert why.kind == refusal.CT
    assert gate.of_kind(_chances(ct=0.3), LIMITS)[1] is None


def _shown(grey, **chances):
    asked = gate.Gate(replace(LIMITS, picture={picture_checks.EMPTY: 0.3}))
    asked.picture(grey, _chances(**chances))
    return asked.refusal


@pytest.fixture
def half():
    """Return a drawn film of which one half is black."""
    film = draw_film(3, 640, 540)
    film[300:] = 0
    return film


def test_the_kind_of_a_picture_outranks_an_empty_side(half):
    assert _shown(half, cut=0.35).kind == refusal.CUT
    assert _shown(half, picture=0.6).kind == refusal.PICTURE
    assert _shown(half, part=0.6).kind == refusal.PART


def test_a_film_that_is_surely_whole_may_lie_on_a_ground_that_is_empty_on_one_side(half):
    assert _shown(half, cut=0.2) is None
    assert _shown(half, cut=0.26).kind == refusal.CUT


def test_the_kind_of_a_picture_outranks_its_few_grey_levels(half):
    drawing = half // 128 * 255
    assert _shown(drawing).kind == refusal.LEVELS
    assert _shown(drawing, picture=0.6).kind == refusal.PICTURE


def test_a_picture_that_is_blank_is_called_so_whatever_it_looks_like():
    asked = gate.Gate(replace(LIMITS, picture={picture_checks.CONTRAST: 53}))
    asked.picture(np.full((400, 400), 90, np.uint8), _chances(picture=0.9))
    assert asked.refusal.kind == refusal.BLANK


def test_a_film_out_of_a_photograph_may_look_like_one():
    expected = replace(LIMITS, of_photographs=True)
    assert gate.of_kind(_chances(photograph=0.9), expected)[1] is None
    assert gate.of_kind(_chances(photograph=0.4, picture=0.55), expected)[1].kind == refusal.PICTURE
    assert "--frames 1" in gate.of_kind(_chances(photograph=0.9), LIMITS)[1].sentence


def test_a_file_of_an_earlier_release_tells_no_photographs():
    known = {kind: chance for kind, chance in _chances(lateral=0.2).items() if kind != view_classes.PHOTOGRAPH}
    assert gate.of_kind(known, LIMITS)[1] is None


@pytest.mark.parametrize(
    ("chances", "reason"), [({"picture": 0.2, "part": 0.1}, refusal.PICTURE), ({"part": 0.3}, refusal.PART)]
)
def test_where_no_lungs_are_found_none_are_cut_off(chances, reason):
    seen = _chances(cut=0.6, **chances)
    asked = gate.Gate(LIMITS)
    asked.picture(draw_film(3, 640, 540), seen)
    assert asked.refusal.kind == refusal.CUT
    assert asked.no_lungs("no lung field is to be seen", seen).kind == asked.refusal.kind == reason


def test_a_film_without_lungs_is_refused_for_that_if_nothing_else_is_wrong():
    asked = gate.Gate(LIMITS)
    asked.picture(draw_film(3, 640, 540), _chances())
    assert asked.no_lungs("no lung field is to be seen", _chances()).kind == refusal.NO_LUNGS
    assert gate.Gate(None).no_lungs("no lung field is to be seen", {}).kind == refusal.NO_LUNGS


def test_a_picture_needs_a_third_of_the_chance_of_another_kind_to_name_the_reason():
    assert gate.of_kind(_chances(part=0.5, picture=0.2), LIMITS)[1].kind == refusal.PICTURE
    assert gate.of_kind(_chances(part=0.5, picture=0.15), LIMITS)[1].kind == refusal.PART


def test_what_is_cut_is_refused_unless_it_is_something_else_anyway():
    assert gate.of_kind(_chances(cut=0.45), LIMITS)[1].kind == refusal.CUT
    assert gate.of_kind(_chances(cut=0.45, part=0.52), LIMITS)[1].kind == refusal.PART


def test_sentences_say_what_was_found():
    assert "5 years" in gate.of_age(5.4).sentence
    assert gate.of_age(15.9).kind == refusal.CHILD
    assert "4000 x 127 pixels" in gate.of_size(127, 4000).sentence
    assert gate.of_size(127, 4000).kind == refusal.SMALL
    assert gate.of_distance(2.01, LIMITS)[1].kind == refusal.UNLIKE


def test_a_check_may_have_a_limit_on_either_side():
    assert Check("a", 1.0).ok
    assert Check("a", 1.0, low=1.0, high=1.0).ok
    assert not Check("a", 0.9, low=1.0).ok
    assert not Check("a", 1.1, high=1.0).ok


def test_an_unknown_reason_is_a_bug_of_ours():
    with pytest.raises(ValueError, match="refusal is 'tired'; it must be one of"):
        refusal.Refusal("tired", "go to bed")
