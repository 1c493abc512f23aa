"""Trials of recipes: each judged on films that its networks never saw, none on the test split, and run once."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from edge_app.errors import WrongUsage
from tests.support.drawn_index import LABELS
from train.evaluation import intervals
from train.experiments import trials
from train.training import config, loop, selection

SETTINGS = config.preset("seed", size=32, crop="lungs", labels=LABELS, cells=(), epochs=1, batch=12, patience=1)


@pytest.fixture
def shown(dataset, monkeypatch):
    """Return the drawn films, four patients for each one, and what a network sees of them; none of the test split."""
    monkeypatch.setattr(intervals, "DRAWS", 20)  # intervals are not looked at here
    films = dataset.films
    sources = np.array([trials.HOSPITAL, trials.RADIOGRAPHY])[np.arange(4 * len(films)) // 12 % 2]
    films = pd.concat([films.assign(group=films["group"] + str(i)) for i in range(4)], ignore_index=True)
    kept = (films["split"] != "test").to_numpy()
    pixels = np.tile(dataset.pixels, (4, 1, 1, 1))
    return replace(dataset, films=films.assign(source=sources), pixels=pixels).at(kept)


@pytest.mark.parametrize("question", trials.QUESTIONS)
def test_a_trial_is_judged_on_what_it_left_out(shown, tmp_path, monkeypatch, question):
    films = shown.films
    figures = trials.QUESTIONS[question](SETTINGS, shown, tmp_path)
    hospital, radiography = ((films["source"] == name).to_numpy() for name in (trials.HOSPITAL, trials.RADIOGRAPHY))
    if question == "hospital":
        left_out = {"hospital": hospital}
        assert set(figures) == {"hospital", "hospital_pneumonia"}
    else:
        folds = selection.folds(films, 2)
        left_out = {f"fold{k + 1}": radiography | (folds == k) for k in range(2)}
        assert set(figures) == {"within", "radiography"}
    for name, out in left_out.items():
        scores = np.load(tmp_path / name / "scores.npy")
        assert np.array_equal(np.isfinite(scores), out)
        assert not list((tmp_path / name).glob("*.keras"))
    if question == "hospital":
        assert figures["hospital"]["value"] == pytest.approx(
            intervals.auc((films["label"] == "covid").to_numpy()[hospital], scores[hospital], films["group"][hospital])[
                "value"
            ]
        )
    monkeypatch.setattr(loop, "train", None)  # what is done is not done again
    assert trials.QUESTIONS[question](SETTINGS, shown, tmp_path) == figures


def test_the_table_has_a_line_for_each_trial_that_has_an_answer(tmp_path):
    auc = {"value": 0.7, "low": 0.61, "high": 0.79}
    (tmp_path / "strong").mkdir()
    (tmp_path / "strong/rest.json").write_text(json.dumps({"auc": {"within": auc, "radiography": auc}}))
    lines = trials.table(list(trials.TRIALS), tmp_path).splitlines()
    assert len(lines) == 3
    assert lines[2] == "| strong | augment strong |  |  | 0.700 (0.61 to 0.79) | 0.700 (0.61 to 0.79) |"
    with pytest.raises(WrongUsage, match="there is no trial 'mix'"):
        trials.run(SimpleNamespace(names=["mix"]))


def test_every_trial_is_a_recipe():
    recipes = [trials.settings_of(name) for name in trials.TRIALS]
    assert len(set(recipes)) == len(recipes)
