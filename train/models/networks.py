"""The networks, each one function; all take what `preprocess.to_pixels` gives and answer one sigmoid a label.

Every network ends in class maps *first* and their mean second: a 1 x 1 convolution gives one map a label (`cam`), its
global average is the logit. So the heat map costs nothing, needs no gradients, and the int8 file holds no small
FULLY_CONNECTED, which crashes tflite-runtime 2.14 on ARM. Scaling and grey-to-three-channels are the first layers.
"""

import keras
import numpy as np
from keras import layers

from train.models import lite0

FROM_IMAGENET = ("lite0", "short")
MODELS = ("lite0", "short", "tiny", "seed")
HEADS = ("edge", "mobile")

# Stem, then (output channels, stride) of the depthwise-separable blocks of `tiny`: 252 k parameters.
TINY_STEM = 16
TINY_BLOCKS = ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (192, 2), (192, 1), (288, 2), (288, 1))
# Batch statistics must settle within the few thousand steps of training from scratch; Keras' 0.99 lags behind.
TINY_MOMENTUM = 0.95
SEED_CHANNELS = (32, 64, 128)


def build(name: str, size: int, labels: tuple[str, ...], *, dropout: float = 0.2, imagenet: bool = True):
    """Build a network.

    Args:
        name: one of `MODELS`.
        size: side of the input in pixels.
        labels: one sigmoid each, in this order.
        dropout: share of the last features dropped in training, 0 .. 1.
        imagenet: start `lite0` and `short` from ImageNet weights; the others always start from scratch.

    Returns:
        A Keras model: float (N, size, size, 1) holding 0 .. 255 -> float (N, labels) in 0 .. 1.

    Raises:
        ValueError: an unknown name.
    """
    if name not in MODELS:
        raise ValueError(f"model is {name!r}; known models are {', '.join(MODELS)}")
    pixels = keras.Input((size, size, 1), name="pixels")
    x = layers.Rescaling(*INPUT_SCALING[name], name="rescale")(pixels)
    if name in FROM_IMAGENET:
        x = layers.Concatenate(name="grey_to_rgb")([x, x, x])
    model = keras.Model(pixels, _scores(FEATURES[name](x), len(labels), dropout), name=name)
    if name in FROM_IMAGENET and imagenet:
        lite0.load_imagenet(model)
    return model


def freeze(model, blocks: int) -> None:
    """Keep the stem and the first `blocks` blocks of `lite0` or `short` as they are in training; 0 freezes nothing."""
    for layer in model.layers:
        part = layer.name.partition("_")[0]
        if blocks and (part == "stem" or (part.startswith("block") and int(part[5:]) < blocks)):
            layer.trainable = False


def with_class_maps(model):
    """Return the model that also answers its class maps: -> {"scores": (N, labels), "cam": (N, h, w, labels)}."""
    return keras.Model(model.input, {"scores": model.output, "cam": model.get_layer("cam").output})


def to_convert(model, head: str = "edge"):
    """Return what is converted: the network with its input layers folded, and the outputs its user needs.

    Args:
        model: of `build`, trained.
        head: one of `HEADS`: `edge` takes grey films (N, S, S, 1) and answers `scores`, class maps `cam` and the
            `embedding` (N, features), the mean features that a gate measures distances in; `mobile` takes RGB
            (N, S, S, 3), as clients for photographs give, looks at the green channel, and answers `scores` alone.

    Raises:
        ValueError: an unknown head.
    """
    if head not in HEADS:
        raise ValueError(f"head is {head!r}; known heads are {', '.join(HEADS)}")
    if head == "mobile":
        folded = fold_input(model, channels=3)
        return keras.Model(folded.input, {"scores": folded.output}, name=model.name)
    folded = fold_input(model)
    cam = folded.get_layer("cam")
    embedding = layers.GlobalAveragePooling2D(name="embedding")(cam.input)
    # A name of its own: Keras would count the models made so far, and the file would hold that number.
    outputs = {"scores": folded.output, "cam": cam.output, "embedding": embedding}
    return keras.Model(folded.input, outputs, name=model.name)


def fold_input(model, channels: int = 1):
    """Return the same network with its input layers folded into the first convolution.

    Scaling by s goes into the kernel, so that only an integer offset is left, which int8 represents exactly; and since
    the three channels of a grey film are equal, the sum of the kernel over them needs one. In floats nothing changes.
    In int8, filters that oppose colours or neighbours cancel on smooth grey films while rounding errors in front of
    them do not: unfolded, 28 dB of signal to quantization noise were left behind the stem of `lite0`.

    The offset, and the choice of the green channel out of 3 `channels`, are a 1 x 1 convolution by 1 and 0, which int8
    represents exactly too: an addition of a constant, or a slice, is what OpenCV's reader of TFLite files lacks.
    """
    scaling = model.get_layer("rescale")
    pixels = keras.Input((*model.input.shape[1:3], channels), name="pixels")
    chosen = bool(scaling.offset) or channels > 1
    x = layers.Conv2D(1, 1, name="centre")(pixels) if chosen else pixels
    x = _scores(FEATURES[model.name](x), model.output.shape[-1], 0)
    folded = keras.Model(pixels, x, name=model.name)
    if chosen:
        green = np.zeros((1, 1, channels, 1))
        green[..., channels // 2, :] = 1
        folded.get_layer("centre").set_weights([green, np.array([scaling.offset / scaling.scale])])
    kept = [layer for layer in folded.layers if layer.weights and layer.name != "centre"]
    first = next(layer.name for layer in kept if isinstance(layer, layers.Conv2D))
    for layer in kept:
        weights = model.get_layer(layer.name).get_weights()
        if layer.name == first:
            weights[0] = weights[0].sum(axis=2, keepdims=True) * scaling.scale
        layer.set_weights(weights)
    return folded


def _scores(features, labels: int, dropout: float):
    features = layers.Dropout(dropout, name="dropout")(features)
    maps = layers.Conv2D(labels, 1, name="cam")(features)
    # In float32 in a network that computes with bfloat16 too: its sums and sigmoids would be rounded to 3 digits.
    logits = layers.GlobalAveragePooling2D(name="logits", dtype="float32")(maps)
    return layers.Activation("sigmoid", name="scores", dtype="float32")(logits)


def _tiny(x):
    """A narrow MobileNetV1 (Howard 2017) with ReLU6; class maps at 1/32 of the side, as in `lite0`."""
    x = layers.Conv2D(TINY_STEM, 3, 2, "same", use_bias=False, name="stem_conv")(x)
    x = _norm_relu6(x, "stem")
    for i, (channels, stride) in enumerate(TINY_BLOCKS):
        x = layers.DepthwiseConv2D(3, stride, "same", use_bias=False, name=f"block{i}_depthwise_conv")(x)
        x = _norm_relu6(x, f"block{i}_depthwise")
        x = layers.Conv2D(channels, 1, use_bias=False, name=f"block{i}_project_conv")(x)
        x = _norm_relu6(x, f"block{i}_project")
    return x


def _seed(x):
    """The network the project grew from: a plain CNN on 100 x 100 films, ReLU, no normalisation layers."""
    for i, channels in enumerate(SEED_CHANNELS):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"conv{i}")(x)
        x = layers.MaxPooling2D(name=f"pool{i}")(x)
    return x


def _norm_relu6(x, name):
    x = layers.BatchNormalization(momentum=TINY_MOMENTUM, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


# What turns normalised pixels into features, and the scale and offset that normalise them.
FEATURES = {"lite0": lite0.features, "short": lite0.short_features, "tiny": _tiny, "seed": _seed}
CENTRED = (1 / lite0.STDDEV, -lite0.MEAN / lite0.STDDEV)
INPUT_SCALING = {"lite0": CENTRED, "short": CENTRED, "tiny": CENTRED, "seed": (1 / 255, 0.0)}
