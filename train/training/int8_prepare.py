"""Prepare a network for int8: bring channels to one range and kernels onto the grid of int8; then the rest adapts.

Activations are quantized with one scale a tensor, so a channel of small values drowns in the rounding of a loud one. In
`lite0` the outputs of the linear bottlenecks are such tensors, and nothing but additions lies between them and the
convolutions that read them: dividing a channel there and multiplying it here changes nothing in floats (cross-layer
equalization, Nagel et al. 2019, arXiv:1906.04721, without its trouble with ReLU6).

Quantizing per channel rounds each output channel of a kernel to 255 levels. Done after training, that alone moved the
scores of `lite0` by 0.03 on average (measured on its second epoch; rounding of activations moved them by 0.013). Done
here, the network that is evaluated already has the rounded kernels, so conversion changes no weight: batch
normalisation, which scales channels and so stays on the grid, and the class maps learn to live with them.
"""

import keras
import numpy as np
from keras import layers

from train.models import keras_calls, lite0

# int8 weights are symmetric: -127 .. 127 (TFLite's quantization specification).
LEVELS = 127
# What counts as a channel's range: nearly its maximum, but not a single odd pixel of one film.
LOUDEST = 0.9999
# A channel is raised at most this much, so that a silent one does not take the whole range of the kernel that reads it.
MOST_GAIN = 32
# Networks with linear bottlenecks: how many blocks, the convolution that reads the last, and others that read a block.
HEADS = {
    "lite0": (len(lite0.BLOCKS), "head_conv", {lite0.JOINED_BLOCK: "middle_conv"}),
    "short": (lite0.SHORT_BLOCKS, "short_head_conv", {}),
}


def equalize(model, films: np.ndarray) -> None:
    """Give the channels between the blocks of `lite0` or `short` one range; in floats the model answers as before.

    Args:
        model: of `train.models.networks`; one without such blocks is left as it is.
        films: uint8 (N, S, S, 1), training films on which the ranges are measured.
    """
    for writers, readers in _streams(model):
        outputs = [model.get_layer(f"{name}_project_norm").output for name in writers]
        outputs += [model.get_layer(f"{name}_add").output for name in writers[1:]]
        values = keras_calls.predict(keras.Model(model.input, outputs), films.astype(np.float32))
        values = values if isinstance(values, list) else [values]
        loudest = np.max([np.quantile(np.abs(value), LOUDEST, axis=(0, 1, 2)) for value in values], axis=0)
        scale = np.maximum(loudest, loudest.max() / MOST_GAIN)
        for name in writers:
            norm = model.get_layer(f"{name}_project_norm")
            gamma, beta, *moving = norm.get_weights()
            norm.set_weights([gamma / scale, beta / scale, *moving])
        for name in readers:
            reader = model.get_layer(name)
            reader.set_weights([reader.get_weights()[0] * scale[:, None]])


def _streams(model):
    """Yield (blocks that write, convolutions that read) of each residual stream: the blocks of a stage share one."""
    if model.name not in HEADS:
        return
    blocks, head, beside = HEADS[model.name]
    first = 0
    for repeats, *_ in lite0.STAGES:
        last = min(first + repeats, blocks) - 1
        if first > last:
            return
        after = head if last == blocks - 1 else f"block{last + 1}_expand_conv"
        inner = [f"block{i}_expand_conv" for i in range(first + 1, last + 1)]
        joined = [name for i, name in beside.items() if i == last]
        yield [f"block{i}" for i in range(first, last + 1)], [*inner, after, *joined]
        first = last + 1


def round_kernels(model) -> None:
    """Round every kernel to 8 bits an output channel, and let training change only what keeps it there."""
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            weights = layer.get_weights()
            weights[0] = _rounded(weights[0], layer)
            layer.set_weights(weights)
            layer.trainable = layer.name == "cam"


def finish(model) -> None:
    """Round the class maps' kernel too, which was left free, and make every layer trainable again."""
    cam = model.get_layer("cam")
    kernel, bias = cam.get_weights()
    cam.set_weights([_rounded(kernel, cam), bias])
    for layer in model.layers:
        layer.trainable = True


def _rounded(kernel: np.ndarray, layer) -> np.ndarray:
    if isinstance(layer, layers.DepthwiseConv2D):
        return _to_grid(kernel, axes=(0, 1, 3))  # (rows, columns, channels, 1): a scale a channel
    if kernel.shape[2] == 3:
        # On grey films only the sum over the three equal channels acts, and `networks.fold_input` converts that sum.
        return np.repeat(_to_grid(kernel.sum(axis=2, keepdims=True), axes=(0, 1, 2)) / 3, 3, axis=2)
    return _to_grid(kernel, axes=(0, 1, 2))


def _to_grid(kernel: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    step = np.abs(kernel).max(axis=axes, keepdims=True) / LEVELS
    return np.where(step > 0, np.round(kernel / np.where(step > 0, step, 1)) * step, 0).astype(kernel.dtype)
