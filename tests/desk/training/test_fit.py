import dataclasses
import hashlib
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import special
from sklearn import metrics as sk

from edge_app.errors import EdgeError, WrongUsage
from edge_app.imaging import preprocess
from tests.support.drawn_index import LABELS
from tests.support.golden import LUNGS
from train.evaluation import evaluate, intervals
from train.films import pixels
from train.films.indexed_films import IndexedFilms
from train.models import networks
from train.training import batches, calibrate, checkpoints, config, fit, int8_prepare, loop, selection, training_data

SETTINGS = config.preset("tiny", size=32, epochs=2, batch=12)


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    """A run of two epochs, never stopped."""
    run_dir = tmp_path_factory.mktemp("run")
    fit.fit(SETTINGS, dataset, run_dir)
    return run_dir


def _weights(path):
    return keras.models.load_model(path, compile=False).get_weights()


def test_a_run_leaves_everything_it_should(finished):
    names = {path.name for path in finished.iterdir()}
    assert names >= {"model.keras", "model.h5", "last.keras", "history.csv", "scores.csv", "metrics.json", "run.json"}
    for name in ("curves", "roc", "confusion", "augmentation"):
        assert (finished / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    record = json.loads((finished / "run.json").read_text())
    assert record["config"]["seed"] == SETTINGS.seed
    assert record["index_sha256"] == "0" * 64
    assert record["versions"]["keras"] == keras.__version__
    assert set(record["metrics"]["thresholds"]) == {"covid", "pneumonia"}
    assert record["lungs_sha256"] == hashlib.sha256(LUNGS.read_bytes()).hexdigest()
    shown = {"crop": "lungs", "outside": preprocess.OUTSIDE, "levels": preprocess.LEVELS}
    assert record["preprocess"].items() >= (shown | {"fingerprint": preprocess.fingerprint(32)}).items()


def test_keras_and_h5_hold_the_same_network(finished):
    same = zip(_weights(finished / "model.keras"), _weights(finished / "model.h5"), strict=True)
    assert all(np.array_equal(a, b) for a, b in same)


def test_scores_are_calibrated_on_the_validation_films(drawn, finished):
    """The temperature of `run.json` is in the network: its scores, and so `scores.csv`, have it already."""
    films, film_pixels = drawn
    temperature = json.loads((finished / "run.json").read_text())["temperature"]
    network = keras.models.load_model(finished / "model.keras", compile=False)
    scores = network.predict(film_pixels, verbose=0)
    table = pd.read_csv(finished / "scores.csv").set_index("path")
    columns = [f"score_{label}" for label in LABELS]
    written = films[films["split"] != "train"]["path"]
    assert sorted(table.index) == sorted(written)
    assert np.allclose(table.loc[written, columns], scores[written.index], atol=2e-6)  # six decimals
    calibrate.fold(network, 1 / temperature)
    before, val = network.predict(film_pixels, verbose=0), (films["split"] == "val").to_numpy()
    truth = batches.targets(films["label"], LABELS)
    assert abs(temperature - 1) > 0.01
    assert calibrate.temperature(before[val], truth[val]) == pytest.approx(temperature, rel=1e-3)
    assert np.allclose(scores, special.expit(calibrate.logits(before) / temperature), atol=1e-5)


def _stopping(write):
    """Return `checkpoints.write_history` that stops after the first epoch, as a killed process would."""

    def stop(history, run_dir):
        write(history, run_dir)
        raise KeyboardInterrupt

    return stop


def test_same_seed_same_weights_and_a_stopped_run_goes_on_as_if_never_stopped(dataset, finished, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoints, "write_history", _stopping(checkpoints.write_history))
        fit.fit(SETTINGS, dataset, tmp_path)
    assert len(checkpoints.history(tmp_path)) == 1
    assert config.from_record(json.loads((tmp_path / "run.json").read_text())["config"], tmp_path) == SETTINGS
    fit.fit(SETTINGS, dataset, tmp_path)
    same = zip(_weights(tmp_path / "last.keras"), _weights(finished / "last.keras"), strict=True)
    assert all(np.array_equal(a, b) for a, b in same)
    assert (tmp_path / "history.csv").read_text() == (finished / "history.csv").read_text()


def test_settled_kernels_lie_on_the_grid_of_int8(finished):
    """What the converter quantizes per channel is already there: at most 255 levels in each output channel."""
    network = keras.models.load_model(finished / "model.keras", compile=False)
    kernels = {layer.name: layer.get_weights()[0] for layer in network.layers if "conv" in layer.name}
    assert len(kernels) == 19
    for name, kernel in kernels.items():
        channel = kernel[:, :, 0, 0] if "depthwise" in name else kernel[..., 0]
        levels = channel / (np.abs(channel).max() / int8_prepare.LEVELS)
        assert np.allclose(levels, np.round(levels), atol=1e-3), name


def test_rounding_keeps_the_answer_on_grey_films_close():
    keras.utils.set_random_seed(0)
    network = networks.build("lite0", 64, ("normal", "covid"), imagenet=True)
    films = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 1)).astype("float32")
    before = network.predict(films, verbose=0)
    int8_prepare.round_kernels(network)
    assert [layer.name for layer in network.layers if layer.trainable and "conv" in layer.name] == []
    int8_prepare.finish(network)
    after = network.predict(films, verbose=0)
    assert not np.array_equal(before, after)
    assert np.allclose(before, after, atol=0.2)


@pytest.mark.parametrize("name", ["lite0", "short"])
def test_equalizing_changes_no_answer_and_evens_the_channels(name):
    network = networks.build(name, 64, ("normal", "covid"), imagenet=True)
    films = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 1)).astype(np.uint8)
    stream = keras.Model(network.input, network.get_layer("block2_add").output)

    def spread():
        loudest = np.abs(stream.predict(films.astype("float32"), verbose=0)).max((0, 1, 2))
        return loudest.max() / loudest.min()

    before, uneven = network.predict(films.astype("float32"), verbose=0), spread()
    int8_prepare.equalize(network, films)
    assert np.allclose(before, network.predict(films.astype("float32"), verbose=0), atol=1e-4)
    assert spread() < 1.5 < uneven


def test_early_stopping_counts_epochs_without_a_lower_loss():
    def history(*losses):
        return [{"val_loss": loss} for loss in losses]

    assert not loop.stalled(history(3, 2, 1), 2)
    assert not loop.stalled(history(3, 1, 2), 2)
    assert loop.stalled(history(3, 1, 2, 2), 2)


def test_most_and_cells_choose_the_training_films(drawn):
    films, _ = drawn
    settings = config.preset("tiny", labels=("normal", "covid"), cells=("clinic-a/normal", "clinic-b/covid"), most=3)
    train, val = selection.rows(films, settings)
    chosen = films.iloc[train]
    assert (chosen["source"] + "/" + chosen["label"]).value_counts().to_dict() == {
        "clinic-a/normal": 3,
        "clinic-b/covid": 3,
    }
    assert set(films.iloc[val]["split"]) == {"val"}


@pytest.mark.parametrize(
    "changes",
    [
        {"without": "clinic-a"},
        {"without": "clinic-b"},
        {"fold": "1/3"},
        {"fold": "2/3"},
        {"without": "clinic-b", "fold": "2/3"},
    ],
    ids=str,
)
def test_nothing_is_learnt_from_what_is_left_out(joined, changes):
    films = joined
    settings = config.preset("tiny", **changes)
    out = selection.left_out(films, settings)
    train, val = selection.rows(films, settings)
    wanted = np.zeros(len(films), bool)
    if "without" in changes:
        wanted |= (films["source"] == changes["without"]).to_numpy()
    if "fold" in changes:
        k, n = map(int, changes["fold"].split("/"))
        wanted |= selection.folds(films, n) == k - 1
    assert np.array_equal(out, wanted)
    assert 0 < out.sum() < len(films)
    learnt = np.concatenate([train, val])
    assert not out[learnt].any()
    assert not set(films["group"].iloc[learnt]) & set(films["group"][out])
    # The test split is no longer needed to test on; nothing else is wasted.
    free = ~films["group"].isin(films["group"][out]).to_numpy()
    assert set(train) == set(np.flatnonzero(free & films["split"].isin(["train", "test"])))
    assert set(val) == set(np.flatnonzero(free & (films["split"] == "val")))


def test_without_leaving_out_the_test_split_is_for_testing(joined):
    films = joined
    assert not selection.left_out(films, SETTINGS).any()
    train, val = selection.rows(films, SETTINGS)
    assert set(films["split"].iloc[train]) == {"train"}
    assert set(films["split"].iloc[val]) == {"val"}


def test_folds_are_whole_patients_and_hold_every_film_once(joined):
    films = joined
    fold = selection.folds(films, 3)
    assert set(fold) == {0, 1, 2}
    assert pd.Series(fold).groupby(films["group"]).nunique().max() == 1
    shuffled = films.sample(frac=1, random_state=0)
    assert np.array_equal(selection.folds(shuffled, 3), fold[shuffled.index])  # by name, not by place


def test_a_source_that_no_film_has_cannot_be_left_out(drawn):
    with pytest.raises(WrongUsage, match="--without: 'clinic-z' is not in the index; it holds clinic-a, clinic-b"):
        selection.rows(drawn[0], config.preset("tiny", without="clinic-z"))


def test_the_scores_of_a_run_are_of_the_films_left_out(drawn, joined, tmp_path):
    """`evaluate.write` alone, with an untrained network: which films are val, which are test."""
    films = joined
    settings = config.preset("seed", size=32, labels=LABELS, cells=(), without="clinic-b")
    network = networks.build("seed", 32, LABELS)
    for out in (selection.left_out(films, settings), None):
        evaluate.write(network, films, drawn[1], settings, tmp_path, out)
        table = pd.read_csv(tmp_path / "scores.csv").set_index("path")
        test, val = (films["path"].isin(table.index[table["split"] == split]) for split in ("test", "val"))
        if out is None:
            assert np.array_equal(test, films["split"] == "test")
            assert np.array_equal(val, films["split"] == "val")
        else:
            assert np.array_equal(test, out)
            # Nor are thresholds chosen on a patient who is tested on.
            free = ~films["group"].isin(films["group"][out])
            assert np.array_equal(val, (films["split"] == "val") & free)


def test_training_data_are_the_chosen_films_in_order(drawn, dataset):
    films, film_pixels = drawn
    settings = config.preset("tiny", balance=1.0)
    train, val = np.array([5, 2, 40]), np.array([7, 8])
    data = training_data.build(settings, dataset, train, val)
    assert np.array_equal(data.films.pixels, film_pixels[train])
    assert np.array_equal(data.val.pixels, film_pixels[val])
    for part, rows in ((data.films, train), (data.val, val)):
        assert [LABELS[i] for i in part.truth.argmax(axis=1)] == films["label"].iloc[rows].tolist()
        assert (part.truth.sum(axis=1) == 1).all()
    assert np.allclose(data.chance, 1 / 3)


# --- records of earlier versions -------------------------------------------------------------------

# What `train fit` of version 0.1.0 wrote of a run that used none of the experiments.
OFF = {"photographs": 0.0, "children": 0, "restyle": 0.0, "mix": 0.0, "penalty": "none", "penalty_weight": 1.0}
OFF |= {"prior": 0.0, "dro": 0.0, "ema": 0.0}


def test_a_record_of_an_earlier_version_is_read(tmp_path):
    assert set(OFF) == set(config.REMOVED)
    saved = json.loads(json.dumps(dataclasses.asdict(SETTINGS)))
    assert config.from_record(saved | OFF, tmp_path) == SETTINGS
    assert config.from_record(saved | OFF | {"penalty_weight": 10.0}, tmp_path) == SETTINGS  # of no penalty
    released = json.loads(Path("models/covid-xray-lite0.json").read_text())["run"]["config"]
    assert config.from_record(released, tmp_path) == config.preset("lite0")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("photographs", 0.3), ("children", 1), ("restyle", 0.5), ("mix", 0.5), ("penalty", "irm")),
        *(("prior", 1.0), ("dro", 0.5), ("ema", 0.98)),
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


def test_another_lung_network_than_the_runs_is_refused(finished, tmp_path):
    record = json.loads((finished / "run.json").read_text())
    pixels.check_lungs(LUNGS, record, finished)
    other = tmp_path / "other.tflite"
    with pytest.raises(EdgeError, match=r"other\.tflite: is not the lung-field network .* \(there is no such file, "):
        pixels.check_lungs(other, record, finished)
    other.write_bytes(LUNGS.read_bytes() + b"x")
    with pytest.raises(EdgeError, match=rf"films of {finished} were cropped with \(its sha256 begins '\w{{12}}', that"):
        pixels.check_lungs(other, record, finished)
    pixels.check_lungs(other, record | {"lungs_sha256": None}, finished)  # whole films: none was used


def test_the_default_recipe_shows_films_as_the_edge_does():
    defaults = config.TrainConfig()
    assert (defaults.crop, defaults.outside, defaults.levels) == ("lungs", preprocess.OUTSIDE, preprocess.LEVELS)


def test_a_cell_or_label_that_no_film_has_is_named(drawn):
    films, _ = drawn
    with pytest.raises(WrongUsage, match=r"--cells: 'clinic-z/covid' is not in the index; it holds clinic-a/covid"):
        selection.rows(films, config.preset("tiny", cells=("clinic-z/covid",)))
    with pytest.raises(WrongUsage, match="no film labelled 'covid' in split 'train'"):
        selection.rows(films[films["label"] != "covid"], config.preset("tiny"))


def test_intervals_hold_the_value_and_shrink_with_more_films():
    few, many = (intervals.proportion(np.arange(n) % 20 > 0) for n in (20, 2000))
    assert few["low"] < few["value"] < few["high"]
    assert many["high"] - many["low"] < few["high"] - few["low"]
    assert round(few["low"], 3) == 0.751  # 19 of 20, Clopper-Pearson
    assert round(few["high"], 3) == 0.999


def test_auc_is_the_one_scikit_learn_gives_ties_included():
    rng = np.random.default_rng(1)
    positive, scores = rng.random(200) < 0.3, rng.integers(0, 20, 200) / 20
    figure = intervals.auc(positive, scores, np.arange(200))
    assert np.isclose(figure["value"], sk.roc_auc_score(positive, scores))
    assert figure["low"] < figure["value"] < figure["high"]
    assert intervals.auc(np.ones(5, bool), np.arange(5), np.arange(5)) is None


def test_heat_cannot_be_weighed_on_whole_films(drawn, tmp_path):
    indexed = IndexedFilms(drawn[0], "0" * 64, tmp_path, tmp_path, LUNGS)
    with pytest.raises(WrongUsage, match=r"^--heat: is 0\.15 with '--crop none'; .* give '--heat 0' too, or leave"):
        training_data.load(config.preset("lite0", crop="none"), indexed)


def test_flags_change_the_preset_and_nothing_else():
    import argparse

    parser = argparse.ArgumentParser()
    config.add_flags(parser)
    args = parser.parse_args(["--model", "seed", "--epochs", "3", "--labels", "normal,covid", "--imagenet", "false"])
    assert config.from_flags(args) == config.preset("seed", epochs=3)
    with pytest.raises(SystemExit):
        parser.parse_args(["--no-such-flag", "1"])
