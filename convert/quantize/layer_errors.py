"""What 8 bits cost each layer by itself: its answer in int8 against its answer in floats, on the same inputs."""

import csv
import io
import warnings
from dataclasses import dataclass

import numpy as np

from convert.quantize.flatbuffer import Flatbuffer

FILMS = 40


@dataclass(frozen=True)
class LayerError:
    """One operator.

    Attributes:
        name: of the layer in Keras, such as `block3_project_norm`.
        operator: such as `CONV_2D`.
        steps: root mean squared error in steps of its own scale; rounding alone gives 0.29, more is overflow of its
            range or rounded weights.
        noise: the error's share of the answer's own spread, in dB: -40 is a hundredth.
    """

    name: str
    operator: str
    steps: float
    noise: float


def measure(measured: bytes, films: np.ndarray) -> list[LayerError]:
    """Quantize every layer, run float and int8 side by side, and return the layers in their order.

    Args:
        measured: of `quantize.measured` or `ranges.narrow`.
        films: uint8 (N, S, S, channels); the first `FILMS` are run.
    """
    import tensorflow as tf
    from tensorflow.lite.python import convert

    content = convert.mlir_quantize(measured, enable_numeric_verify=True)
    options = tf.lite.experimental.QuantizationDebugOptions(layer_direct_compare_metrics={"noise": _noise})
    chosen = films[:FILMS].astype(np.float32)
    with warnings.catch_warnings(action="ignore"):  # `tf.lite.Interpreter` says that LiteRT follows it; not in this
        debugger = tf.lite.experimental.QuantizationDebugger(
            quant_debug_model_content=content,
            debug_dataset=lambda: ([film[np.newaxis]] for film in chosen),
            debug_options=options,
        )
        debugger.run()
    table = io.StringIO()
    debugger.layer_statistics_dump(table)
    table.seek(0)
    outputs = _outputs(measured)
    return [
        LayerError(
            outputs.get(row["tensor_name"]) or _layer(row["tensor_name"]),
            row["op_name"],
            float(np.sqrt(float(row["mean_squared_error"]))) / float(row["scale"]),
            float(row["noise"]),
        )
        for row in csv.DictReader(table)
    ]


def worst(errors: list[LayerError], count: int = 8) -> list[LayerError]:
    """Return the noisiest layers, noisiest first."""
    return sorted(errors, key=lambda error: -error.noise)[:count]


def _noise(floats, integers, scale, zero_point) -> float:
    """Return the error of one film's answer over its spread, in dB."""
    error = np.square(floats - (integers.astype(np.float32) - zero_point) * scale).mean()
    spread = floats.var()
    return float(10 * np.log10(max(error, 1e-12) / max(spread, 1e-12)))


def _outputs(measured: bytes) -> dict[str, str]:
    """Return the names that the signature gives the outputs, by the names of their tensors."""
    network = Flatbuffer(measured)
    return {network.name(place): name for place, name in network.output_names().items()}


def _layer(tensor: str) -> str:
    """Return the layer's name in Keras from `functional_1/block0_project_norm_1/batchnorm/add_1;...`."""
    parts = tensor.split(";")[0].split("/")
    name = parts[1] if len(parts) > 1 else parts[0]
    head, _, tail = name.rpartition("_")
    return head if head and tail.isdigit() else name
