"""The interpreter: pixels in, scores out. The only file of the edge that names a TFLite runtime."""

import contextlib
import importlib
import os
import sys
import threading
from pathlib import Path

import numpy as np

from edge_app.bundle import Card
from edge_app.errors import MissingPackage, ModelMismatch

# The faster one first: LiteRT runs int8 with XNNPACK, tflite-runtime 2.14 does not (20 times slower on x86).
RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
# A model of one addition, made by tests/golden/make_one_op.py: a runtime counts as working once it has run this.
# Importing proves nothing: tflite-runtime 2.14 with numpy 2 imports and fails at the first interpreter.
ONE_OP = Path(__file__).parent / "one_op.tflite"


def find_runtime():
    """Return (module name, Interpreter class) of the first runtime that runs a model.

    Raises:
        MissingPackage: none does; the text says what each one answered.
    """
    answers = []
    for name in RUNTIMES:
        try:
            interpreter_class = importlib.import_module(name).Interpreter
            with _quiet():
                interpreter = interpreter_class(model_content=ONE_OP.read_bytes())
                interpreter.allocate_tensors()
                interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.float32([1]))
                interpreter.invoke()
            if interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0] == 2:
                return name.split(".")[0], interpreter_class
            answers.append(f"{name.split('.')[0]}: wrong result")
        except (ImportError, SystemError, RuntimeError, ValueError, AttributeError) as error:
            if isinstance(error.__cause__, KeyboardInterrupt):  # Ctrl-C while the native module is loaded
                raise KeyboardInterrupt from error
            first_line = (str(error) or type(error).__name__).splitlines()[0]
            answers.append(f"{name.split('.')[0]}: {first_line}")
    raise MissingPackage(
        f"TFLite runtime: none works with Python {sys.version.split()[0]} and numpy {np.__version__} "
        f"({'; '.join(answers)}); run 'pip install -r edge_app/requirements.txt'."
    )


class Classifier:
    """One interpreter for all films. Calls from several threads take turns: an interpreter bears only one at a time."""

    def __init__(self, model: bytes, card: Card, threads: int = 2):
        """Load a model.

        Args:
            model: the flatbuffer, from `bundle.read`.
            card: its card.
            threads: threads of one invocation.

        Raises:
            ModelMismatch: the runtime cannot run it, or its tensors are not what the card says.
        """
        self.card = card
        self.runtime, interpreter_class = find_runtime()
        try:
            with _quiet():
                self._interpreter = interpreter_class(model_content=model, num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelMismatch(
                f"model '{card.name}': {self.runtime} cannot run it ({str(error).splitlines()[0]}); its card asks for "
                f"runtime {card.raw.get('minimum_runtime')} or newer."
            ) from error
        self._lock = threading.Lock()
        self._input = self._check_input()
        self._scores = self._find_scores()

    def scores(self, pixels: np.ndarray) -> np.ndarray:
        """Classify one film: uint8 (size, size, 1) from `preprocess.to_pixels` -> float32 (labels,) in 0 .. 1."""
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], pixels[np.newaxis].astype(self._input["dtype"]))
            self._interpreter.invoke()
            return dequantize(self._interpreter.get_tensor(self._scores["index"])[0], self._scores)

    def _check_input(self) -> dict:
        details = self._interpreter.get_input_details()[0]
        shape, size = tuple(details["shape"].tolist()), self.card.size
        exact = details["dtype"] == np.float32 or (
            # The scale is stored as float32; the film must not be off by half a grey level anywhere.
            details["dtype"] == np.uint8
            and details["quantization"][1] == 0
            and abs(details["quantization"][0] - 1) * 255 < 0.5
        )
        if shape != (1, size, size, 1) or not exact:
            raise ModelMismatch(
                f"model '{self.card.name}': takes {details['dtype'].__name__} {shape} at (scale, zero point) "
                f"{details['quantization']}; it must take uint8 (1, {size}, {size}, 1) at (1.0, 0), or float32."
            )
        return details

    def _find_scores(self) -> dict:
        """Outputs are told by rank: scores (1, labels), class maps (1, h, w, labels)."""
        for details in self._interpreter.get_output_details():
            if tuple(details["shape"].tolist()) == (1, len(self.card.labels)):
                return details
        shapes = [tuple(details["shape"].tolist()) for details in self._interpreter.get_output_details()]
        raise ModelMismatch(
            f"model '{self.card.name}': answers {shapes}; its card has {len(self.card.labels)} labels, so one output "
            f"must be (1, {len(self.card.labels)})."
        )


def dequantize(values: np.ndarray, details: dict) -> np.ndarray:
    """Turn an output into float32; integers are widened first, since int8 minus a zero point of int8 overflows."""
    if values.dtype == np.float32:
        return values.copy()
    scale, zero_point = details["quantization"]
    return ((values.astype(np.int64) - zero_point) * scale).astype(np.float32)


@contextlib.contextmanager
def _quiet():
    """Keep the runtime's own chatter ("Created TensorFlow Lite XNNPACK delegate") off stderr; exceptions still pass."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 (a descriptor is wanted, not a path)
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
