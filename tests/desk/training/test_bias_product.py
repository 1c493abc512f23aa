"""Told what the source says of the labels, a network gains nothing by knowing the source."""

import keras
import numpy as np
import pytest

from train.training import bias_product

# Two sources of ten films: nine of ten are ill in the first, two of ten in the second.
ORIGIN = np.repeat(np.eye(2), 10, axis=0)
ILL = np.concatenate([np.arange(10) < 9, np.arange(10) < 2]).astype(float)
TRUTH = np.stack([1 - ILL, ILL], axis=1)
ALIKE = np.full(20, 1 / 20)


def test_each_source_says_its_share_among_films_as_drawn():
    told = bias_product.of_sources(ORIGIN, TRUTH, ALIKE)
    assert told.dtype == np.float32
    assert np.allclose(1 / (1 + np.exp(-told)), [[0.1, 0.9], [0.8, 0.2]])
    even = np.where(ILL, 1 / ILL[:10].sum(), 1.0) * (ORIGIN[:, 0] == 1)  # the ill of the first as often as the well
    assert np.allclose(bias_product.of_sources(ORIGIN, TRUTH, even / even.sum())[0], 0, atol=1e-6)


def test_a_source_without_a_label_does_not_say_never():
    told = bias_product.of_sources(np.ones((20, 1)), np.eye(2)[np.zeros(20, int)], ALIKE)
    assert np.allclose(1 / (1 + np.exp(-told)), [[1 - bias_product.LEAST, bias_product.LEAST]])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_told_nothing_it_is_binary_cross_entropy(smoothing):
    scores = np.random.default_rng(0).uniform(0.02, 0.98, (20, 2)).astype("float32")
    loss = bias_product.loss(2, smoothing)(np.concatenate([TRUTH, 0 * TRUTH], 1).astype("float32"), scores)
    expected = keras.losses.BinaryCrossentropy(label_smoothing=smoothing, reduction=None)(TRUTH, scores)
    assert np.allclose(loss, expected, atol=1e-5)


def test_knowing_the_source_gains_nothing():
    told = ORIGIN @ bias_product.of_sources(ORIGIN, TRUTH, ALIKE)
    truth = np.concatenate([TRUTH, told], 1).astype("float32")

    def loss(towards_source):
        """The mean loss of a network whose score for the second label rises in the first source alone."""
        logits = towards_source * (2 * ORIGIN[:, :1] - 1) * [-1, 1]
        return float(np.mean(bias_product.loss(2, 0.0)(truth, (1 / (1 + np.exp(-logits))).astype("float32"))))

    assert loss(0) < min(loss(-0.2), loss(0.2))
    assert loss(0.2) > loss(0.1)
