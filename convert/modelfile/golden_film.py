"""The golden film: a small radiograph inside every model file, and the scores that this very network gave it.

Whoever receives a file can run it on the film and see the same scores, or that a runtime or a processor computes
something else; a hash says only that the bytes arrived. The film is the sample of `make run` (PyPI package
`pydicom-data`, MIT licence), 192 pixels wide: no film of the collections is ever in the repository.
"""

import io

import cv2
import numpy as np
from PIL import Image

from convert.verify import run_films
from convert.verify.runtimes import MOST_APART
from edge_app.errors import ModelMismatch
from edge_app.imaging import lung_field, preprocess, radiograph
from edge_app.sources import sample

WIDTH = 192


def make() -> bytes:
    """Return the film as PNG."""
    grey = radiograph.read(sample.path())
    height = round(grey.shape[0] * WIDTH / grey.shape[1])
    content = io.BytesIO()
    Image.fromarray(cv2.resize(grey, (WIDTH, height), interpolation=cv2.INTER_AREA)).save(content, "PNG", optimize=True)
    return content.getvalue()


def field(film: bytes, lungs: bytes) -> lung_field.LungField:
    """Return where the lungs of a film of `make` are, by a lung-field network's `.tflite`; raises `NoLungField`."""
    found = answers(lungs, preprocess.to_pixels(_grey(film), preprocess.LUNG_SIZE)[np.newaxis])
    chance = next(one for one in found if one.ndim == 4)
    return lung_field.find(chance[0, ..., 0])


def shown(film: bytes, lungs: lung_field.LungField, size: int) -> np.ndarray:
    """Return what a classifier sees of the film: uint8 (1, size, size, 1).

    Args:
        film: of `make`.
        lungs: of `field`.
        size: side of the classifier's input.
    """
    return preprocess.lungs_to_pixels(_grey(film), lungs, size)[np.newaxis]


def check(model, where) -> float:
    """Return the largest difference between the scores a file gives its golden film here and those in its card.

    Args:
        model: `edge_app.model.model_file.ModelFile` that has a golden film.
        where: begins the sentence of a refusal.

    Raises:
        ModelMismatch: it is more than `MOST_APART`.
    """
    labels, wanted = model.card.labels, model.card.raw["golden"]["scores"]
    lungs = field(model.golden, model.lungs).with_box(model.card.raw["golden"]["box"])
    pixels = shown(model.golden, lungs, model.card.size)
    found = next(one for one in answers(model.scores, pixels) if one.shape == (1, len(labels)))
    apart = max(abs(float(score) - wanted[label]) for label, score in zip(labels, found[0], strict=True))
    if apart > MOST_APART:
        raise ModelMismatch(
            f"{where}: a score of its golden film differs by {apart:.3f} from its card's, {MOST_APART:.3f} is allowed; "
            "this runtime or processor computes something else: do not use the file here."
        )
    return apart


def _grey(film: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(film)))


def answers(network: bytes, films: np.ndarray) -> list[np.ndarray]:
    """Run films, uint8 (N, S, S, 1), through a `.tflite` here; return its outputs, float32 (N, ...)."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=network, num_threads=1)
    interpreter.allocate_tensors()
    channels = interpreter.get_input_details()[0]["shape"][3]
    found = run_films.timed(run_films.tflite(interpreter), np.repeat(films, channels, axis=3))
    return [found[name] for name in found if name.startswith("output")]
