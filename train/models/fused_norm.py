"""Batch normalisation by TensorFlow's fused kernel in training: the same values in about half the time of a step.

Keras 3 normalises by separate means, differences and products; on a CPU each is a pass over memory, and together they
took half of a step of `lite0` (160 pixels, 2 cores: 1.81 s against 0.98 s). Other backends fuse these themselves.
"""

import keras
from keras import layers


def fuse(model) -> None:
    """Let the normalisation layers of `model` use the fused kernel, where the backend is TensorFlow."""
    if keras.backend.backend() == "tensorflow":
        _turn(model, layers.BatchNormalization, FusedBatchNormalization)


def unfuse(model) -> None:
    """Undo `fuse`, so that a saved model holds Keras' own layers alone."""
    _turn(model, FusedBatchNormalization, layers.BatchNormalization)


@keras.saving.register_keras_serializable(package="covid-xray")
class FusedBatchNormalization(layers.BatchNormalization):
    """Keras' layer over channels, by one operation of TensorFlow. float (N, H, W, C) -> float (N, H, W, C)."""

    def call(self, inputs, training=None, mask=None):
        """Normalise by the batch in training, which moves the averages, else by the averages."""
        import tensorflow as tf

        batch = bool(training) and self.trainable
        averages = {} if batch else {"mean": self.moving_mean, "variance": self.moving_variance}
        # The kernel takes bfloat16 only with a float32 scale and offset.
        scale, offset = tf.cast(self.gamma, tf.float32), tf.cast(self.beta, tf.float32)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, scale, offset, epsilon=self.epsilon, is_training=batch, **averages
        )
        if batch:
            count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], variance.dtype)
            biased = variance * (count - 1) / count  # what Keras averages; the kernel answers the unbiased one
            for average, found in ((self.moving_mean, mean), (self.moving_variance, biased)):
                # Keras declares the averages as None; `build` made them.
                average.assign(average * self.momentum + found * (1 - self.momentum))  # pyright: ignore[reportOptionalMemberAccess, reportOptionalOperand]
        return outputs


def _turn(model, old, new) -> None:
    for layer in model.layers:
        if type(layer) is old:
            layer.__class__ = new  # the same weights and configuration: only `call` differs
