"""The TFLite converter: a Keras model in, the bytes of a `.tflite` out. No files, no cards."""

import tempfile

import numpy as np

KINDS = ("float32", "int8")

# Fewer films than this leave the range of rare activations to luck.
LEAST_CALIBRATION = 50


def to_tflite(model, kind: str, calibration: np.ndarray | None = None) -> bytes:
    """Convert a network to a TFLite flatbuffer that answers for one film.

    Args:
        model: Keras model, float (N, S, S, 1) holding 0 .. 255 -> its outputs; of `train.model.to_convert` or
            `train.lungs.network.fold`, whose first layers int8 represents exactly.
        kind: `float32` (input float32 holding 0 .. 255) or `int8` (weights per channel and activations int8, input
            uint8 at exactly scale 1.0 and zero point 0, outputs dequantized to float32).
        calibration: for `int8`, uint8 (N, S, S, 1) with a 0 and a 255: activation ranges are measured on it.

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
        content = converter.convert()
    if kind == "int8":
        _check_input(content)
    return content


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
