"""The settings of a run: by preset and flags, and as a run's record holds them."""

import dataclasses
import json
from pathlib import Path

import pytest

from edge_app.errors import EdgeError
from edge_app.imaging import preprocess
from train.training import config

SETTINGS = config.preset("tiny", size=32, epochs=2, batch=12)

# What `train fit` of version 0.1.0 wrote of a run that used none of the experiments.
OFF = {"photographs": 0.0, "children": 0, "restyle": 0.0, "mix": 0.0, "penalty": "none", "penalty_weight": 1.0}
OFF |= {"prior": 0.0, "dro": 0.0, "ema": 0.0, "heat": 0.0}


def test_a_record_of_an_earlier_version_is_read(tmp_path):
    assert set(OFF) == set(config.REMOVED)
    saved = json.loads(json.dumps(dataclasses.asdict(SETTINGS)))
    assert config.from_record(saved | OFF, tmp_path) == SETTINGS
    assert config.from_record(saved | OFF | {"penalty_weight": 10.0}, tmp_path) == SETTINGS  # of no penalty


@pytest.mark.parametrize("model", ["lite0", "short"])
def test_the_recipe_of_a_released_network_is_the_preset_that_make_train_takes(tmp_path, model):
    released = json.loads(Path(f"models/covid-xray-{model}.json").read_text())["run"]["config"]
    assert config.from_record(released, tmp_path) == config.preset(model)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("photographs", 0.3), ("children", 1), ("restyle", 0.5), ("mix", 0.5), ("penalty", "irm")),
        *(("prior", 1.0), ("dro", 0.5), ("ema", 0.98), ("heat", 0.15)),
    ],
)
def test_a_record_of_a_removed_experiment_is_refused_with_what_to_do(tmp_path, name, value):
    saved = dataclasses.asdict(SETTINGS) | OFF | {name: value}
    with pytest.raises(
        EdgeError, match=rf"^{tmp_path}: was trained with '{name}' {value!r}; this version has .* train"
    ):
        config.from_record(saved, tmp_path)


def test_a_record_of_a_newer_version_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(EdgeError, match=rf"^{tmp_path}: its run\.json holds 'later', which this version does not know"):
        config.from_record(dataclasses.asdict(SETTINGS) | {"later": 1}, tmp_path)


def test_the_default_recipe_shows_films_as_the_edge_does():
    defaults = config.TrainConfig()
    assert (defaults.crop, defaults.outside, defaults.levels) == ("lungs", preprocess.OUTSIDE, preprocess.LEVELS)


def test_flags_change_the_preset_and_nothing_else():
    import argparse

    parser = argparse.ArgumentParser()
    config.add_flags(parser)
    args = parser.parse_args(["--model", "seed", "--epochs", "3", "--labels", "normal,covid", "--imagenet", "false"])
    assert config.from_flags(args) == config.preset("seed", epochs=3)
    with pytest.raises(SystemExit):
        parser.parse_args(["--no-such-flag", "1"])
