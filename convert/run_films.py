"""Run films through a TFLite file in another Python: `python run_films.py RUNTIME MODEL FILMS.npy OUT.npz [THREADS]`.

It stands alone, with numpy and the runtime as its only imports, since it runs where nothing else is installed: in the
edge environment with tflite-runtime, and in an emulated ARM root.

RUNTIME is the module that holds `Interpreter`; FILMS.npy is uint8 (N, S, S, channels). OUT.npz gets `ms` float (N,),
`peak_mb`, and each output, float32 (N, ...), under its place: `output0`, `output1`, as dequantized.
"""

import importlib
import resource
import sys
import time

import numpy as np


def main() -> None:
    """Run the command."""
    runtime, model, films, out, *threads = sys.argv[1:]
    interpreter_class = importlib.import_module(runtime).Interpreter
    interpreter = interpreter_class(model_path=model, num_threads=int(threads[0]) if threads else 1)
    interpreter.allocate_tensors()
    np.savez(out, **run(interpreter, np.load(films)))


def run(interpreter, films: np.ndarray) -> dict[str, np.ndarray]:
    """Answer for each film; see the top of the file."""
    entry = interpreter.get_input_details()[0]
    exits = interpreter.get_output_details()
    answers, ms = [[] for _ in exits], []
    for film in films:
        interpreter.set_tensor(entry["index"], film[np.newaxis].astype(entry["dtype"]))
        started = time.perf_counter()
        interpreter.invoke()
        ms.append((time.perf_counter() - started) * 1000)
        for answer, details in zip(answers, exits):  # noqa: B905 (as many by construction; `strict` is newer than some Pythons)
            answer.append(dequantized(interpreter.get_tensor(details["index"])[0], details))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {"ms": np.array(ms), "peak_mb": np.array(peak)} | {
        f"output{i}": np.stack(answer) for i, answer in enumerate(answers)
    }


def dequantized(values: np.ndarray, details: dict) -> np.ndarray:
    """Return an output as float32; integers are widened first, since int8 minus a zero point of int8 overflows."""
    if values.dtype == np.float32:
        return values.copy()
    scale, zero_point = details["quantization"]
    return ((values.astype(np.int64) - zero_point) * scale).astype(np.float32)


if __name__ == "__main__":
    main()
