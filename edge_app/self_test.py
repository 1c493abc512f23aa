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
# Most by which a side of the box round the lungs may lie elsewhere than where the card says, as a share of the film:
# two runtimes differ by 0.004. A classifier's score may move by a tenth with so little, so it is shown the card's box.
BOX_APART = 0.02


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
    """Judge the film inside the model's file and compare with what its card says, each network by itself."""
    if not model.golden:
        return Check("golden film", WARNING, "this model's file carries none: what it computes here is not proven")
    grey, said = np.asarray(Image.open(io.BytesIO(model.golden)).convert("L")), model.card.raw["golden"]
    try:
        field = _field(grey, one)
    except EdgeError as error:
        return Check("golden film", FAULT, f"its lungs are not found ({error}): do not use this model on this device")
    aside = float(np.abs(np.subtract(field.box, said["box"])).max())
    scores = one.scores(preprocess.lungs_to_pixels(grey, field.with_box(said["box"]), one.card.size))[0]
    apart = max(abs(float(score) - said["scores"][name]) for name, score in zip(one.card.labels, scores, strict=True))
    for what, found, most in (("the box round its lungs", aside, BOX_APART), ("a score", apart, MOST_APART)):
        if found > most:
            words = f"{what} differs by {found:.3f} from the card's, {most:.3f} is allowed"
            return Check(
                "golden film", FAULT, f"{words}: this device computes something else; do not use the model here"
            )
    return Check(
        "golden film", OK, f"its scores and lungs are those of the card, at most {apart:.3f} and {aside:.3f} off"
    )


def speed(one: Classifier) -> Check:
    """Time the sample film, from its file to its scores."""
    try:
        path = sample.path()
        first = radiograph.read(path, preprocess.least_side(one.card.size))
        _scores(first, one)  # the first call of anything is slower
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
    return one.scores(preprocess.lungs_to_pixels(grey, _field(grey, one), one.card.size))[0]


def _field(grey: np.ndarray, one: Classifier) -> lung_field.LungField:
    return lung_field.find(one.lungs(preprocess.to_pixels(grey, preprocess.LUNG_SIZE)))
