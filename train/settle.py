"""Ready for int8: kernels onto the grid that quantization will use, then a pass in which the rest adapts to them.

Quantizing per channel rounds each output channel of a kernel to 255 levels. Done after training, that alone moved the
scores of `lite0` by 0.03 on average (measured on the fifth epoch; rounding of activations moved them by 0.015). Done
here, the network that is evaluated already has the rounded kernels, so conversion changes no weight: batch
normalisation, which scales channels and so stays on the grid, and the class maps learn to live with them.
"""

import numpy as np
from keras import layers

# int8 weights are symmetric: -127 .. 127 (TFLite's quantization specification).
LEVELS = 127


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
        # On grey films only the sum over the three equal channels acts, and `model.fold_input` converts that sum.
        return np.repeat(_to_grid(kernel.sum(axis=2, keepdims=True), axes=(0, 1, 2)) / 3, 3, axis=2)
    return _to_grid(kernel, axes=(0, 1, 2))


def _to_grid(kernel: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    step = np.abs(kernel).max(axis=axes, keepdims=True) / LEVELS
    return np.where(step > 0, np.round(kernel / np.where(step > 0, step, 1)) * step, 0).astype(kernel.dtype)
