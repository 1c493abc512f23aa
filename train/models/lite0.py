"""EfficientNet-Lite0's layers in Keras, and where each ImageNet weight goes.

Architecture: tensorflow/tpu `models/official/efficientnet/lite/efficientnet_lite_builder.py` (no squeeze-and-excite,
ReLU6 instead of swish, so that it survives int8). Input is (pixel - 127) / 128 as there.
"""

import numpy as np
from keras import layers

from train.models import imagenet

# (repeats, kernel, stride, expansion, output channels), from the block strings of EfficientNet-B0; Lite keeps them.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
# (kernel, stride, expansion, output channels) of each block.
BLOCKS = tuple(
    (kernel, stride if repeat == 0 else 1, expansion, channels)
    for repeats, kernel, stride, expansion, channels in STAGES
    for repeat in range(repeats)
)
STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
# Class maps are made at 1/16 of the side, where a place is 8 % of the lungs' width: the whole network's last features,
# at 1/32, are enlarged and joined with those of its last block at 1/16.
JOINED_BLOCK, JOINED_CHANNELS = 10, 128
# With 10 of the 16 blocks an int8 file stays under 1 MB, the lung-field network and the card in it included.
SHORT_BLOCKS, SHORT_HEAD_CHANNELS = 10, 192
BATCH_NORM_EPSILON = 1e-3
MEAN, STDDEV = 127.0, 128.0


def features(x):
    """Apply the whole network: float (N, S, S, 3) in -1 .. 1 -> float (N, S/16, S/16, 128)."""
    middle = _blocks(x, range(JOINED_BLOCK + 1))
    last = _blocks(middle, range(JOINED_BLOCK + 1, len(BLOCKS)))
    top = _conv_norm(_conv_norm(last, HEAD_CHANNELS, 1, 1, "head"), JOINED_CHANNELS, 1, 1, "top", relu=False)
    top = layers.UpSampling2D(2, interpolation="bilinear", name="enlarge")(top)
    middle = _conv_norm(middle, JOINED_CHANNELS, 1, 1, "middle", relu=False)
    joined = layers.ReLU(6.0, name="join_relu")(layers.Add(name="join")([top, middle]))
    return neighbours(joined, 3)


def short_features(x):
    """Apply the first `SHORT_BLOCKS` blocks: float (N, S, S, 3) in -1 .. 1 -> float (N, S/16, S/16, 192).

    Layers of its own follow, since the head of the whole network was made for what the last blocks answer.
    """
    x = _blocks(x, range(SHORT_BLOCKS))
    return neighbours(_conv_norm(x, SHORT_HEAD_CHANNELS, 1, 1, "short_head"), 5)


def neighbours(x, kernel: int):
    """Let each place see `kernel` x `kernel` places round it: float (N, H, W, C) -> the same shape."""
    x = layers.DepthwiseConv2D(kernel, 1, "same", use_bias=False, name="neighbours_depthwise_conv")(x)
    return _norm_relu(x, "neighbours_depthwise")


def _blocks(x, which: range):
    """Apply some of the blocks; the first one begins with the stem."""
    if which.start == 0:
        x = _conv_norm(x, STEM_CHANNELS, 3, 2, "stem")
    for i in which:
        x = _inverted_residual(x, *BLOCKS[i], f"block{i}")
    return x


def load_imagenet(model) -> None:
    """Copy the ImageNet weights into the layers that `features` made in `model`."""
    weights = imagenet.read_weights()
    for layer in model.layers:
        source = _source_of(layer.name)
        if source is None:
            continue
        if isinstance(layer, layers.BatchNormalization):
            names = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([weights[f"{source}.{name}"] for name in names])
        elif isinstance(layer, layers.DepthwiseConv2D):
            layer.set_weights([weights[f"{source}.weight"].transpose(2, 3, 0, 1)])
        elif isinstance(layer, layers.Conv2D):
            layer.set_weights([weights[f"{source}.weight"].transpose(2, 3, 1, 0)])


def imagenet_classifier():
    """Return (kernel (1280, 1000), bias (1000,)) of the ImageNet head: only the port's proof uses it."""
    weights = imagenet.read_weights()
    return np.ascontiguousarray(weights["_fc.weight"].T), weights["_fc.bias"]


def _source_of(layer_name: str) -> str | None:
    """Translate a layer name made here to the prefix of its weights, or None for layers without any."""
    part, _, kind = layer_name.partition("_")
    if part == "stem":
        return {"conv": "_conv_stem", "norm": "_bn0"}.get(kind)
    if part == "head":
        return {"conv": "_conv_head", "norm": "_bn1"}.get(kind)
    if not part.startswith("block"):
        return None
    suffix = {
        "expand_conv": "_expand_conv",
        "expand_norm": "_bn0",
        "depthwise_conv": "_depthwise_conv",
        "depthwise_norm": "_bn1",
        "project_conv": "_project_conv",
        "project_norm": "_bn2",
    }.get(kind)
    return suffix and f"_blocks.{part.removeprefix('block')}.{suffix}"


def _inverted_residual(x, kernel, stride, expansion, channels, name):
    shortcut = x
    if expansion != 1:
        x = _conv_norm(x, x.shape[-1] * expansion, 1, 1, f"{name}_expand")
    x = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _norm_relu(x, f"{name}_depthwise")
    x = _conv_norm(x, channels, 1, 1, f"{name}_project", relu=False)
    if stride == 1 and shortcut.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def _conv_norm(x, channels, kernel, stride, name, relu=True):
    x = layers.Conv2D(channels, kernel, stride, "same", use_bias=False, name=f"{name}_conv")(x)
    return _norm_relu(x, name, relu)


def _norm_relu(x, name, relu=True):
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x
