"""Figures of hospitals left out of training, counted by hand, and their way into a card."""

import numpy as np
import pandas as pd
import pytest

from edge_app.model.card import BAND_FIGURES, FIGURES
from edge_app.model.left_out import LeftOut
from train.evaluation import left_out

HOW = "trained anew without each collection in turn"
BAND = {"low": 0.2, "high": 0.8}


def films(hospital: str, sick: list[float], others: list[float], patients: int | None = None) -> pd.DataFrame:
    """Return films with these COVID-19 scores, each of a patient of its own, or of so many patients in turn."""
    scores = [*sick, *others]
    of = [at if patients is None else at % patients for at in range(len(scores))]
    return pd.DataFrame(
        {
            "source": hospital,
            "label": ["covid"] * len(sick) + ["normal"] * len(others),
            "group": [f"{hospital} {patient}" for patient in of],
            "score_covid": scores,
        }
    )


@pytest.fixture
def two():
    """Return the films of a hospital with both kinds, and of one with healthy people alone."""
    north = films("North", [0.9, 0.9, 0.5, 0.1], [0.1] * 6 + [0.5] * 3 + [0.9])
    return pd.concat([north, films("Healthy", [], [0.1] * 5 + [0.5] * 5)], ignore_index=True)


def test_counted_by_hand(two):
    found = left_out.measure(two, "covid", BAND, HOW)
    healthy, north = found.hospitals
    assert (north.name, north.films, north.positives) == ("North", 14, 4)
    assert (healthy.name, healthy.films, healthy.positives) == ("Healthy", 10, 0)
    values = {name: one and one["value"] for name, one in north.figures.items()}
    assert values == {
        "sensitivity": 3 / 4,
        "specificity": 6 / 10,
        "suspected_sensitivity": 2 / 4,
        "suspected_specificity": 9 / 10,
        "referred": pytest.approx(4 / 14),
    }
    assert healthy.figures["sensitivity"] is None and healthy.figures["specificity"]["value"] == 0.5
    # Each hospital counts the same, whatever its size; of the sick there is one hospital.
    assert found.pooled["specificity"]["value"] == pytest.approx((0.6 + 0.5) / 2)
    assert found.pooled["sensitivity"]["value"] == 3 / 4
    assert (found.worst("specificity").name, found.films) == ("Healthy", 24)


@pytest.mark.parametrize(("point", "names"), [(BAND, BAND_FIGURES), ({"threshold": 0.5}, FIGURES)])
def test_a_card_takes_it(two, point, names):
    raw = {"left_out": left_out.measure(two, "covid", point, HOW).raw()}
    assert LeftOut.of(raw, "left_out", names).raw() == raw["left_out"]


def test_a_threshold_has_no_band(two):
    found = left_out.measure(two, "covid", {"threshold": 0.5}, HOW)
    assert set(found.pooled) == set(FIGURES)
    assert found.hospitals[1].figures["sensitivity"]["value"] == 3 / 4  # a score that equals it counts


def test_hospitals_that_differ_widen_the_interval_more_than_their_films_narrow_it():
    alike = pd.concat([films(name, [0.9] * 700 + [0.1] * 300, [0.1]) for name in "ABCD"])
    shares = {"A": 950, "B": 850, "C": 550, "D": 450}
    apart = pd.concat([films(name, [0.9] * found + [0.1] * (1000 - found), [0.1]) for name, found in shares.items()])
    one, other = (left_out.measure(table, "covid", BAND, HOW).pooled["sensitivity"] for table in (alike, apart))
    assert one["value"] == other["value"] == pytest.approx(0.7)
    # Of 4,000 patients the binomial interval is 0.686 to 0.714; the mean of four hospitals has a standard error of 0.1.
    assert (one["low"], one["high"]) == (pytest.approx(0.686, abs=0.004), pytest.approx(0.714, abs=0.004))
    assert other["low"] < 0.54 and other["high"] > 0.86


def test_a_share_of_1_is_not_certain():
    found = left_out.measure(films("North", [0.9] * 20, [0.1] * 20), "covid", BAND, HOW)
    for figure in (found.pooled["sensitivity"], found.hospitals[0].figures["sensitivity"]):
        assert figure["value"] == figure["high"] == 1
        assert 0.8 < figure["low"] < 0.95  # none of 20 missed: the exact interval begins at 0.832


def test_films_of_few_patients_say_less():
    scores = [0.9] * 60 + [0.1] * 40
    mixed = list(np.random.default_rng(1).permutation(scores))
    many, few = (
        left_out.measure(films("North", mixed, [0.1], patients), "covid", BAND, HOW) for patients in (None, 10)
    )
    width = lambda found: found.pooled["sensitivity"]["high"] - found.pooled["sensitivity"]["low"]  # noqa: E731
    assert width(few) > 2 * width(many)


def test_another_column_may_name_the_hospital(two):
    two["detector"] = ["2048 x 2048", "1024 x 1024"] * 12
    found = left_out.measure(two, "covid", BAND, "without each detector", "detector")
    assert [one.name for one in found.hospitals] == ["1024 x 1024", "2048 x 2048"]


def test_without_a_sick_film_or_a_healthy_one_there_is_no_mean():
    with pytest.raises(ValueError, match="has a film with label 'covid'"):
        left_out.measure(films("Healthy", [], [0.1]), "covid", BAND, HOW)
    with pytest.raises(ValueError, match="has a film without label 'covid'"):
        left_out.measure(films("Sick", [0.9], []), "covid", BAND, HOW)
