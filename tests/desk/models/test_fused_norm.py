"""The fused normalisation answers and learns as Keras' own."""

import keras
import numpy as np
import pytest
from keras import layers

from train.models import fused_norm, networks

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the kernel is TensorFlow's")


def _norms(network):
    return [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]


def test_training_moves_weights_and_averages_as_keras_does():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (8, 96, 96, 1)).astype(np.float32)
    truth = rng.integers(0, 2, (8, 3)).astype(np.float32)
    answers, weights = [], []
    for fused in (False, True):
        keras.utils.set_random_seed(3)
        network = networks.build("tiny", 96, ("a", "b", "c"), dropout=0)
        if fused:
            fused_norm.fuse(network)
            assert {type(layer) for layer in _norms(network)} == {fused_norm.FusedBatchNormalization}
        network.compile(keras.optimizers.SGD(0.01), "binary_crossentropy")
        network.train_on_batch(pixels, truth)
        answers.append(network.predict(pixels, verbose=0))
        weights.append(network.get_weights())
    assert np.abs(answers[0] - answers[1]).max() < 1e-3
    assert max(np.abs(a - b).max() for a, b in zip(*weights, strict=True)) < 2e-4


def test_frozen_layers_keep_their_averages_and_a_saved_model_is_plain(tmp_path):
    network = networks.build("tiny", 32, ("a", "b", "c"), dropout=0)
    fused_norm.fuse(network)
    first = _norms(network)[0]
    first.trainable = False
    before = first.get_weights()
    network.compile("sgd", "binary_crossentropy")
    network.train_on_batch(np.ones((4, 32, 32, 1), np.float32), np.ones((4, 3), np.float32))
    assert all(np.array_equal(a, b) for a, b in zip(before, first.get_weights(), strict=True))
    assert not np.array_equal(_norms(network)[1].get_weights()[2], np.zeros(1))
    network.save(tmp_path / "checkpoint.keras")
    again = keras.models.load_model(tmp_path / "checkpoint.keras")
    assert type(_norms(again)[0]) is fused_norm.FusedBatchNormalization
    fused_norm.unfuse(again)
    again.save(tmp_path / "model.keras")
    assert b"fused" not in (tmp_path / "model.keras").read_bytes()
    assert {type(layer) for layer in _norms(keras.models.load_model(tmp_path / "model.keras"))} == {
        layers.BatchNormalization
    }
