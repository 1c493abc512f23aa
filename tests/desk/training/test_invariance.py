"""What the penalties are worth: nothing where sources are alike, much where they differ; who learns the opposite."""

import keras
import numpy as np
import pytest

from train.models import networks
from train.training import invariance

LABELS = ("normal", "covid")
SOURCES = 3
FILMS = 240


def _truth(seed=0):
    """Return float32 (N, sources + labels): every label in every source alike, in no order."""
    order = np.random.default_rng(seed).permutation(FILMS)
    origin, labels = np.eye(SOURCES)[order % SOURCES], np.eye(len(LABELS))[order // SOURCES % len(LABELS)]
    return np.concatenate([origin, labels], axis=1).astype("float32")


TRUTH = _truth()
ORIGIN, LABEL = TRUTH[:, :SOURCES], TRUTH[:, SOURCES:]
NOISE = np.random.default_rng(1).normal(0, 1, (FILMS, 5)).astype("float32")


def _loss(name, answer, truth=TRUTH):
    return float(invariance.loss(name, SOURCES)(truth, np.asarray(answer, "float32")))


def test_coral_is_nothing_where_features_are_the_same_in_every_source():
    same = LABEL @ np.array([[0.0, 1, 2], [3, 5, 7]], "float32")  # the label alone decides
    assert _loss("coral", same) == pytest.approx(0, abs=1e-6)
    assert 0 < _loss("coral", NOISE) < 1  # chance only: 40 films a cell


@pytest.mark.parametrize("by", [ORIGIN[:, :1] * 2, ORIGIN @ np.array([[0.0], [1], [2]])], ids=["one apart", "all"])
def test_coral_grows_with_the_distance_of_the_means(by):
    alike, near, far = (_loss("coral", NOISE + step * by.astype("float32")) for step in (0, 1, 2))
    assert alike < near < far
    # Twice as far is four times as much: the distance is squared.
    assert (far - alike) / (near - alike) == pytest.approx(4, rel=0.25)


def test_coral_sees_a_spread_that_differs_though_the_means_do_not():
    wide = NOISE * (1 + 2 * ORIGIN[:, :1])
    assert _loss("coral", wide) > 10 * _loss("coral", NOISE)


def test_coral_compares_within_a_label_only():
    """Two sources with different labels have nothing to be compared by: to make them alike would unlearn the label."""
    apart = TRUTH[(ORIGIN[:, 0] * LABEL[:, 0] + ORIGIN[:, 1] * LABEL[:, 1]) > 0]
    assert _loss("coral", apart[:, :SOURCES] * 5, apart) == 0
    assert _loss("coral", ORIGIN * 5) > 1


def test_coral_of_one_film_a_cell_says_nothing():
    one_each = np.unique(TRUTH, axis=0)
    assert len(one_each) == SOURCES * len(LABELS)
    assert _loss("coral", np.arange(len(one_each) * 2).reshape(-1, 2), one_each) == 0


def test_irm_is_nothing_where_no_scale_would_help_any_source():
    assert _loss("irm", np.zeros((FILMS, 2))) == 0
    # Right with certainty, or wrong half of the time with the logit 0: no slope either.
    assert _loss("irm", (LABEL - 0.5) * 80) < 1e-6


def test_irm_grows_where_a_source_is_answered_too_boldly():
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 1.5, (20_000, 1)).astype("float32")
    told = (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype("float32")
    origin = np.eye(SOURCES, dtype="float32")[np.arange(len(logits)) % SOURCES]
    truth = np.concatenate([origin, told], axis=1)
    bold = logits * (1 + 3 * origin[:, :1])
    assert _loss("irm", logits, truth) < 1e-3 < 0.05 < _loss("irm", bold, truth)
    assert _loss("irm", logits * (1 + 5 * origin[:, :1]), truth) > _loss("irm", bold, truth)


def test_the_adversarys_loss_is_less_the_better_it_tells_sources():
    ignorant, sure = _loss("adversary", np.zeros((FILMS, SOURCES))), _loss("adversary", ORIGIN * 20)
    assert ignorant == pytest.approx(np.log(SOURCES), rel=1e-5)
    assert sure < 1e-3
    assert _loss("adversary", np.roll(ORIGIN, 1, axis=1) * 20) > 10


def test_the_adversary_counts_every_source_of_a_label_alike():
    """A source that brings ten times the films has no louder voice; in a label, guessing by frequency must not pay."""
    few = np.concatenate([TRUTH, np.repeat(TRUTH[ORIGIN[:, 0] == 1], 9, axis=0)])
    always_first = np.tile(np.array([[4.0, 0, 0]], "float32"), (len(few), 1))
    assert _loss("adversary", always_first, few) == pytest.approx(_loss("adversary", always_first[:FILMS]), rel=1e-4)


# --- attached to a network ------------------------------------------------------------------------


def _attached(name):
    keras.utils.set_random_seed(1)
    return invariance.attach(networks.build("seed", 16, LABELS, dropout=0.0), name, SOURCES)


@pytest.mark.parametrize("name", invariance.PENALTIES[1:])
def test_the_scores_are_those_of_the_bare_network(name):
    films = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 1)).astype("float32")
    (network, losses), (bare, none) = _attached(name), _attached("none")
    assert set(losses) == {"source"}
    assert none == {}
    bare.set_weights(network.get_weights()[: len(bare.get_weights())])
    answer = network(films)
    assert set(answer) == {"scores", "source"}
    assert np.allclose(answer["scores"], bare(films), atol=1e-6)
    assert np.isfinite(losses["source"](TRUTH[:4], answer["source"]))


def test_an_unknown_penalty_is_refused():
    with pytest.raises(ValueError, match="penalty is 'dann'; known penalties are none, coral, adversary, irm"):
        _attached("dann")


def _step(name, mine):
    """Take a step of gradient descent with the weights whose path `mine` accepts; return the penalty before and after.

    The step is small enough for the slope to tell the direction.
    """
    import tensorflow as tf

    network, losses = _attached(name)
    films = np.random.default_rng(0).integers(0, 256, (48, 16, 16, 1)).astype("float32")
    weights = [weight for weight in network.trainable_variables if mine(weight.path)]
    assert weights

    def penalty():
        return losses["source"](TRUTH[:48], network(films, training=False)["source"])

    with tf.GradientTape() as tape:
        before = penalty()
    gradients = tape.gradient(before, [weight.value for weight in weights])
    length = np.sqrt(sum(float(tf.reduce_sum(gradient**2)) for gradient in gradients))
    assert length > 1e-6
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.assign(weight - 1e-2 / length * gradient)
    return float(before), float(penalty())


def test_the_network_learns_the_opposite_of_what_the_adversary_learns():
    before, after = _step("adversary", lambda path: path.startswith("adversary"))
    assert after < before
    before, after = _step("adversary", lambda path: path.startswith("conv"))
    assert after > before


@pytest.mark.parametrize("name", ["coral", "irm"])
def test_the_network_itself_makes_the_other_penalties_small(name):
    before, after = _step(name, lambda path: path.startswith("conv"))
    assert after < before
