"""What makes features that tell the source apart costly: a second output for training, with its own loss.

The network that is kept never has these parts. Truth of the second output is the film's source beside its labels.
"""

import keras
from keras import layers, ops

PENALTIES = ("none", "coral", "adversary", "irm")


def attach(model, penalty: str, sources: int):
    """Return (model for training, losses by output): with a penalty, the outputs are `scores` and `source`.

    Args:
        model: of `train.models.networks`.
        penalty: one of `PENALTIES`.
        sources: how many sources there are.

    Raises:
        ValueError: an unknown penalty.
    """
    if penalty not in PENALTIES:
        raise ValueError(f"penalty is {penalty!r}; known penalties are {', '.join(PENALTIES)}")
    if penalty == "none":
        return model, {}
    losses = {"source": loss(penalty, sources)}
    if penalty == "irm":
        return _two(model, model.get_layer("logits").output), losses
    features = layers.GlobalAveragePooling2D(name="embedding")(model.get_layer("cam").input)
    if penalty == "coral":
        return _two(model, features), losses
    hidden = layers.Dense(64, activation="relu", name="adversary_hidden")(_Reverse(name="reverse")(features))
    return _two(model, layers.Dense(sources, name="adversary")(hidden)), losses


def loss(penalty: str, sources: int):
    """Return the loss of the output `source`, which a checkpoint needs to be loaded; None without a penalty."""
    return {"coral": _coral, "adversary": _adversary, "irm": _irm}.get(penalty, lambda _: None)(sources)


def _two(model, other):
    return keras.Model(model.input, {"scores": model.output, "source": layers.Identity(name="source")(other)})


@keras.saving.register_keras_serializable(package="covid-xray")
class _Reverse(layers.Layer):
    """Pass values on and turn gradients round (Ganin and Lempitsky 2015)."""

    def call(self, x):
        return 2 * ops.stop_gradient(x) - x


def _adversary(sources):
    """Cross-entropy of the source within each label, so that unlearning the source need not unlearn the label."""

    def loss(truth, logits):
        origin, labels = truth[:, :sources], truth[:, sources:]
        each = keras.losses.categorical_crossentropy(origin, logits, from_logits=True)
        cells = ops.einsum("ns,nl->sl", origin, labels)  # films of each source and label in this batch
        mine = ops.einsum("ns,sl,nl->n", origin, cells, labels)
        return ops.sum(each / ops.maximum(mine, 1.0)) / ops.maximum(ops.sum(ops.cast(cells > 0, "float32")), 1.0)

    return loss


def _coral(sources):
    """Distance of the means and covariances of features between sources of one label (Sun and Saenko 2016)."""

    def loss(truth, features):
        origin, labels = truth[:, :sources], truth[:, sources:]
        total, pairs = 0.0, 0.0
        for label in range(labels.shape[1]):
            moments = []
            for source in range(sources):
                member = origin[:, source] * labels[:, label]
                count = ops.sum(member)
                mean = ops.sum(features * member[:, None], 0) / ops.maximum(count, 1.0)
                spread = ops.sum(ops.square(features - mean) * member[:, None], 0) / ops.maximum(count, 1.0)
                moments.append((ops.cast(count >= 2, "float32"), mean, spread))
            for i in range(sources):
                for j in range(i):
                    both = moments[i][0] * moments[j][0]
                    apart = ops.sum(ops.square(moments[i][1] - moments[j][1])) + ops.sum(
                        ops.square(moments[i][2] - moments[j][2])
                    )
                    total, pairs = total + both * apart, pairs + both
        return total / ops.maximum(pairs, 1.0)

    return loss


def _irm(sources):
    """The squared gradient of each source's loss by a common scale of the logits (Arjovsky et al. 2019, IRMv1)."""

    def loss(truth, logits):
        origin, labels = truth[:, :sources], truth[:, sources:]
        slope = ops.mean((ops.sigmoid(logits) - labels) * logits, axis=1)
        count = ops.sum(origin, 0)
        of_source = ops.sum(slope[:, None] * origin, 0) / ops.maximum(count, 1.0)
        return ops.sum(ops.square(of_source)) / ops.maximum(ops.sum(ops.cast(count > 0, "float32")), 1.0)

    return loss
