"""Thresholds by rule, worked out by hand, and what they give on test films."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from train.evaluation import evaluate, intervals, operating_points

ROOT = Path(__file__).parents[3]
# 3 patients in 100 may be missed below the band, of 50 the one at 0.1; 1 other person in 20 suspected above it, of 50
# the two from 0.7 on.
SICK = [0.1, 0.2, *[0.9] * 48]
WELL = [*[0.04] * 47, 0.6, 0.7, 0.8]
SCOPE = evaluate.Scope(("normal", "covid"))


def _films(sick, well):
    """Return (scores, positive) as `choose` takes them, in no order."""
    order = np.random.default_rng(0).permutation(len(sick) + len(well))
    return np.array([*sick, *well])[order], (np.arange(len(order)) < len(sick))[order]


def _table(**splits):
    """Return rows as `train.evaluation.evaluate.write` makes them, for a model of normal and covid."""
    rows = [
        {"path": f"{split}-{label}-{i}.png", "source": "clinic-a", "label": label, "split": split, "score_covid": score}
        for split, (sick, well) in splits.items()
        for label, scores in (("covid", sick), ("normal", well))
        for i, score in enumerate(scores)
    ]
    table = pd.DataFrame(rows)
    return table.assign(group=table["path"], score_normal=1 - table["score_covid"])


def test_the_sources_that_a_run_learnt_from_are_those_it_names_or_whose_cells_it_names():
    labels, known = ("normal", "covid"), ["c", "a", "b", "a"]
    assert evaluate.Scope(labels).learnt(known) == ["a", "b", "c"]
    assert evaluate.Scope(labels, sources=("b", "gone")).learnt(known) == ["b"]
    assert evaluate.Scope(labels, cells=("a/covid", "c/normal")).learnt(known) == ["a", "c"]
    assert evaluate.Scope(labels, cells=("a/covid", "c/normal"), sources=("a", "b")).learnt(known) == ["a"]


def test_the_rules_for_covid():
    chosen = operating_points.choose("covid", *_films(SICK, WELL))
    assert set(chosen) == {"sensitive", "balanced", "refer"}
    # 48 of the 50 sick must be found: from 0.9 on, halfway down to 0.8.
    assert chosen["sensitive"]["threshold"] == pytest.approx(0.85)
    # From 0.9 on 48 sick and nobody else are called: 0.96; from 0.1 on all 50 sick, and 3 others: 0.94.
    assert chosen["balanced"]["threshold"] == pytest.approx(0.85)
    # 49 sick from 0.2 on, halfway down to 0.1; 48 others up to 0.6, halfway up to 0.7.
    assert chosen["refer"]["low"] == pytest.approx(0.15)
    assert chosen["refer"]["high"] == pytest.approx(0.65)
    assert chosen["sensitive"]["rule"] == "highest threshold with recall >= 0.95 on the validation films"
    assert "Youden" in chosen["balanced"]["rule"]
    assert chosen["refer"]["rule"] == (
        "unsure from the highest threshold with recall >= 0.97 (in each hospital >= 0.93) up to the lowest with "
        "specificity >= 0.95 (in each hospital >= 0.9), on the validation films"
    )


def test_the_worst_hospital_counts_and_not_the_pool():
    """One hospital's sick have lower scores, another's healthy higher ones: both are kept, and small ones are not."""
    rng = np.random.default_rng(0)
    names = np.repeat(["usual", "pale", "dark", "few"], [400, 80, 80, 10])
    positive = np.tile([True, False], 285)
    scores = np.where(positive, 0.8, 0.2) + rng.uniform(-0.1, 0.1, 570)
    scores[(names == "pale") & positive] -= 0.3
    scores[(names == "dark") & ~positive] += 0.3
    scores[(names == "few") & positive] = 0.01
    refer = operating_points.choose("covid", scores, positive, names)["refer"]
    for name in ("usual", "pale", "dark"):
        here = names == name
        assert (scores[here & positive] >= refer["low"]).mean() >= 0.93
        assert (scores[here & ~positive] < refer["high"]).mean() >= 0.90
    assert 0.3 < refer["low"] < 0.45
    pool = operating_points.for_specificity(scores, positive, 0.95), refer["high"]
    alone = operating_points.choose("covid", scores, positive)["refer"]
    assert alone["high"] == pool[0] <= refer["high"]


def test_pneumonia_has_no_band_and_another_recall():
    sick, well = [0.3, 0.4, *[0.8] * 18], [*[0.1] * 18, 0.5, 0.9]
    chosen = operating_points.choose("pneumonia", *_films(sick, well))
    assert chosen["sensitive"] == {
        "threshold": pytest.approx(0.65),  # 18 of 20
        "rule": "highest threshold with recall >= 0.9 on the validation films",
    }
    assert chosen["balanced"]["threshold"] == pytest.approx(0.2)
    assert chosen["refer"] == {
        "threshold": pytest.approx(0.65),  # 19 of 20 are spared
        "rule": "lowest threshold with specificity >= 0.95 (in each hospital >= 0.9), on the validation films",
    }


@pytest.mark.parametrize(
    ("sick", "well", "threshold"),
    [
        ([0.8, 0.9], [0.1, 0.2], 0.5),  # both ends meet
        ([0.5, *[0.9] * 99], [0.2] * 100, 0.35),  # the lower end, 0.7, lies above the upper one, 0.35
    ],
)
def test_a_band_that_would_be_empty_is_the_balanced_threshold(sick, well, threshold):
    chosen = operating_points.choose("covid", *_films(sick, well))
    assert chosen["refer"]["low"] == chosen["refer"]["high"] == chosen["balanced"]["threshold"]
    assert chosen["refer"]["low"] == pytest.approx(threshold)
    assert chosen["refer"]["rule"].startswith("nothing is unsure, since recall >= 0.97 (in each hospital")


@pytest.mark.parametrize(("sick", "well"), [(0.6, 0.4), (0.4, 0.6), (0.5, 0.5), (0.0, 1.0), (1.0, 0.0)])
def test_two_films_are_enough_to_choose_from(sick, well):
    for point in operating_points.choose("covid", *_films([sick], [well])).values():
        limits = [point[name] for name in ("threshold", "low", "high") if name in point]
        assert 0 <= min(limits) <= max(limits) <= 1
        assert limits == sorted(limits)


@pytest.mark.parametrize("seed", range(20))
def test_thresholds_keep_what_they_promise_and_no_better_one_does(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 300))
    positive = np.arange(count) < rng.integers(1, count)
    scores = np.clip(rng.normal(0.4 + 0.2 * positive, 0.2).round(int(rng.integers(1, 4))), 0, 1).astype("float32")
    chosen = operating_points.choose("covid", scores, positive)

    def recall(threshold):
        return (scores[positive] >= threshold).mean()

    def specificity(threshold):
        return (scores[~positive] < threshold).mean()

    def above(threshold):
        return np.append(scores[scores >= threshold], 2.0).min() + 1e-6  # the next verdict turns here

    sensitive, best = chosen["sensitive"]["threshold"], chosen["balanced"]["threshold"]
    assert recall(sensitive) >= 0.95 > recall(above(sensitive))
    everywhere = [recall(at) + specificity(at) for at in [*np.unique(scores), 1.5]]
    assert recall(best) + specificity(best) == pytest.approx(max(everywhere))
    refer = chosen["refer"]
    if refer["low"] < refer["high"]:
        assert recall(refer["low"]) >= 0.97 > recall(above(refer["low"]))
        if refer["high"] < 1:
            lower = scores[scores < refer["high"]].max()
            assert specificity(refer["high"]) >= 0.95 > specificity(lower)


def test_no_threshold_spares_a_film_of_score_1():
    assert operating_points.for_specificity(*_films([0.5], [0.1, 1.0]), 0.98) == 1.0
    assert operating_points.for_specificity(*_films([0.1], [0.2, 0.4]), 0.98) == pytest.approx(0.7)


def test_what_each_rule_gives_on_test_films():
    sick, well = [*[0.1] * 2, *[0.5] * 3, *[0.9] * 5], [*[0.0] * 6, *[0.5] * 3, 0.9]
    points = evaluate.measure(_table(val=(SICK, WELL), test=(sick, well)), SCOPE)["operating_points"]
    assert {rule: list(by_label) for rule, by_label in points.items()} == {
        "refer": ["covid"],
        "sensitive": ["covid"],
        "balanced": ["covid"],
    }
    sensitive, balanced, refer = (points[rule]["covid"] for rule in ("sensitive", "balanced", "refer"))
    assert sensitive["sensitivity"] == intervals.proportion(np.arange(10) < 5)
    assert sensitive["specificity"] == intervals.proportion(np.arange(10) < 9)
    assert balanced["sensitivity"]["value"] == 0.5
    assert balanced["specificity"]["value"] == 0.9
    # The band is 0.15 to 0.65: 3 of the sick and 3 of the others are unsure.
    assert refer["sensitivity"] == intervals.proportion(np.arange(10) < 8)
    assert refer["specificity"] == intervals.proportion(np.arange(10) < 6)
    assert refer["suspected_sensitivity"] == intervals.proportion(np.arange(10) < 5)
    assert refer["suspected_specificity"] == intervals.proportion(np.arange(10) < 9)
    assert refer["referred"] == intervals.proportion(np.arange(20) < 6)


def test_thresholds_come_from_validation_alone():
    """Moving every test score must not move a threshold."""
    rng = np.random.default_rng(0)
    val = rng.random(25), rng.random(25)
    found = []
    for test in ((rng.random(25), rng.random(25)), ([0.123] * 25, [0.123] * 25)):
        result = evaluate.measure(_table(val=val, test=test), SCOPE)
        points = {rule: point["covid"] for rule, point in result["operating_points"].items()}
        limits = ("threshold", "low", "high", "rule")
        found.append({rule: {name: point[name] for name in limits if name in point} for rule, point in points.items()})
        assert result["thresholds"] == {"covid": points["sensitive"]["threshold"]}
    assert found[0] == found[1]


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def run_dir(tmp_path):
    sick, well = [*[0.1] * 2, *[0.5] * 3, *[0.9] * 5], [*[0.0] * 6, *[0.5] * 3, 0.9]
    _table(val=(SICK, WELL), test=(sick, well)).to_csv(tmp_path / "scores.csv", index=False)
    (tmp_path / "run.json").write_text(json.dumps({"config": {"labels": ["normal", "covid"], "cells": []}}))
    return tmp_path


def _evaluate(*words, code=0):
    command = [str(word) for word in (sys.executable, "-m", "train", "evaluate", *words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_evaluate_prints_what_the_rules_are_worth_at_a_prevalence(run_dir):
    lines = _evaluate(run_dir, "--prevalence", "0.1").stdout.splitlines()
    assert lines[0] == f"{run_dir}: COVID-19 in its own test films; predictive values at prevalence 0.1"
    assert lines[1].split() == ["rule", "sensitivity", "specificity", "PPV", "NPV"]
    values = {line.split()[0]: [float(word) for word in line.split()[1::4]] for line in lines[2:5]}
    # refer: of the suspected 0.05 / (0.05 + 0.09), of those neither suspected nor unsure 0.54 / (0.54 + 0.02).
    assert values["refer"] == [0.8, 0.6, 0.357, 0.964]
    # The others, at one threshold here: 0.05 / (0.05 + 0.09), 0.81 / (0.81 + 0.05).
    assert values["sensitive"] == [0.5, 0.9, 0.357, 0.942]
    assert values["balanced"] == values["sensitive"]
    assert "(0.444 to 0.975)" in lines[2]  # 8 of 10, Clopper-Pearson
    record = json.loads((run_dir / "run.json").read_text())
    assert set(record["metrics"]["operating_points"]) == {"refer", "sensitive", "balanced"}


def test_evaluate_says_no_more_than_it_is_asked(run_dir):
    assert _evaluate(run_dir).stdout == ""
    done = _evaluate(run_dir, "--prevalence", "5", code=2)
    assert done.stderr.splitlines()[-1] == "--prevalence: '5' is not between 0 and 1; write 5 in 100 as 0.05."
    assert done.stdout == ""
