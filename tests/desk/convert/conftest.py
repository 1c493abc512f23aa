"""A network to convert, shared by the tests of the converter."""

import numpy as np
import pytest

from train.models import networks


@pytest.fixture(scope="session")
def network():
    """Return `tiny` with random weights, its batch statistics settled on noise so that activations stay in range."""
    import keras

    size, labels = 32, ("normal", "covid", "pneumonia")
    keras.utils.set_random_seed(3)
    built = networks.build("tiny", size, labels)
    noise = np.random.default_rng(0).integers(0, 256, (64, size, size, 1)).astype("float32")
    built.compile("adam", "binary_crossentropy")
    built.fit(noise, np.eye(3, dtype="float32")[np.arange(64) % 3], epochs=8, verbose=0)
    return built
