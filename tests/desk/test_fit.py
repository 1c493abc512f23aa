import json

import keras
import numpy as np
import pytest
from sklearn import metrics as sk

from edge_app.errors import WrongUsage
from train import config, evaluate, fit, loop, model, settle

SETTINGS = config.preset("tiny", size=32, epochs=2, batch=12)


@pytest.fixture(scope="module")
def finished(drawn, tmp_path_factory):
    """A run of two epochs, never stopped."""
    run_dir = tmp_path_factory.mktemp("run")
    fit.fit(SETTINGS, *drawn, run_dir, "0" * 64)
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


def test_keras_and_h5_hold_the_same_network(finished):
    same = zip(_weights(finished / "model.keras"), _weights(finished / "model.h5"), strict=True)
    assert all(np.array_equal(a, b) for a, b in same)


def test_same_seed_same_weights_and_a_stopped_run_goes_on_as_if_never_stopped(drawn, finished, tmp_path, monkeypatch):
    """Stop after one epoch, as a killed process would, and go on from what lies in the folder."""
    done = loop._write_history

    def stop_after_the_first_epoch(history, run_dir):
        done(history, run_dir)
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_write_history", stop_after_the_first_epoch)
    with pytest.raises(KeyboardInterrupt):
        fit.fit(SETTINGS, *drawn, tmp_path, "0" * 64)
    monkeypatch.setattr(loop, "_write_history", done)
    assert len(loop.history(tmp_path)) == 1
    assert config.from_record(json.loads((tmp_path / "run.json").read_text())["config"]) == SETTINGS
    fit.fit(SETTINGS, *drawn, tmp_path, "0" * 64)
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
        levels = channel / (np.abs(channel).max() / settle.LEVELS)
        assert np.allclose(levels, np.round(levels), atol=1e-3), name


def test_rounding_keeps_the_answer_on_grey_films_close():
    network = model.build("lite0", 64, ("normal", "covid"), imagenet=True)
    films = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 1)).astype("float32")
    before = network.predict(films, verbose=0)
    settle.round_kernels(network)
    assert [layer.name for layer in network.layers if layer.trainable and "conv" in layer.name] == []
    settle.finish(network)
    after = network.predict(films, verbose=0)
    assert not np.array_equal(before, after)
    assert np.allclose(before, after, atol=0.1)


def test_equalizing_changes_no_answer_and_evens_the_channels():
    network = model.build("lite0", 64, ("normal", "covid"), imagenet=True)
    films = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 1)).astype(np.uint8)
    stream = keras.Model(network.input, network.get_layer("block2_add").output)

    def spread():
        loudest = np.abs(stream.predict(films.astype("float32"), verbose=0)).max((0, 1, 2))
        return loudest.max() / loudest.min()

    before, uneven = network.predict(films.astype("float32"), verbose=0), spread()
    settle.equalize(network, films)
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
    train, val = fit._rows(films, settings)
    chosen = films.iloc[train]
    assert (chosen["source"] + "/" + chosen["label"]).value_counts().to_dict() == {
        "clinic-a/normal": 3,
        "clinic-b/covid": 3,
    }
    assert set(films.iloc[val]["split"]) == {"val"}


def test_a_cell_or_label_that_no_film_has_is_named(drawn):
    films, _ = drawn
    with pytest.raises(WrongUsage, match=r"--cells: 'clinic-z/covid' is not in the index; it holds clinic-a/covid"):
        fit._rows(films, config.preset("tiny", cells=("clinic-z/covid",)))
    with pytest.raises(WrongUsage, match="no film labelled 'covid' in split 'train'"):
        fit._rows(films[films["label"] != "covid"], config.preset("tiny"))


def test_intervals_hold_the_value_and_shrink_with_more_films():
    few, many = (evaluate.proportion(np.arange(n) % 20 > 0) for n in (20, 2000))
    assert few["low"] < few["value"] < few["high"]
    assert many["high"] - many["low"] < few["high"] - few["low"]
    assert round(few["low"], 3) == 0.751  # 19 of 20, Clopper-Pearson
    assert round(few["high"], 3) == 0.999


def test_auc_is_the_one_scikit_learn_gives_ties_included():
    rng = np.random.default_rng(1)
    positive, scores = rng.random(200) < 0.3, rng.integers(0, 20, 200) / 20
    figure = evaluate.auc(positive, scores, np.arange(200))
    assert np.isclose(figure["value"], sk.roc_auc_score(positive, scores))
    assert figure["low"] < figure["value"] < figure["high"]
    assert evaluate.auc(np.ones(5, bool), np.arange(5), np.arange(5)) is None


def test_flags_change_the_preset_and_nothing_else():
    import argparse

    parser = argparse.ArgumentParser()
    config.add_flags(parser)
    args = parser.parse_args(["--model", "seed", "--epochs", "3", "--labels", "normal,covid", "--imagenet", "false"])
    assert config.from_flags(args) == config.preset("seed", epochs=3)
    with pytest.raises(SystemExit):
        parser.parse_args(["--no-such-flag", "1"])
