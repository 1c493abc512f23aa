"""The TFLite converter: a Keras model in, the bytes of a `.tflite` out. No files, no cards."""

import tempfile

import numpy as np

from convert.quantize import ranges
from convert.quantize.flatbuffer import Flatbuffer

KINDS = ("float32", "float16", "dynamic", "int8", "int8-full", "int16x8")
# Kinds whose activations are integers: their ranges are measured on films.
CALIBRATED = ("int8", "int8-full", "int16x8")
# Kinds that take the film's bytes as they are.
BYTES_IN = ("int8", "int8-full")

# Blocks that a mixed file keeps in floats, by network. Of `lite0` as released, ranges narrowed, mean change of the
# scores of validation films and verdicts changed: 0 blocks (the stem alone) 0.0074 and 1.5 %, 4: 0.0044 and 1.3 %,
# 5: 0.0039 and 0.4 %, 6: 0.0037 and 1.3 % (ranges not narrowed: 0.0094, 0.0060, 0.0057 and 0.0050); time in LiteRT
# 1, 1.15, 1.21, 1.21, all in floats 1.9. A few films near a threshold make the shares jump; the means do not.
# With 5 `short` would be larger than 1 MB; with 2 it changes scores by 0.0042 and 0.8 % of verdicts.
FLOAT_BLOCKS = {"lite0": 5, "short": 2}
# Fewer films than this leave the range of rare activations to luck.
LEAST_CALIBRATION = 50


def to_tflite(
    model, kind: str, calibration: np.ndarray | None = None, *, blocks: int | None = None, narrowed: bool = False
) -> bytes:
    """Convert a network to a TFLite flatbuffer that answers for one film.

    Args:
        model: Keras model, float (N, S, S, channels) holding 0 .. 255 -> its outputs; of
            `train.models.networks.to_convert` or `train.lungs.network.fold`, whose first layers int8 represents
            exactly.
        kind: what the file holds and takes:

            - `float32`: as trained; input float32 holding 0 .. 255;
            - `float16`: weights of 16 bits, widened at start; input and arithmetic float32;
            - `dynamic`: weights int8 a channel, activations quantized at each call by their own range; input float32;
            - `int8`: weights a channel and activations int8; input uint8 at exactly scale 1.0 and zero point 0, outputs
              dequantized to float32;
            - `int8-full`: the same with uint8 outputs, each at its own scale: no float anywhere;
            - `int16x8`: weights int8, activations 16 bits: nearly the float figures; input float32.
        calibration: for `CALIBRATED` kinds, uint8 (N, S, S, channels) with a 0 and a 255: activation ranges are
            measured on it.
        blocks: of `int8`, leave both ends in floats, the first up to that block (`ends`); None: neither.
        narrowed: of `BYTES_IN` kinds, narrow the ranges of activations to where rounding costs least (`ranges`).

    Raises:
        ValueError: an argument is not as above, or the input came out at another scale.
    """
    _validate(model, kind, calibration)
    content = _convert(model, kind, calibration)
    if kind not in BYTES_IN:
        return content
    if narrowed and calibration is not None:
        content = ranges.narrow(content, calibration.astype(np.float32))
    return to_integers(content, kind, () if blocks is None or kind != "int8" else ends(content, blocks))


def measured(model, calibration: np.ndarray) -> bytes:
    """Return a network in floats, with the ranges that its activations take on films, ready for `to_integers`.

    Arguments as of `to_tflite`.
    """
    _validate(model, "int8", calibration)
    return _convert(model, "int8", calibration)


def to_integers(measured: bytes, kind: str, left_out=(), *, per_channel: bool = True) -> bytes:
    """Quantize what `measured` or `ranges.narrow` gave.

    Args:
        measured: a flatbuffer in floats that knows its ranges.
        kind: one of `BYTES_IN`.
        left_out: operators that stay in floats, by the names of what they answer.
        per_channel: a scale for each channel of a kernel, or one for all.

    Raises:
        ValueError: the input came out at another scale.
    """
    import tensorflow as tf
    from tensorflow.lite.python import convert, util

    content = convert.mlir_quantize(measured, denylisted_nodes=set(left_out), disable_per_channel=not per_channel)
    output = tf.uint8 if kind == "int8-full" else tf.float32
    # TensorFlow's stubs declare its public types and its internal ones apart; at run time they are the same.
    content = util.modify_model_io_type(content, tf.uint8, output)  # pyright: ignore[reportArgumentType]
    _check_input(content)
    return content


def _convert(model, kind: str, calibration: np.ndarray | None) -> bytes:
    """Run the converter; kinds of `BYTES_IN` come out in floats with their ranges."""
    import tensorflow as tf

    shape = model.input.shape[1:]
    with tempfile.TemporaryDirectory() as folder:
        # from_keras_model fails with Keras 3.15 and TensorFlow 2.21; a SavedModel of batch 1 converts.
        model.export(folder, input_signature=[tf.TensorSpec((1, *shape), tf.float32, name="pixels")], verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        _configure(converter, kind)
        if kind in CALIBRATED and calibration is not None:  # `_validate` has seen to it
            converter.representative_dataset = lambda: ([film[np.newaxis].astype(np.float32)] for film in calibration)
            # Measured now, quantized by `to_integers`: `tf.lite.experimental.QuantizationDebugger` goes the same way.
            converter._experimental_calibrate_only = kind in BYTES_IN
        return converter.convert()


def float_blocks(model) -> int:
    """Return how many blocks of a network of `train.models.networks` an `int8` file keeps in floats, or 0."""
    return FLOAT_BLOCKS.get(model.name, 0)


def ends(measured: bytes, blocks: int) -> list[str]:
    """Return the operators that 8 bits serve badly, by the names of what they answer; the others carry nearly all work.

    - From the first convolution up to block `blocks` of `lite0` and `short`; the first convolution and the
      depthwise one behind it of others: filters that oppose neighbours cancel on smooth films while the rounding in
      front of them does not. Not where the film itself is what the first one reads (`seed`): the input would be floats.
    - All from the class maps on: their sum is rounded to sixteenths of a logit, and they are a few numbers.
    """
    from ai_edge_litert import schema_py_generated as schema

    kinds = schema.BuiltinOperator
    network = Flatbuffer(measured)
    steps = network.steps()
    names = [network.name(answers[0]) for _, answers in steps]
    last = max(place for place, (kind, _) in enumerate(steps) if kind == kinds.CONV_2D)
    front = []
    # `centre` is exact in int8, see `train.models.networks.fold_input`; the network's own first convolution is next.
    if "centre" in names[0]:
        narrow = [place for place in (1, 2) if steps[place][0] in (kinds.CONV_2D, kinds.DEPTHWISE_CONV_2D)]
        wide = [place for place, name in enumerate(names) if f"block{blocks}_expand" in name]
        front = range(1, wide[0]) if wide else narrow
    return [names[place] for place in (*front, *range(last, len(steps)))]


def _configure(converter, kind: str) -> None:
    """Set a converter up for a kind."""
    import tensorflow as tf

    sets = tf.lite.OpsSet
    if kind == "float32":
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif kind == "int16x8":
        converter.target_spec.supported_ops = [sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
    elif kind in BYTES_IN:
        converter.target_spec.supported_ops = [sets.TFLITE_BUILTINS_INT8]


def _validate(model, kind, calibration) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; known kinds are {', '.join(KINDS)}")
    if len(model.inputs) != 1 or len(model.input.shape) != 4 or model.input.shape[-1] not in (1, 3):
        shapes = [tuple(item.shape) for item in model.inputs]
        raise ValueError(f"model takes inputs {shapes}; it must take one of shape (None, S, S, 1), or 3 for phones")
    if kind not in CALIBRATED:
        return
    if calibration is None or len(calibration) < LEAST_CALIBRATION:
        count = 0 if calibration is None else len(calibration)
        raise ValueError(f"calibration holds {count} films; {kind} needs at least {LEAST_CALIBRATION}")
    if calibration.dtype != np.uint8 or calibration.shape[1:] != model.input.shape[1:]:
        raise ValueError(
            f"calibration is {calibration.dtype} {calibration.shape}; it must be uint8 (N, {model.input.shape[1:]})"
        )
    if calibration.min() != 0 or calibration.max() != 255:
        raise ValueError(
            f"calibration spans {calibration.min()} to {calibration.max()}; "
            "it must hold a 0 and a 255, else the input's scale is not 1.0"
        )


def _check_input(content: bytes) -> None:
    from ai_edge_litert.interpreter import Interpreter

    details = Interpreter(model_content=content).get_input_details()[0]
    scale, zero_point = details["quantization"]
    # The converter stores the scale as float32; half a grey level over the whole range is the most it may stray.
    if details["dtype"] != np.uint8 or abs(scale - 1) * 255 > 0.5 or zero_point != 0:
        raise ValueError(
            f"the int8 input came out as {details['dtype'].__name__} at (scale {scale}, zero point {zero_point}); "
            "the edge passes pixels unscaled, so it must be uint8 at (1.0, 0)"
        )
