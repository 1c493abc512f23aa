import numpy as np
import pytest
from scipy import special

from train.models import networks
from train.training import calibrate

LABELS = ("normal", "covid")


def _drawn(seed=0, films=4000):
    """Return logits that mean what they say, and truth drawn by them: float (N, 2) each."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (films, 2))
    return logits, (rng.random(logits.shape) < special.expit(logits)).astype(np.float32)


@pytest.mark.parametrize("wrong", [0.5, 1.0, 1.7, 4.0])
def test_the_temperature_that_spoilt_the_scores_is_found(wrong):
    logits, truth = _drawn()
    found = calibrate.temperature(special.expit(logits * wrong).astype(np.float32), truth)
    assert found == pytest.approx(wrong, rel=0.06)  # the error of 8,000 drawn truths


def test_the_temperature_is_the_one_of_least_cross_entropy():
    logits, truth = _drawn(1, 60)
    scores = special.expit(logits * 3)
    found = calibrate.temperature(scores, truth)

    def loss(temperature):
        scaled = special.expit(calibrate.logits(scores) / temperature)
        return -(truth * np.log(scaled) + (1 - truth) * np.log(1 - scaled)).mean()

    assert loss(found) <= min(loss(found * step) for step in (0.9, 0.99, 1.01, 1.1)) + 1e-12


def test_few_films_cannot_drive_it_away():
    truth = np.eye(2, dtype=np.float32)
    right, wrong = np.where(truth == 1, 0.9, 0.1), np.where(truth == 1, 0.1, 0.9)
    assert calibrate.temperature(right, truth) == pytest.approx(calibrate.LEAST, rel=0.01)
    assert calibrate.temperature(wrong, truth) == pytest.approx(calibrate.MOST, rel=0.01)
    assert np.isfinite(calibrate.temperature(np.array([[0.0, 1.0]]), np.array([[1.0, 1.0]])))


def test_folding_divides_logits_and_nothing_else():
    network = networks.build("seed", 32, LABELS)
    films = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 1)).astype("float32")
    network.get_layer("cam").set_weights([weights * 20 + 0.3 for weights in network.get_layer("cam").get_weights()])
    before = [layer.get_weights() for layer in network.layers]
    logits = calibrate.logits(network.predict(films, verbose=0))
    assert np.abs(logits).max() > 0.2
    calibrate.fold(network, 1.7)
    # Scores are float32: near 0.9 a logit is known to 1e-6.
    assert np.allclose(calibrate.logits(network.predict(films, verbose=0)) * 1.7, logits, atol=1e-5)
    for layer, weights in zip(network.layers, before, strict=True):
        same = [np.array_equal(a, b) for a, b in zip(layer.get_weights(), weights, strict=True)]
        assert all(same) != (layer.name == "cam")
