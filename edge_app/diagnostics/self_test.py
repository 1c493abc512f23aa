"""Whether this device computes what the model's card says: its golden film is judged, and a film is timed."""

import io
import platform
import time
from pathlib import Path

import numpy as np
from PIL import Image

from edge_app.diagnostics import hardware
from edge_app.diagnostics import threads as threads_
from edge_app.diagnostics.health import FAULT, OK, WARNING, HealthCheck
from edge_app.errors import EdgeError
from edge_app.imaging import preprocess, radiograph
from edge_app.install import model_install, model_registry, signatures
from edge_app.model import model_file
from edge_app.model.classifier import WITHOUT_XNNPACK, Classifier
from edge_app.sources import sample

# As in `convert.modelfile.golden_film`: two runtimes differ by 0.018 on films of the released network; a kernel that
# computes wrongly is off by tenths.
MOST_APART = 8 / 256
# A side of the box around the lungs may be so far from where the card has it, as a share of the film:
# two runtimes differ by 0.004. A classifier's score may move by a tenth with so little, so it is shown the card's box.
BOX_APART = 0.02
# More threads must be a tenth faster to be worth their cores. Seconds for which each number of threads is timed.
NEARLY, ENOUGH = 1.1, 0.3
# As `uname -m` names them; tflite-runtime computes 8-bit networks there with ruy's kernels, made for them.
ARM = ("aarch64", "armv7l", "armv8l", "armv6l")


def checks(path: Path, threads: int, choose: bool = False) -> list[HealthCheck]:
    """Check the runtime, the model's file, its golden film, and how long a film takes.

    Args:
        path: of the model.
        threads: the number that programs use here.
        choose: make programs use the best number from now on.
    """
    from edge_app.model.classifier import find_runtime

    try:
        found = [HealthCheck("runtime", OK, f"{find_runtime()[0]} runs a model")]
    except EdgeError as error:
        return [HealthCheck("runtime", FAULT, str(error))]
    try:
        model = model_file.read(path)
        classifier = Classifier(model, threads)
    except EdgeError as error:
        return [*found, HealthCheck("model", FAULT, str(error))]
    gate = "" if model.card.gate else "; it has no gate: it answers for any picture that shows something like lungs"
    words = f"{model.card.name} is whole, sha256 {model.sha256[:12]}{gate}"
    found += [HealthCheck("model", WARNING if gate else OK, words), fingerprint(model), signature(path)]
    return [
        *found,
        golden(model, classifier),
        kernels(classifier),
        concurrency(model, threads, choose),
        speed(classifier, model),
    ]


def fingerprint(model: model_file.ModelFile) -> HealthCheck:
    """Say how close the pixels prepared here are to those of training; `model_file.read` refuses other models."""
    size = model.card.size
    here, there = (
        np.frombuffer(bytes.fromhex(text), np.uint8).astype(int)
        for text in (preprocess.fingerprint(size), model.card.fingerprint)
    )
    words = f"films are prepared as in training (contract {model.card.contract}), at most {abs(here - there).max()} of"
    return HealthCheck("fingerprint", OK, f"{words} 255 grey levels off")


def signature(path: Path) -> HealthCheck:
    """Check who signed the model, by the keys that this site trusts today."""
    if path.absolute() == model_registry.released():
        return HealthCheck("signature", OK, "the model came with the program and is trusted as it is")
    try:
        by = model_install.signer_of(path, path)
    except EdgeError as error:
        return HealthCheck("signature", FAULT, str(error))
    if by:
        return HealthCheck("signature", OK, f"key '{by}' of this site signed the model")
    words = f"this site has no key in {signatures.folder()}, so any model is taken; put one there ('convert keygen')"
    return HealthCheck("signature", WARNING, words)


def kernels(classifier: Classifier) -> HealthCheck:
    """Say whether the runtime gave the network to XNNPACK, its fast kernels, whole or in pieces."""
    pieces = classifier.delegated
    if pieces == 1:
        return HealthCheck("XNNPACK", OK, f"{classifier.runtime} gives it the network in one piece")
    words = (
        f"{classifier.runtime} gives it {pieces} pieces of the network"
        if pieces
        else f"{classifier.runtime} does not take it"
    )
    if platform.machine() in ARM and classifier.runtime == WITHOUT_XNNPACK:
        return HealthCheck(
            "XNNPACK", OK, f"{words}; its own kernels for 8 bits, which compute the rest, are fast on ARM"
        )
    words = f"{words} and computes the rest slowly: films take up to ten times as long"
    return HealthCheck("XNNPACK", WARNING, f"{words}; LiteRT, the runtime for Python 3.12 and newer, mostly takes it")


def concurrency(model: model_file.ModelFile, threads: int, choose: bool = False) -> HealthCheck:
    """Time the network on 1, 2 and 4 threads, up to the number of cores; name the best, or choose it too."""
    took = {count: _invocation(model, count) for count in (1, 2, 4) if count == 1 or count <= hardware.cores()}
    # If fewer threads are nearly as fast, they leave cores to the processes that decode.
    best = min(count for count, ms in took.items() if ms <= min(took.values()) * NEARLY)
    words = ", ".join(f"{count}: {ms:.1f} ms" for count, ms in took.items())
    words = f"one film through the network by number of threads: {words}; {best} is best, {threads} used"
    if best != threads:
        chosen = choose and not threads_.named() and threads_.keep(best)
        words += f", {best} from the next start on" if chosen else f"; set COVID_XRAY_THREADS={best}"
    return HealthCheck("threads", OK, words)


def _invocation(model: model_file.ModelFile, threads: int) -> float:
    """Return the shortest time of a few runs, in milliseconds."""
    classifier = Classifier(model, threads)
    pixels = np.zeros((model.card.size, model.card.size, 1), np.uint8)
    classifier.scores(pixels)  # the first call of anything is slower
    began, took = time.perf_counter(), []
    while not took or (len(took) < 9 and time.perf_counter() - began < ENOUGH):
        started = time.perf_counter()
        classifier.scores(pixels)
        took.append(time.perf_counter() - started)
    return min(took) * 1000


def golden(model: model_file.ModelFile, classifier: Classifier) -> HealthCheck:
    """Judge the film inside the model's file and compare with what its card says, each network by itself."""
    if not model.golden:
        return HealthCheck(
            "golden film", WARNING, "this model's file carries none: what it computes here is not proven"
        )
    grey, recorded = np.asarray(Image.open(io.BytesIO(model.golden)).convert("L")), model.card.raw["golden"]
    try:
        field = classifier.find_lungs(grey)
    except EdgeError as error:
        return HealthCheck(
            "golden film", FAULT, f"its lungs are not found ({error}): do not use this model on this device"
        )
    aside = float(np.abs(np.subtract(field.box, recorded["box"])).max())
    scores = classifier.scores(preprocess.lungs_to_pixels(grey, field.with_box(recorded["box"]), classifier.card.size))[
        0
    ]
    apart = max(
        abs(float(score) - recorded["scores"][name]) for name, score in zip(classifier.card.labels, scores, strict=True)
    )
    for what, found, most in (("the box round its lungs", aside, BOX_APART), ("a score", apart, MOST_APART)):
        if found > most:
            words = f"{what} differs by {found:.3f} from the card's, {most:.3f} is allowed"
            return HealthCheck(
                "golden film", FAULT, f"{words}: this device computes something else; do not use the model here"
            )
    return HealthCheck(
        "golden film", OK, f"its scores and lungs are those of the card, at most {apart:.3f} and {aside:.3f} off"
    )


def speed(classifier: Classifier, model: model_file.ModelFile) -> HealthCheck:
    """Time the sample film, or the golden one where it is not installed, from its bytes to its scores."""
    least = preprocess.least_side(classifier.card.size)
    try:
        name, path = "sample film", sample.path()
        content = path.read_bytes()
    except EdgeError as error:
        if not model.golden:
            return HealthCheck("speed", WARNING, f"no film can be timed: {error}")
        name, path, content = "golden film", Path("golden film"), model.golden

    def timed() -> tuple[float, float]:
        """Return the seconds until the film is decoded, and until it has scores."""
        started = time.perf_counter()
        grey = np.asarray(radiograph.decode(path, content, least).picture)
        decoded = time.perf_counter()
        classifier.scores(preprocess.lungs_to_pixels(grey, classifier.find_lungs(grey), classifier.card.size))
        return decoded - started, time.perf_counter() - started

    try:
        timed()  # the first call of anything is slower
        decoding, all_of_it = timed()
    except EdgeError as error:
        return HealthCheck("speed", WARNING, f"the {name} cannot be timed: {error}")
    words = f"{all_of_it * 1000:.0f} ms for the {name}, {decoding * 1000:.0f} of them to decode it"
    return HealthCheck("speed", OK, f"{words}; 'bench' tells more")
