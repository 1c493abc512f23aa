"""The networks: pixels in, scores out. The only file of the edge that names a TFLite runtime."""

import contextlib
import importlib
import os
import sys
import threading
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path

import numpy as np

from edge_app.errors import MissingPackage, ModelMismatch
from edge_app.gate.view_classes import CLASSES
from edge_app.imaging import lung_field
from edge_app.imaging.preprocess import LUNG_SIZE, MASK_SIZE, to_pixels
from edge_app.model.model_file import ModelFile

# The faster one first: LiteRT runs int8 with XNNPACK, tflite-runtime 2.14 does not (20 times slower on x86).
RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
# The runtime, by `Classifier.runtime`, whose own kernels for 8 bits are fast on ARM only.
WITHOUT_XNNPACK = RUNTIMES[1].partition(".")[0]
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
                interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.ones(1, np.float32))
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


class _FindsLungs(ABC):
    """What both classes below have in common."""

    @abstractmethod
    def lungs(self, pixels: np.ndarray) -> np.ndarray:
        """Return each place's chance of lung, as `LungFinder.lungs`."""

    def find_lungs(self, grey: np.ndarray) -> lung_field.LungField:
        """Find the lungs of a film, uint8 (H, W), 0 = black = air.

        Raises:
            NoLungField: there are none, or what there is cannot be lungs.
            UnreadableRadiograph: the film shows nothing (`preprocess.to_pixels`).
        """
        return lung_field.find(self.lungs(to_pixels(grey, LUNG_SIZE)))


class LungFinder(_FindsLungs):
    """The network that finds the lungs, by itself: what training crops its films with."""

    def __init__(self, path: Path, threads: int = 1):
        """Load it from a `.tflite`.

        Raises:
            ModelMismatch: there is no such file, or it is another network.
        """
        if not path.is_file():
            raise ModelMismatch(f"{path}: there is no such lung-field network; make one with 'make lungs'.")
        self._network = _LungNetwork(find_runtime()[1], path.read_bytes(), f"{path}", threads)

    def lungs(self, pixels: np.ndarray) -> np.ndarray:
        """Find lungs: uint8 (128, 128, 1) from `preprocess.to_pixels` -> float32 (64, 64), chance of lung, 0 .. 1."""
        return self._network.chance(pixels)

    def look(self, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
        """As `Classifier.look`."""
        return self._network.look(pixels)


class Classifier(_FindsLungs):
    """The two networks of a model file, the one that finds the lungs and the one that judges them.

    Calls from several threads take turns: an interpreter bears only one at a time.
    """

    def __init__(self, model: ModelFile, threads: int = 2):
        """Load both.

        Args:
            model: from `model_file.read`.
            threads: threads of one invocation.

        Raises:
            ModelMismatch: the runtime cannot run one, or its tensors are not what the card says.
        """
        self.card = model.card
        self._made_of = (model, threads)
        self.runtime, interpreter_class = find_runtime()
        name = f"model '{self.card.name}'"
        self._lungs = _LungNetwork(interpreter_class, model.lungs, f"{name} (lung field)", threads)
        self._network = _Network(interpreter_class, model.scores, name, self.card.size, threads)
        labels = len(self.card.labels)
        why = f"its card has {labels} labels, so one output must be"
        self._scores = self._network.output((1, labels), f"{why} (1, {labels})")
        self.ood = model.ood
        if self.card.gate and not self._lungs.tells_view_classes:
            raise ModelMismatch(f"{name}: its card has a gate, but its lung-field network tells no kinds of picture.")
        if self.ood:
            features = len(self.ood.mean)
            why_embedding = f"its gate measures embeddings, so one output must be (1, {features})"
            self._embedding = self._network.output((1, features), why_embedding)
        self._maps = self._network.output((1, None, None, labels), f"{why} (1, h, w, {labels})")

    @cached_property
    def twin(self) -> "Classifier":
        """A second copy of both networks, for another thread; this one itself if memory does not allow a copy."""
        try:
            return Classifier(*self._made_of)
        except (ModelMismatch, MemoryError):
            return self

    @property
    def delegated(self) -> int:
        """The number of parts of the classifier that run in XNNPACK's kernels."""
        return self._network.delegated()

    def lungs(self, pixels: np.ndarray) -> np.ndarray:
        """As `LungFinder.lungs`."""
        return self._lungs.chance(pixels)

    def look(self, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
        """As `lungs`, and the chance, 0 .. 1, of each view class; empty if the network does not classify views."""
        return self._lungs.look(pixels)

    def judge(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, float | None]:
        """As `scores`, and the distance of the embedding from the training films; None of a model without a gate."""
        if self.ood is None:
            return *self.scores(pixels), None
        scores, maps, embedding = self._network.run(pixels, self._scores, self._maps, self._embedding)
        return scores, maps, self.ood.distance(embedding)

    def scores(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Judge lungs: uint8 (size, size, 1) from `preprocess.lungs_to_pixels`.

        Returns:
            float32 (labels,), scores in 0 .. 1, and float32 (h, w, labels), class maps: above 0 counts for it.
        """
        scores, maps = self._network.run(pixels, self._scores, self._maps)
        return scores, maps


class _Network:
    """One interpreter with its lock."""

    def __init__(self, interpreter_class, content: bytes, name: str, size: int, threads: int):
        self._name = name
        try:
            with _quiet():
                self._interpreter = interpreter_class(model_content=content, num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            runtime = interpreter_class.__module__.split(".")[0]
            raise ModelMismatch(
                f"{name}: {runtime} cannot run it ({str(error).splitlines()[0]}); install a newer runtime."
            ) from error
        self._lock = threading.Lock()
        self._input = self._check_input(size)

    def run(self, pixels: np.ndarray, *outputs: dict) -> list[np.ndarray]:
        """Run one film, uint8 (S, S, 1); return the outputs asked for, float32, without the batch axis."""
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], pixels[np.newaxis].astype(self._input["dtype"]))
            self._interpreter.invoke()
            return [dequantize(self._interpreter.get_tensor(output["index"])[0], output) for output in outputs]

    def delegated(self) -> int:
        """Return how many pieces of the network run in a delegate; XNNPACK is the only one that is taken unasked."""
        return sum(item["op_name"] == "DELEGATE" for item in self._interpreter._get_ops_details())

    def outputs(self) -> int:
        """Return how many outputs there are."""
        return len(self._interpreter.get_output_details())

    def output(self, shape: tuple, why: str) -> dict:
        """Return the details of the output of this shape, where None is any length."""
        found = self._interpreter.get_output_details()
        for details in found:
            sides = details["shape"].tolist()
            if len(sides) == len(shape) and all(side in (None, is_) for is_, side in zip(sides, shape, strict=True)):
                return details
        shapes = [tuple(details["shape"].tolist()) for details in found]
        raise ModelMismatch(f"{self._name}: answers {shapes}; {why}.")

    def _check_input(self, size: int) -> dict:
        details = self._interpreter.get_input_details()[0]
        shape = tuple(details["shape"].tolist())
        exact = details["dtype"] == np.float32 or (
            # The scale is stored as float32; the film must not be off by half a grey level anywhere.
            details["dtype"] == np.uint8
            and details["quantization"][1] == 0
            and abs(details["quantization"][0] - 1) * 255 < 0.5
        )
        if shape != (1, size, size, 1) or not exact:
            raise ModelMismatch(
                f"{self._name}: takes {details['dtype'].__name__} {shape} at (scale, zero point) "
                f"{details['quantization']}; it must take uint8 (1, {size}, {size}, 1) at (1.0, 0), or float32."
            )
        return details


class _LungNetwork(_Network):
    """The network that finds lungs."""

    def __init__(self, interpreter_class, content: bytes, name: str, threads: int):
        super().__init__(interpreter_class, content, name, LUNG_SIZE, threads)
        shape = (1, MASK_SIZE, MASK_SIZE, 1)
        self._map = self.output(shape, f"a lung-field network answers {shape}")
        self._view_classes = self.output((1, None), "") if self.outputs() > 1 else None
        told = int(self._view_classes["shape"][1]) if self._view_classes else 0
        if told > len(CLASSES):
            raise ModelMismatch(f"{name}: tells {told} kinds of picture, this program knows {len(CLASSES)}; update it.")

    def chance(self, pixels: np.ndarray) -> np.ndarray:
        return self.run(pixels, self._map)[0][..., 0]

    @property
    def tells_view_classes(self) -> bool:
        return self._view_classes is not None

    def look(self, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
        if self._view_classes is None:
            return self.chance(pixels), {}
        chance, chances = self.run(pixels, self._map, self._view_classes)
        return chance[..., 0], dict(zip(CLASSES, chances.tolist(), strict=False))  # an older file tells fewer


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
