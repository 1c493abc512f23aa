"""What a card says of hospitals left out: each by itself, and the mean in which each counts the same."""

import json

import numpy as np
import pandas as pd
import pytest

from edge_app.model.card import BAND_FIGURES, FIGURES
from edge_app.model.left_out import LeftOut
from train.evaluation import hospitals, intervals

LABELS = ("normal", "covid", "pneumonia")
PNEUMONIA = {"threshold": 0.6, "rule": "made"}
POINTS = {
    "refer": {"covid": {"low": 0.3, "high": 0.7, "rule": "made"}, "pneumonia": PNEUMONIA},
    "sensitive": {"covid": {"threshold": 0.5, "rule": "made"}, "pneumonia": PNEUMONIA},
    "balanced": {"covid": {"threshold": 0.5, "rule": "made"}, "pneumonia": PNEUMONIA},
}


def _films(source, sick, healthy, other=()):
    """Return rows of a scores.csv: COVID-19 films, films without pneumonia and others with these scores of COVID-19."""
    rows = [
        {"path": f"{source}-{label}-{i}", "source": source, "label": label, "score_covid": score, "split": "test"}
        for label, scores in (("covid", sick), ("normal", healthy), ("other", other))
        for i, score in enumerate(scores)
    ]
    scores = {"score_pneumonia": 0.1, "score_normal": 0.5}
    return pd.DataFrame(rows).assign(group=lambda t: t["path"], machine="10x10", **scores)


@pytest.fixture
def run_dir(tmp_path, monkeypatch):
    """A run that learnt from clinic-a, and its training without one of the two detectors of that clinic."""
    monkeypatch.setattr(intervals, "DRAWS", 50)
    config = {"labels": list(LABELS), "cells": [], "sources": ["clinic-a"], "without": ""}
    tables = {
        "": [
            _films("clinic-a", [0.9] * 9, [0.1] * 9),
            _films("clinic-b", [0.9, 0.5, 0.1, 0.1], [0.1] * 15 + [0.5] * 4 + [0.8], [0.99] * 9),
            _films("clinic-c", [], [0.1] * 10 + [0.5] * 10),
            _films("few", [0.9], [0.1] * 3),
            _films("chest_xray", [0.9], [0.9] * 50),
        ],
        "crossfit/detector-clinic-a-10x10": [
            _films("clinic-a", [0.9] * 8 + [0.1] * 2, [0.1] * 8 + [0.9] * 2),
            _films("clinic-b", [0.1] * 9, [0.9] * 9),  # that training never learnt from it either
        ],
    }
    for name, films in tables.items():
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        pd.concat(films).to_csv(folder / "scores.csv", index=False)
        said = config | ({"without": "clinic-a/10x10"} if name else {})
        (folder / "run.json").write_text(json.dumps({"config": said, "metrics": {"operating_points": POINTS}}))
    return tmp_path


def test_hospitals_are_detectors_and_sources_that_no_training_saw(run_dir):
    assert [part.name for part in hospitals.parts(run_dir)] == ["clinic-a/10x10", "clinic-b", "clinic-c"]


def test_the_words_say_how_each_of_them_was_left_out(run_dir):
    both = hospitals.of_points(hospitals.parts(run_dir), LABELS)["refer"]["covid"]["how"]
    alone = hospitals.of_points(hospitals.parts(run_dir)[1:], LABELS)["refer"]["covid"]["how"]
    assert both == f"{hospitals.BY_TRAININGS}, {hospitals.BY_ITSELF}; {hospitals.FILMS}"
    assert alone == f"{hospitals.BY_ITSELF}; {hospitals.FILMS}"


def test_each_hospital_counts_the_same(run_dir):
    found = hospitals.of_points(hospitals.parts(run_dir), LABELS)
    assert {rule: list(by_label) for rule, by_label in found.items()} == {rule: ["covid"] for rule in POINTS}
    refer = found["refer"]["covid"]
    assert [(one["name"], one["films"], one["positives"]) for one in refer["hospitals"]] == [
        ("clinic-a/10x10", 20, 10),
        ("clinic-b", 24, 4),
        ("clinic-c", 20, 0),
    ]
    values = {name: [one[name] and one[name]["value"] for one in refer["hospitals"]] for name in BAND_FIGURES}
    assert values == {
        "sensitivity": [0.8, 0.5, None],
        "specificity": [0.8, 0.75, 0.5],
        "suspected_sensitivity": [0.8, 0.25, None],
        "suspected_specificity": [0.8, 0.95, 1.0],
        "referred": [0.0, pytest.approx(5 / 24), 0.5],
    }
    assert refer["pooled"]["sensitivity"]["value"] == pytest.approx(0.65)
    assert refer["pooled"]["specificity"]["value"] == pytest.approx(np.mean([0.8, 0.75, 0.5]))
    assert refer["pooled"]["referred"]["value"] == pytest.approx((0 + 5 / 24 + 0.5) / 3)
    for figure in refer["pooled"].values():
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert set(found["sensitive"]["covid"]["pooled"]) == set(FIGURES)


def test_a_card_takes_it(run_dir):
    found = hospitals.of_points(hospitals.parts(run_dir), LABELS)
    raw = {"refer": json.loads(json.dumps(found["refer"]["covid"]))}
    read = LeftOut.of(raw, "refer", BAND_FIGURES)
    assert read.films == 64
    assert read.worst("sensitivity").name == "clinic-b"
    assert read.raw() == found["refer"]["covid"]


def test_a_run_that_learnt_from_everything_and_left_nothing_out_says_nothing(run_dir):
    record = json.loads((run_dir / "run.json").read_text())
    record["config"]["sources"] = []
    (run_dir / "run.json").write_text(json.dumps(record))
    for path in (run_dir / "crossfit").rglob("*.json"):
        path.write_text(json.dumps({"config": record["config"]}))
    assert hospitals.parts(run_dir) == []
    assert hospitals.of_points([], LABELS) == {rule: {} for rule in POINTS}
