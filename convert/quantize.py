"""The TFLite converter: a Keras model in, the bytes of a `.tflite` out. No files, no cards."""

import tempfile

import numpy as np

KINDS = ("float32", "int8")

# Fewer films than this leave the range of rare activations to luck.
LEAST_CALIBRATION = 50


def to_tflite(model, kind: str, calibration: np.ndarray | None = None, *, mixed: bool = False) -> bytes:
    """Convert a network to a TFLite flatbuffer that answers for one film.

    Args:
        model: Keras model, float (N, S, S, 1) holding 0 .. 255 -> its outputs; of `train.model.to_convert` or
            `train.lungs.network.fold`, whose first layers int8 represents exactly.
        kind: `float32` (input float32 holding 0 .. 255) or `int8` (weights per channel and activations int8, input
            uint8 at exactly scale 1.0 and zero point 0, outputs dequantized to float32).
        calibration: for `int8`, uint8 (N, S, S, 1) with a 0 and a 255: activation ranges are measured on it.
        mixed: of `int8`, leave both ends in floats (`ends`): for networks of `train.model`.

    Raises:
        ValueError: an argument is not as above, or the int8 input came out at another scale.
    """
    _validate(model, kind, calibration)
    import tensorflow as tf

    size = model.input.shape[1]
    with tempfile.TemporaryDirectory() as folder:
        # from_keras_model fails with Keras 3.15 and TensorFlow 2.21; a SavedModel of batch 1 converts.
        model.export(
            folder, input_signature=[tf.TensorSpec((1, size, size, 1), tf.float32, name="pixels")], verbose=False
        )
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if kind == "int8":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
            converter.representative_dataset = lambda: ([film[np.newaxis].astype(np.float32)] for film in calibration)
            converter._experimental_calibrate_only = mixed
        content = converter.convert()
    if mixed and kind == "int8":
        from tensorflow.lite.python import convert, util

        # What `tf.lite.experimental.QuantizationDebugger` does to leave operators out, with the input as bytes.
        content = convert.mlir_quantize(content, denylisted_nodes=set(ends(content)))
        content = util.modify_model_io_type(content, tf.uint8, tf.float32)
    if kind == "int8":
        _check_input(content)
    return content


def ends(calibrated: bytes) -> list[str]:
    """Return the operators that 8 bits serve badly, by the names of what they answer; the others carry nearly all work.

    - The first convolution and the depthwise one behind it: filters that oppose neighbours cancel on smooth films while
      the rounding in front of them does not. Of `lite0` rounding between these two alone moved the scores of validation
      films by 0.017 - 0.010 on average, that of all other layers by 0.010. Not where the film itself is what the first
      one reads (`seed`): the input would be floats too.
    - All from the class maps on: their sum is rounded to sixteenths of a logit, and they are a few numbers.
    """
    from ai_edge_litert import schema_py_generated as schema

    kinds = schema.BuiltinOperator
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(calibrated, 0))
    graph = model.subgraphs[0]
    steps = [(model.operatorCodes[step.opcodeIndex].builtinCode, step.outputs[0]) for step in graph.operators]
    convolutions = [place for place, (kind, _) in enumerate(steps) if kind == kinds.CONV_2D]
    first, last = convolutions[0], convolutions[-1]
    front = [first] if first > 0 else []
    if front and steps[first + 1][0] == kinds.DEPTHWISE_CONV_2D:
        front.append(first + 1)
    return [graph.tensors[steps[place][1]].name.decode() for place in (*front, *range(last, len(steps)))]


def _validate(model, kind, calibration) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; known kinds are {', '.join(KINDS)}")
    if len(model.inputs) != 1 or len(model.input.shape) != 4 or model.input.shape[-1] != 1:
        shapes = [tuple(item.shape) for item in model.inputs]
        raise ValueError(f"model takes inputs {shapes}; it must take one of shape (None, S, S, 1)")
    if kind != "int8":
        return
    if calibration is None or len(calibration) < LEAST_CALIBRATION:
        count = 0 if calibration is None else len(calibration)
        raise ValueError(f"calibration holds {count} films; int8 needs at least {LEAST_CALIBRATION}")
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
