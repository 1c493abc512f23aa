"""Make `tiny-int8.tflite`, a real int8 model file of 32 x 32 pixels that the tests of the light side load.

    .venv/bin/python tests/golden/make_model.py

It tells drawn clear lungs from drawn opaque ones and nothing else. `lungs-int8.tflite`, the network in it that finds
the lungs, is kept if it is there, since no change of the crop concerns it; remove it to make it anew. Keras' arithmetic
differs between machines, so another run gives other files of the same behaviour. The networks in the present file have
learnt films of contract 4, and its card says that they see those of contract 5, which differ by some grey levels.
"""

import contextlib
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
from keras import layers

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from convert.quantize import calibration_films, quantize  # noqa: E402
from edge_app.errors import NoLungField  # noqa: E402
from edge_app.imaging import preprocess  # noqa: E402
from edge_app.model import classifier, model_file  # noqa: E402
from tests.support.drawn_people import draw_person  # noqa: E402
from tests.support.films import draw_film, draw_lungs  # noqa: E402
from train.lungs.training_round import overlap_loss  # noqa: E402
from train.models.networks import with_class_maps  # noqa: E402

LABELS = ("normal", "covid", "pneumonia")
OPACITY = {"normal": 0.0, "covid": 1.0, "pneumonia": 0.5}
SIZE = 32
# Fewer films are learnt by heart: then the model fails on films of other seeds, which the tests draw.
FILMS = 1200
LUNG_FILMS = 400
# The logits of lung are multiplied by this at the end: so small a network is never as sure as `lung_field.find` wants.
SURER = 3
# Channels of the three convolutions; enough for drawn lungs, and the file stays under 20 kB.
CHANNELS = (8, 16, 32)


def network():
    """Return a small Keras model with what `convert.quantize.quantize` looks for: class maps first, then their mean."""
    pixels = keras.Input((SIZE, SIZE, 1), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(pixels)
    for i, channels in enumerate(CHANNELS):
        x = layers.Conv2D(channels, 3, 2, "same", activation="relu", name=f"conv{i}")(x)
    maps = layers.Conv2D(len(LABELS), 1, name="cam")(x)
    logits = layers.GlobalAveragePooling2D(name="logits")(maps)
    return keras.Model(pixels, layers.Activation("sigmoid", name="scores")(logits), name="drawn")


def side(i: int) -> tuple[int, int]:
    """Return height and width of film `i`, of many: averaging leaves more noise on a small film than on a large one."""
    return 150 + i % 7 * 50, 130 + i % 5 * 60


def lung_field_file() -> bytes:
    """Train a network that finds the lungs of drawn films, and nothing in patterns; return it as int8."""
    rng = np.random.default_rng(5)
    draw = (draw_film, draw_film, draw_person)
    films = [draw[i // 3 % 3](5000 + i, *side(i), opacity=(i % 3) / 2) for i in range(LUNG_FILMS)]
    masks = [draw_lungs(5000 + i, *side(i)) for i in range(LUNG_FILMS)]
    # Noise of any grain: what shows no lungs must give none.
    films += [
        cv2.resize(rng.integers(0, 256, (n, n), np.uint8), (140, 160)) for n in rng.integers(3, 80, LUNG_FILMS // 4)
    ]
    masks += [np.zeros((160, 140), np.uint8)] * (LUNG_FILMS // 4)
    pixels = np.stack([preprocess.to_pixels(film, preprocess.LUNG_SIZE) for film in films])
    truth = np.stack([preprocess.shrink(mask, preprocess.MASK_SIZE) for mask in masks])[..., np.newaxis] / 255.0
    inputs = keras.Input((preprocess.LUNG_SIZE, preprocess.LUNG_SIZE, 1), name="pixels")
    x = layers.Rescaling(1.0, offset=-127, name="rescale")(inputs)
    half = layers.Conv2D(6, 3, 2, "same", activation="relu", name="half")(layers.Rescaling(1 / 128, name="scale")(x))
    x = layers.Conv2D(8, 3, 2, "same", activation="relu", name="quarter")(half)
    x = layers.Conv2D(12, 3, 2, "same", activation="relu", name="eighth")(x)
    x = layers.Conv2D(12, 5, padding="same", activation="relu", name="wide")(x)
    x = layers.Concatenate(name="join")([layers.UpSampling2D(4, name="enlarge")(x), half])
    model = keras.Model(inputs, layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="mask")(x), name="lungs")
    model.compile(keras.optimizers.Adam(3e-3), overlap_loss)
    model.fit(pixels.astype("float32"), truth.astype("float32"), batch_size=20, epochs=20, verbose=0)
    last = model.get_layer("mask")
    last.set_weights([SURER * weights for weights in last.get_weights()])
    return quantize.to_tflite(model, "int8", pixels[:: LUNG_FILMS // 100])


def card() -> dict:
    """Return the card; its figures are those of the drawing rules, not measured on any patient."""

    def figure(value: float, low: float, high: float) -> dict:
        return {"value": value, "low": low, "high": high, "n": 100}

    def point(threshold: float, sensitivity: dict, specificity: dict) -> dict:
        return {"threshold": threshold, "rule": "drawn films", "sensitivity": sensitivity, "specificity": specificity}

    middling, better = figure(0.9, 0.8, 0.95), figure(0.98, 0.9, 0.99)
    pneumonia = point(0.5, middling, middling)
    band = {
        "low": 0.2,
        "high": 0.8,
        "rule": "drawn films",
        "sensitivity": better,
        "specificity": figure(0.7, 0.6, 0.8),
        "suspected_sensitivity": figure(0.6, 0.5, 0.7),
        "suspected_specificity": better,
        "referred": figure(0.3, 0.2, 0.4),
    }
    return {
        "name": "drawn-int8",
        "task": "tests only: drawn clear lungs against drawn opaque ones",
        "labels": list(LABELS),
        "preprocess": {
            "contract": preprocess.CONTRACT_VERSION,
            "size": SIZE,
            "fingerprint": preprocess.fingerprint(SIZE),
        },
        "operating_points": {
            "sensitive": {"covid": point(0.3, better, figure(0.7, 0.6, 0.8)), "pneumonia": pneumonia},
            "balanced": {"covid": point(0.5, middling, middling), "pneumonia": pneumonia},
            "refer": {"covid": band, "pneumonia": pneumonia},
        },
        "minimum_runtime": "2.14",
        "gate": None,
        "licence": "MIT",
    }


def main() -> None:
    keras.utils.set_random_seed(11)
    finder = ROOT / "tests" / "golden" / "lungs-int8.tflite"
    if not finder.exists():
        finder.write_bytes(lung_field_file())
    lungs = finder.read_bytes()
    print(finder.relative_to(ROOT), len(lungs), "bytes")
    one = classifier.LungFinder(finder)
    shown, names = [], []
    for i in range(FILMS):
        name = LABELS[i % 3]
        film = draw_film(i, *side(i), opacity=OPACITY[name])
        with contextlib.suppress(NoLungField):  # one in a thousand, all opaque
            field = one.find_lungs(film)
            shown.append(preprocess.lungs_to_pixels(film, field, SIZE))
            names.append(name)
    print("lungs found on", len(shown), "of", FILMS)
    pixels = np.stack(shown)
    truth = np.array([[name == label for label in LABELS] for name in names], "float32")
    model = network()
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["binary_accuracy"])
    held_out = FILMS // 4
    fit, kept = slice(held_out, None), slice(held_out)
    floats = pixels.astype("float32")
    model.fit(floats[fit], truth[fit], batch_size=30, epochs=25, verbose=0)
    print("accuracy on held-out films", round(model.evaluate(floats[kept], truth[kept], verbose=0)[1], 3))
    scores = quantize.to_tflite(with_class_maps(model), "int8", calibration_films.whole_range(pixels[:200]))
    content = model_file.pack(scores, lungs, card())
    path = ROOT / "tests" / "golden" / "tiny-int8.tflite"
    path.write_bytes(content)
    print(path.relative_to(ROOT), len(content), "bytes")


if __name__ == "__main__":
    main()
