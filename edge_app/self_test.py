"""Does this device compute what the model's file was released with? Its golden film is judged, and a film timed."""

import io
import time
from pathlib import Path

import numpy as np
from PIL import Image

from edge_app import bundle, lung_field, preprocess, radiograph, sample
from edge_app.classifier import Classifier
from edge_app.errors import EdgeError
from edge_app.health import FAULT, OK, WARNING, Check

# As in `convert.golden_film`: two runtimes differ by 0.018 on films of the released network; a kernel that computes
# wrongly is off by tenths.
MOST_APART = 8 / 256


def checks(path: Path, threads: int) -> list[Check]:
    """Check the runtime, the model's file, its golden film, and how long a film takes."""
    from edge_app import classifier

    try:
        found = [Check("runtime", OK, f"{classifier.find_runtime()[0]} runs a model")]
    except EdgeError as error:
        return [Check("runtime", FAULT, str(error))]
    try:
        model = bundle.read(path)
        one = Classifier(model, threads)
    except EdgeError as error:
        return [*found, Check("model", FAULT, str(error))]
    gate = "" if model.card.gate else "; it has no gate: it answers for any picture that shows something like lungs"
    words = f"{model.card.name} is whole, sha256 {model.sha256[:12]}{gate}"
    return [*found, Check("model", WARNING if gate else OK, words), golden(model, one), speed(one)]


def golden(model: bundle.Bundle, one: Classifier) -> Check:
    """Judge the film inside the model's file and compare with what its card says."""
    if not model.golden:
        return Check("golden film", WARNING, "this model's file carries none: what it computes here is not proven")
    try:
        scores = _scores(np.asarray(Image.open(io.BytesIO(model.golden)).convert("L")), one)
    except EdgeError as error:
        return Check("golden film", FAULT, f"its lungs are not found ({error}): do not use this model on this device")
    wanted = model.card.raw["golden"]["scores"]
    apart = max(abs(float(score) - wanted[label]) for label, score in zip(model.card.labels, scores, strict=True))
    if apart > MOST_APART:
        words = f"a score differs by {apart:.3f} from the card's, {MOST_APART:.3f} is allowed"
        return Check("golden film", FAULT, f"{words}: this device computes something else; do not use the model here")
    return Check("golden film", OK, f"its scores are those of the card, at most {apart:.3f} off")


def speed(one: Classifier) -> Check:
    """Time the sample film, from its file to its scores."""
    try:
        path = sample.path()
        _scores(
            radiograph.read(path, preprocess.least_side(one.card.size)), one
        )  # the first call of anything is slower
        started = time.perf_counter()
        grey = radiograph.read(path, preprocess.least_side(one.card.size))
        decoded = time.perf_counter()
        _scores(grey, one)
    except EdgeError as error:
        return Check("speed", WARNING, f"the sample film cannot be timed: {error}")
    spent = time.perf_counter() - started
    words = f"{spent * 1000:.0f} ms for the sample film, {(decoded - started) * 1000:.0f} of them to decode it"
    return Check("speed", OK, f"{words}; 'bench' tells more")


def _scores(grey: np.ndarray, one: Classifier) -> np.ndarray:
    field = lung_field.find(one.lungs(preprocess.to_pixels(grey, preprocess.LUNG_SIZE)))
    return one.scores(preprocess.lungs_to_pixels(grey, field, one.card.size))[0]
