"""Run films through a network in another Python: `python run_films.py RUNTIME MODEL FILMS.npy OUT.npz [THREADS]`.

It stands alone, with numpy and the runtime as its only imports, since it runs where nothing else is installed: in the
edge environment with tflite-runtime, and in an emulated ARM root.

RUNTIME is the module that holds TFLite's `Interpreter`, or `onnxruntime` or `cv2`, which serve comparison; FILMS.npy is
uint8 (N, S, S, channels). OUT.npz gets `ms` float (N,), `peak_mb`, and each output, float32 (N, ...), under its place:
`output0`, `output1`, as dequantized.
"""

import importlib
import resource
import sys
import time
from pathlib import Path

import numpy as np


def main() -> None:
    """Run the command."""
    runtime, model, films, out, *threads = sys.argv[1:]
    opened = {"onnxruntime": onnx, "cv2": opencv}.get(runtime, interpreter)
    network = opened(importlib.import_module(runtime), model, int(threads[0]) if threads else 1)
    # Newer releases of numpy have an argument `allow_pickle` beside the arrays; no array has that name.
    np.savez(out, **timed(network, np.load(films)))  # pyright: ignore[reportArgumentType]


def interpreter(runtime, model: str, threads: int):
    """Open a `.tflite`; see `tflite`."""
    one = runtime.Interpreter(model_path=model, num_threads=threads)
    one.allocate_tensors()
    return tflite(one)


def tflite(one):
    """Return (put, invoke, take) of an interpreter: a film in, the work, the answers out as float32."""
    entry = one.get_input_details()[0]
    exits = one.get_output_details()

    def put(film):
        one.set_tensor(entry["index"], film[np.newaxis].astype(entry["dtype"]))

    def take():
        return [dequantized(one.get_tensor(details["index"]), details) for details in exits]

    return put, one.invoke, take


def onnx(runtime, model: str, threads: int):
    """Open an `.onnx` in ONNX Runtime, on the processor; returns what `tflite` does."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    kind = np.uint8 if "uint8" in entry.type else np.float32
    feed, answers = {}, []

    def put(film):
        feed[entry.name] = film[np.newaxis].astype(kind)

    def invoke():
        answers[:] = session.run(None, feed)

    return put, invoke, lambda: list(answers)


def opencv(runtime, model: str, threads: int):
    """Open a `.tflite` in OpenCV's dnn module, which has channels first; returns what `tflite` does."""
    runtime.setNumThreads(threads)
    network = runtime.dnn.readNetFromTFLite(model)
    names, answers = network.getUnconnectedOutLayersNames(), []

    def put(film):
        network.setInput(film[np.newaxis].transpose(0, 3, 1, 2).astype(np.float32))

    def invoke():
        answers[:] = network.forward(names)

    return put, invoke, lambda: [(one.transpose(0, 2, 3, 1) if one.ndim == 4 else one).copy() for one in answers]


def timed(network, films: np.ndarray) -> dict[str, np.ndarray]:
    """Answer for each film; see the top of the file. `network` is (put, invoke, take), as of `tflite`."""
    put, invoke, take = network
    answers, ms = [], []
    for film in films:
        put(film)
        started = time.perf_counter()
        invoke()
        ms.append((time.perf_counter() - started) * 1000)
        answers.append(take())
    outputs = {f"output{i}": np.concatenate([row[i] for row in answers]) for i in range(len(answers[0]))}
    return {"ms": np.array(ms), "peak_mb": np.array(peak_mb())} | outputs


def peak_mb() -> float:
    """Return the most memory this process has held, in MB; what `getrusage` says counts that of its parent too."""
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.is_file() else []:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def dequantized(values: np.ndarray, details: dict) -> np.ndarray:
    """Return an output as float32; integers are widened first, since int8 minus a zero point of int8 overflows."""
    if values.dtype == np.float32:
        return values.copy()
    scale, zero_point = details["quantization"]
    return ((values.astype(np.int64) - zero_point) * scale).astype(np.float32)


if __name__ == "__main__":
    main()
