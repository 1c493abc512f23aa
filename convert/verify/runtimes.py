"""Where a file is run: the real runtimes, each in a process of its own, as `run_films` runs them.

A place is a Python that has a TFLite runtime: this one with LiteRT, the edge environment's with tflite-runtime, and
those of the emulated ARM roots that `make arm-roots` builds. What is not there is left out, and the report says so.
"""

import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.verify.acceptance import Answers
from edge_app.errors import EdgeError

# Two runtimes sum in another order, and an int8 tensor then rounds to its neighbour here and there: on films of the
# released network 0.014 between LiteRT and tflite-runtime on one processor, 0.018 on another's. A kernel that computes
# wrongly is off by tenths.
MOST_APART = 8 / 256
SCRIPT = Path(__file__).with_name("run_films.py")
EDGE = Path(".venv-edge/bin/python")
ROOTS = Path("build/arm")
ONNX, OPSET = "onnxruntime", "18"
# Debian's qemu for each architecture, and the processor it plays: with `max` LiteRT's kernels gave wrong numbers.
EMULATED = {"aarch64": ("qemu-aarch64-static", "cortex-a72"), "armhf": ("qemu-arm-static", "cortex-a7")}


@dataclass(frozen=True)
class Place:
    """A Python with a runtime.

    Attributes:
        name: such as `tflite-runtime, x86_64`.
        runtime: module that holds `Interpreter`.
        command: words that run a Python script there.
        root: of the emulated machine, which sees no file outside it; None: this machine.
    """

    name: str
    runtime: str
    command: tuple[str, ...]
    root: Path | None = None

    @property
    def emulated(self) -> bool:
        """Whether the processor is played by qemu: slow, so it is given few films."""
        return self.root is not None


@dataclass(frozen=True)
class Outcome:
    """What a file answered somewhere.

    Attributes:
        answers: to the films; float32.
        ms: float (N,), of each invocation.
        peak_mb: of the whole process.
        embedding: float32 (N, features); None of a file that has none.
    """

    answers: Answers
    ms: np.ndarray
    peak_mb: float
    embedding: np.ndarray | None = None


def here() -> list[Place]:
    """Return the places of this machine: LiteRT, and tflite-runtime if the edge environment has it."""
    machine = platform.machine()
    found = [Place(f"LiteRT, {machine}", "ai_edge_litert.interpreter", (sys.executable,))]
    if EDGE.is_file() and _has(EDGE, "tflite_runtime"):
        found.append(Place(f"tflite-runtime, {machine}", "tflite_runtime.interpreter", (str(EDGE),)))
    return found


def emulated(roots: Path = ROOTS) -> list[Place]:
    """Return the emulated machines whose root is there, with the published wheel of tflite-runtime in it."""
    found = []
    for name, (qemu, processor) in EMULATED.items():
        root = roots / name
        if (root / "opt/site/tflite_runtime").is_dir() and shutil.which("chroot"):
            command = (
                *("env", f"QEMU_CPU={processor}", "PYTHONPATH=/opt/site", "chroot", str(root)),
                *(f"/usr/bin/{qemu}", "/usr/bin/python3.11"),
            )
            found.append(Place(f"tflite-runtime, {name} emulated", "tflite_runtime.interpreter", command, root))
    return found


def peers() -> list[Place]:
    """Return what files are timed against on this machine: ONNX Runtime and OpenCV's dnn, in this Python."""
    named = {"ONNX Runtime": ONNX, "OpenCV dnn": "cv2"}
    return [Place(f"{name}, {platform.machine()}", module, (sys.executable,)) for name, module in named.items()]


def to_onnx(content: bytes) -> bytes:
    """Convert a TFLite flatbuffer for ONNX Runtime, by tf2onnx.

    Raises:
        EdgeError: it cannot.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "model.tflite", Path(folder) / "model.onnx"
        source.write_bytes(content)
        words = ["-m", "tf2onnx.convert", "--tflite", source, "--output", made, "--opset", OPSET]
        done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True)
        if done.returncode or not made.is_file():
            raise EdgeError(f"tf2onnx cannot convert it: {(done.stderr.strip() or 'no reason').splitlines()[-1]}")
        return made.read_bytes()


def run(place: Place, content: bytes, films: np.ndarray, labels: int, threads: int = 1) -> Outcome:
    """Run films, uint8 (N, S, S, channels), through a file of that many labels.

    Args:
        place: where.
        content: a TFLite flatbuffer; for ONNX Runtime, of `to_onnx`.
        films: as the file takes them.
        labels: how many scores it answers.
        threads: of an invocation.

    Raises:
        EdgeError: the runtime cannot run it; the text holds its last line.
    """
    with tempfile.TemporaryDirectory(dir=place.root and place.root / "tmp") as folder:
        folder = Path(folder)
        (folder / "model.tflite").write_bytes(content)
        np.save(folder / "films.npy", films)
        shutil.copy(SCRIPT, folder)
        seen = folder if place.root is None else Path("/") / folder.relative_to(place.root)
        words = [
            seen / SCRIPT.name,
            place.runtime,
            seen / "model.tflite",
            seen / "films.npy",
            seen / "out.npz",
            threads,
        ]
        done = subprocess.run([*place.command, *map(str, words)], capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
            raise EdgeError(f"{place.name} cannot run it: {reason}")
        with np.load(folder / "out.npz") as answers:
            outputs = [answers[name] for name in answers.files if name.startswith("output")]
            ms, peak = answers["ms"], float(answers["peak_mb"])
    (scores,) = [output for output in outputs if output.shape[1:] == (labels,)]
    maps = [output for output in outputs if output.ndim == 4]
    embeddings = [output for output in outputs if output.ndim == 2 and output.shape[1:] != (labels,)]
    return Outcome(Answers(scores, maps[0] if maps else None), ms, peak, embeddings[0] if embeddings else None)


def _has(python: Path, module: str) -> bool:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0
