"""Ranges of activations, narrowed to where the rounding costs least.

The converter takes the least and greatest value it saw. A single loud pixel then widens the steps of all others: the
range that makes the mean squared error of rounding least clips a few values and is finer for the rest (Banner et al.
2019, arXiv:1810.05723).
"""

import flatbuffers
import numpy as np

from convert.quantize.flatbuffer import Flatbuffer, present

# Shares of the measured range that are tried, and values kept of a tensor and film: enough for the error's minimum.
SHARES = np.linspace(0.3, 1, 29)
VALUES, FILMS, SEED = 3000, 60, 0
LEVELS = 255


def narrow(calibrated: bytes, films: np.ndarray) -> bytes:
    """Return a flatbuffer whose measured ranges are narrowed.

    Args:
        calibrated: of the converter, its tensors in floats and their ranges in it.
        films: float32 (N, S, S, channels), those it was calibrated on; some are taken.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    network = Flatbuffer(calibrated)
    exact = {*network.inputs, *network.steps()[0][1]}
    measured = {
        place: tensor.quantization
        for place, tensor in enumerate(network.tensors)
        if place not in exact and tensor.quantization is not None and tensor.quantization.min is not None
    }
    interpreter = Interpreter(
        model_content=bytes(calibrated),
        experimental_preserve_all_tensors=True,
        # XNNPACK would fuse operators and show nothing of what lies between them.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    rng = np.random.default_rng(SEED)
    seen = {place: [] for place in measured}
    for film in films[rng.permutation(len(films))[:FILMS]]:
        interpreter.set_tensor(network.inputs[0], film[np.newaxis])
        interpreter.invoke()
        for place in measured:
            values = interpreter.get_tensor(place).ravel()
            seen[place].append(values if len(values) <= VALUES else values[rng.integers(0, len(values), VALUES)])
    for place, limits in measured.items():
        low, high = present(limits.min)[0], present(limits.max)[0]
        share = best(np.concatenate(seen[place]), float(low), float(high))
        limits.min, limits.max = [low * share], [high * share]
    return network.pack(flatbuffers.Builder(len(calibrated)))


def best(values: np.ndarray, low: float, high: float) -> float:
    """Return the share of the range `low` to `high` that rounds values, float (N,), with the least squared error."""
    errors = [_error(values, low * share, high * share) for share in SHARES]
    return float(SHARES[int(np.argmin(errors))])


def _error(values: np.ndarray, low: float, high: float) -> float:
    step = (high - low) / LEVELS
    if step == 0:
        return 0.0
    rounded = np.clip(np.round((values - low) / step), 0, LEVELS) * step + low
    return float(np.square(rounded - values).mean())
