"""What a file may lose: each gate by itself, on scores made so that one figure falls and the others stay."""

import numpy as np
import pytest

from convert.verify import acceptance
from convert.verify.acceptance import Answers

LABELS = ("normal", "covid", "pneumonia")
FILMS = 1000
RNG = np.random.default_rng(0)
TRUTH = np.array(LABELS, dtype=object)[RNG.permutation(FILMS) % 3]


def _parent():
    """Return answers that are mostly right, and calibrated within a few hundredths."""
    right = np.stack([label == TRUTH for label in LABELS], axis=1)
    scores = 1 / (1 + np.exp(-(4.0 * right - 2 + RNG.normal(0, 1.2, right.shape))))
    return Answers(scores, RNG.normal(0, 1, (FILMS, 6, 6, 3)))


PARENT = _parent()
THRESHOLDS = {"covid": 0.5, "pneumonia": 0.5}


def _said(child):
    return acceptance.shortfalls(acceptance.figures(PARENT, child, LABELS, TRUTH, THRESHOLDS))


def test_a_file_that_answers_the_same_passes():
    found = acceptance.figures(PARENT, PARENT, LABELS, TRUTH, THRESHOLDS)
    assert acceptance.shortfalls(found) == []
    assert found["flips"] == 0
    assert found["heat"] == pytest.approx(1)
    assert found["score_difference"] == {"mean": 0, "most": 0}
    assert found["auc"]["parent"] == found["auc"]["child"] > 0.9
    assert (found["films"], found["ill"]) == (FILMS, (TRUTH == "covid").sum())


def test_a_file_for_phones_has_no_heat_map_to_compare():
    assert acceptance.figures(PARENT, Answers(PARENT.scores), LABELS, TRUTH, THRESHOLDS)["heat"] is None
    assert _said(Answers(PARENT.scores)) == []


def test_noise_turns_verdicts_and_ranking():
    noisy = Answers(np.clip(PARENT.scores + RNG.normal(0, 0.15, PARENT.scores.shape), 0, 1), PARENT.maps)
    said = " ".join(_said(noisy))
    assert "the verdict changes on" in said
    assert "1.00% is allowed" in said
    assert "the AUC of COVID-19 falls by" in said


def test_squeezed_scores_are_calibrated_worse_and_nothing_else():
    (sentence,) = _said(Answers(0.3 + 0.4 * PARENT.scores, PARENT.maps))  # same order about 0.5, so same verdicts
    assert sentence.startswith("its calibration error rises by 0.")
    assert sentence.endswith(", 0.0100 is allowed")


def test_other_heat_maps_are_told():
    (sentence,) = _said(Answers(PARENT.scores, PARENT.maps + RNG.normal(0, 1, PARENT.maps.shape)))
    assert sentence.startswith("its heat maps correlate 0.7")
    assert sentence.endswith("0.95 is needed")


def test_even_heat_maps_are_alike_and_one_even_one_is_not():
    even = np.ones((4, 6, 6))
    assert acceptance.heat(even, even) == 1
    assert acceptance.heat(even, RNG.normal(0, 1, (4, 6, 6))) == 0


def test_a_file_that_misses_patients_by_its_own_threshold_is_told():
    found = acceptance.figures(PARENT, PARENT, LABELS, TRUTH, THRESHOLDS)
    found["sensitivity"] = {"parent": 0.95, "child": 0.9}
    assert acceptance.shortfalls(found) == ["its sensitivity by rule 'sensitive' falls by 5.00%, 1.00% is allowed"]
