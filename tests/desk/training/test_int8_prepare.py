"""What prepares a network for 8 bits: rounding keeps its answers close, equalizing changes none."""

import keras
import numpy as np
import pytest

from train.models import networks
from train.training import int8_prepare


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
