"""Trials of recipes: each judged on films that its network never saw, none on the test split, and run once."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from edge_app.errors import WrongUsage
from tests.support.drawn_index import LABELS
from train.evaluation import intervals
from train.experiments import trials
from train.index import boxes
from train.training import config, loop, selection

SETTINGS = config.preset(
    "seed",
    size=32,
    crop="lungs",
    labels=LABELS,
    cells=(),
    sources=(trials.SIIM,),
    fold="1/3",
    epochs=1,
    batch=12,
    patience=1,
)
APPEARANCES = {"normal": "negative", "covid": "typical", "pneumonia": "atypical"}


@pytest.fixture
def shown(dataset, monkeypatch):
    """Return the drawn films, two patients for each one, as if of two collections; sick ones of one with a box."""
    monkeypatch.setattr(intervals, "DRAWS", 20)  # intervals are not looked at here
    films = dataset.films
    films = pd.concat([films.assign(group=films["group"] + str(i)) for i in range(2)], ignore_index=True)
    siim = np.arange(len(films)) // 12 % 2 == 0
    films["source"] = np.where(siim, trials.SIIM, trials.RADIOGRAPHY)
    films["appearance"] = np.where(siim, films["label"].map(APPEARANCES), "")
    boxed = siim & (films["label"] != "normal")
    films["boxes"] = np.where(boxed, boxes.to_text(np.array([[0.5, 0.0, 1.0, 0.5]])), "")
    opacities = np.zeros((len(films), 32, 32, 1), np.uint8)
    opacities[boxed, 16:, :16] = 255
    pixels = np.tile(dataset.pixels, (2, 1, 1, 1))
    return replace(dataset, films=films, pixels=pixels, opacities=opacities)


def test_a_trial_is_judged_on_what_it_left_out(shown, tmp_path, monkeypatch):
    asked = {}

    def answers(_model, pixels):
        """Scores that are right on every film; a map that is hottest below on the left."""
        kept = shown.films[shown.films["split"] != "test"]
        asked["films"] = len(pixels)
        scores = np.array([[label == name for name in LABELS] for label in kept["label"]], float)
        maps = np.random.default_rng(0).normal(0, 0.1, (len(pixels), 2, 2, 3))
        maps[:, 1, 0] += 3
        return scores, maps

    learnt = {}
    monkeypatch.setattr(trials, "_answers", answers)
    monkeypatch.setattr(loop, "train", lambda settings, data, run_dir: learnt.update(data=data))
    found = trials.figures(SETTINGS, shown, tmp_path)
    films = shown.films[shown.films["split"] != "test"].reset_index(drop=True)
    out = selection.left_out(films, SETTINGS)
    siim = (films["source"] == trials.SIIM).to_numpy()
    assert asked["films"] == len(films)
    assert len(learnt["data"].films.pixels) == (siim & ~out & (films["split"] == "train")).sum()
    assert {found[name]["value"] for name in ("typical", "opacity", "radiography", "cleared")} == {1.0}
    assert found["hospital"] is None and found["nih"] is None  # no film of these
    assert found["in_box"]["value"] == 1.0 and found["alike"] > 0.9


def test_a_real_training_gives_every_figure(shown, tmp_path):
    found = trials.figures(SETTINGS, shown, tmp_path)
    assert set(found) == set(trials.COLUMNS)
    for name in ("typical", "opacity", "radiography", "cleared", "in_box"):
        assert 0 <= found[name]["low"] <= found[name]["value"] <= found[name]["high"] <= 1
    assert not list(tmp_path.glob("*.keras"))


def test_the_table_has_a_line_for_each_trial_that_has_an_answer(tmp_path):
    auc = {"value": 0.7, "low": 0.61, "high": 0.79}
    (tmp_path / "full").mkdir()
    figures = dict.fromkeys(trials.COLUMNS) | {"typical": auc, "alike": 0.456}
    (tmp_path / "full/figures.json").write_text(json.dumps({"figures": figures}))
    header, rule, line = trials.table(["base", "full"], tmp_path).splitlines()
    assert header.count("|") == rule.count("|") == line.count("|")
    assert line.startswith("| full | augment full | 0.700 (0.61 to 0.79) |  |")
    assert line.endswith("| 0.46 |")


def test_every_trial_is_a_recipe_that_leaves_a_fold_out():
    for name in trials.TRIALS:
        assert trials.settings_of(name).fold == "1/5"
        assert trials.settings_of(name).settle == 0
    assert len({trials.settings_of(name) for name in trials.TRIALS}) == len(trials.TRIALS)


def test_an_unknown_trial_is_named(tmp_path):
    from types import SimpleNamespace

    with pytest.raises(WrongUsage, match=r"^there is no trial 'nothing'; known trials are base, again, "):
        trials.run(SimpleNamespace(names=["nothing"], out=tmp_path))
