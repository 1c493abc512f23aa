"""Quantization-aware fine-tuning: a network learns to answer in int8 what it answers in floats.

The activations of a copy are rounded as the file will round them (fake quantization, Jacob et al. 2018,
arXiv:1712.05877; gradients pass straight through), and the copy learns the logits of its parent on training films:
labels play no part, so it cannot become another network, only one that bears the rounding (Mishra and Marr 2017,
arXiv:1711.05852). Kernels stay as they are, already on the grid of int8 (`train.training.int8_prepare`); what learns
is the normalisation behind them.
"""

import keras
import numpy as np
from keras import layers, ops

from convert.quantize import ranges
from train.reporting import provenance

BATCH, RATE, PASSES, SEED = 32, 1e-3, 2, 7
MEASURED = 60


class Rounded(layers.Layer):
    """Rounds float (N, H, W, C) to 256 levels from `low` to `high`, 0 among them; gradients see only the clipping."""

    def __init__(self, low: float, high: float, **words):
        super().__init__(**words)
        self.low, self.high = low, high
        self.trainable = False

    def call(self, inputs):
        """Round."""
        step = (self.high - self.low) / ranges.LEVELS
        zero = round(-self.low / step)
        low, high = -zero * step, (ranges.LEVELS - zero) * step
        clipped = ops.clip(inputs, low, high)
        # Keras leaves its operations untyped; what is inferred for them has None in it, which they never return.
        off = ops.round(clipped / step) * step - clipped  # pyright: ignore[reportOptionalOperand]
        return clipped + ops.stop_gradient(off)  # pyright: ignore[reportOptionalOperand]


class Adapting(layers.Layer):
    """A trained normalisation whose averages stay as they are while gain and shift of each channel learn."""

    def __init__(self, norm):
        super().__init__(name=norm.name)
        self._gamma, self._beta, mean, variance = norm.get_weights()
        self._deviation = np.sqrt(variance + norm.epsilon)
        self._mean = mean

    def build(self, input_shape):
        """Make what learns: both relative to what was there, so that one rate suits all channels."""
        self.gain = self.add_weight((input_shape[-1],), "ones", name="gain")
        self.shift = self.add_weight((input_shape[-1],), "zeros", name="shift")

    def call(self, inputs):
        """Normalise float (N, H, W, C)."""
        factor = self.gain * (self._gamma / self._deviation)
        return inputs * factor + (self.shift * self._gamma - factor * self._mean + self._beta)

    def learnt(self) -> list[np.ndarray]:
        """Return gamma and beta of the normalisation layer that answers the same."""
        return [self._gamma * self.gain.numpy(), self._beta + self._gamma * self.shift.numpy()]


def fine_tune(model, films: np.ndarray, *, passes: int = PASSES, rate: float = RATE):
    """Return a copy of a network of `train.models.networks`, with kernels on the grid of int8, that bears rounding.

    Args:
        model: the parent; left as it is.
        films: uint8 (N, S, S, 1), training films.
        passes: over the films.
        rate: highest learning rate of Adam.
    """
    provenance.fix_seed(SEED)
    teacher = keras.Model(model.input, model.get_layer("logits").output)
    wanted = _predict(teacher, films, batch=64)
    copy = rounded(model, films)
    student = keras.Model(copy.input, copy.get_layer("logits").output)
    steps = passes * -(-len(films) // BATCH)
    schedule = keras.optimizers.schedules.CosineDecay(rate / 20, steps, alpha=0.01, warmup_target=rate, warmup_steps=20)
    # Keras infers the types of these two arguments from their defaults; it documents a schedule and numbers too.
    student.compile(keras.optimizers.Adam(schedule), "mse")  # pyright: ignore[reportArgumentType]
    inputs = films.astype(np.float32)
    student.fit(inputs, wanted, batch_size=BATCH, epochs=passes, verbose=2)  # pyright: ignore[reportArgumentType]
    learnt = keras.models.clone_model(model)
    for layer in learnt.layers:
        weights = model.get_layer(layer.name).get_weights()
        if isinstance(layer, layers.BatchNormalization):
            weights[:2] = copy.get_layer(layer.name).learnt()
        layer.set_weights(weights)
    return learnt


def rounded(model, films: np.ndarray):
    """Return a network of `train.models.networks` with activations rounded as int8 would, in ranges of these films."""
    places = [layer.name for layer in model.layers if _is_stored(layer)]
    limits = _limits(model, places, films)

    def copied(layer):
        if isinstance(layer, layers.Dropout):
            return layers.Identity(name=layer.name)
        if isinstance(layer, layers.BatchNormalization):
            return Adapting(layer)
        return type(layer).from_config(layer.get_config())

    def call(layer, *inputs, **_):
        answer = layer(*inputs)
        return Rounded(*limits[layer.name], name=f"{layer.name}_rounded")(answer) if layer.name in limits else answer

    copy = keras.models.clone_model(model, clone_function=copied, call_function=call)
    for layer in model.layers:
        if not isinstance(layer, layers.BatchNormalization):
            copy.get_layer(layer.name).set_weights(layer.get_weights())
            copy.get_layer(layer.name).trainable = False
    return copy


def _predict(model: keras.Model, films: np.ndarray, batch: int):
    # The type of `verbose` is inferred from its default, "auto"; Keras documents 0 too.
    return model.predict(films, batch_size=batch, verbose=0)  # pyright: ignore[reportArgumentType]


def _is_stored(layer) -> bool:
    """Whether a file stores the answer of a layer, rounded: others are fused into the next."""
    linear = layer.name.endswith("_project_norm")
    return linear or isinstance(layer, layers.ReLU | layers.Add | layers.GlobalAveragePooling2D) or layer.name == "cam"


def _limits(model, places: list[str], films: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return (low, high) of each place, narrowed as `ranges` does."""
    some = films[np.random.default_rng(SEED).permutation(len(films))[:MEASURED]]
    outputs = {name: model.get_layer(name).output for name in places}
    answers = _predict(keras.Model(model.input, outputs), some, batch=16)
    found = {}
    for name, values in answers.items():
        low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
        thin = values.ravel()[:: max(1, values.size // (MEASURED * ranges.VALUES))]
        share = ranges.best(thin, low, high)
        found[name] = low * share, high * share
    return found
