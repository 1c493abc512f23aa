"""The network that segments the lung field and classifies the kind of picture: a small U-Net built for int8 on a Pi.

U-Net: Ronneberger et al. 2015. ReLU6 and depthwise-separable blocks as in `lite0`; skips are joined by concatenation
after a 1 x 1 convolution, enlarged by nearest neighbour (one op every TFLite runtime has, exact in int8).
"""

import keras
from keras import layers

from edge_app.gate.view_classes import CLASSES
from edge_app.imaging.preprocess import LUNG_SIZE

STEM = 16
# (channels, stride) of the way down; each stride of 2 leaves a skip.
DOWN = ((24, 1), (32, 2), (32, 1), (48, 2), (48, 1), (96, 2), (96, 1), (96, 1), (96, 1))
# Channels of the way up, one stage a doubling of the side.
UP = (48, 32, 24)
# Channels behind the narrowest place of the U-Net, where the kind of picture is told; its maps are averaged, since no
# fully connected layer may be in a file (design: it crashes tflite-runtime on ARM).
KIND_CHANNELS = 128
MOMENTUM = 0.95


def build(*, folded: bool = False):
    """Build the network.

    Args:
        folded: leave scaling out of the first layer, for `convert`: its kernel then takes levels, not -1 .. 1.

    Returns:
        A Keras model: float (N, 128, 128, 1) holding 0 .. 255 -> {"mask": float (N, 64, 64, 1), each place's chance of
        lung, "kind": float (N, kinds), the chance of each of `CLASSES`}.
    """
    pixels = keras.Input((LUNG_SIZE, LUNG_SIZE, 1), name="pixels")
    scaling = (1.0, -127.0) if folded else (1 / 128, -127 / 128)
    x = layers.Rescaling(*scaling, name="rescale")(pixels)
    x = _norm_relu6(layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name="stem_conv")(x), "stem")
    skips = []
    for i, (channels, stride) in enumerate(DOWN):
        if stride == 2:
            skips.append(x)
        x = _block(x, channels, stride, f"down{i}")
    kind = _block(_block(x, KIND_CHANNELS, 2, "kind0"), KIND_CHANNELS, 1, "kind1")
    kind = layers.GlobalAveragePooling2D(name="kind_logits")(layers.Conv2D(len(CLASSES), 1, name="kind_maps")(kind))
    for i, channels in enumerate(UP):
        x = layers.UpSampling2D(2, interpolation="nearest", name=f"up{i}_enlarge")(_point(x, channels, f"up{i}_before"))
        skip = _point(skips.pop(), channels, f"up{i}_skip")
        x = _block(layers.Concatenate(name=f"up{i}_join")([x, skip]), channels, 1, f"up{i}")
    mask = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="mask")(x)
    outputs = {"mask": mask, "kind": layers.Softmax(name="kind")(kind)}
    return keras.Model(pixels, outputs, name="lungs")


def fold(model):
    """Return the same network with the input's scaling folded into the first kernel: what is converted."""
    folded = build(folded=True)
    for layer in folded.layers:
        weights = model.get_layer(layer.name).get_weights()
        if layer.name == "stem_conv":
            weights[0] = weights[0] * model.get_layer("rescale").scale
        layer.set_weights(weights)
    return folded


def _block(x, channels, stride, name):
    x = layers.DepthwiseConv2D(3, stride, "same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _norm_relu6(x, f"{name}_depthwise")
    return _point(x, channels, f"{name}_project")


def _point(x, channels, name):
    return _norm_relu6(layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_conv")(x), name)


def _norm_relu6(x, name):
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)
