"""A short run: what it leaves, and that a stopped one goes on as if it had never stopped."""

import hashlib
import json

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import special

from edge_app.errors import EdgeError
from edge_app.imaging import preprocess
from tests.support.drawn_index import LABELS
from tests.support.golden import LUNGS
from train.films import pixels
from train.training import calibrate, checkpoints, config, fit, int8_prepare, loop
from train.training.truth import of_films as targets_of

SETTINGS = config.preset("tiny", sources=(), size=32, epochs=2, batch=12)


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
    truth = targets_of(films["label"].tolist(), LABELS)[0]
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


def test_early_stopping_counts_epochs_without_a_lower_loss():
    def history(*losses):
        return [{"val_loss": loss} for loss in losses]

    assert not loop.stalled(history(3, 2, 1), 2)
    assert not loop.stalled(history(3, 1, 2), 2)
    assert loop.stalled(history(3, 1, 2, 2), 2)


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
