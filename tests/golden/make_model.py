"""Make `tiny-int8.tflite`, a real int8 model file of 32 x 32 pixels that the tests of the light side load.

    .venv/bin/python tests/golden/make_model.py

It tells drawn clear lungs from drawn opaque ones and nothing else. Keras' arithmetic differs between machines, so
another run gives another file of the same behaviour.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from convert import quantize  # noqa: E402
from edge_app import bundle, preprocess  # noqa: E402
from tests.films import draw_film  # noqa: E402

LABELS = ("normal", "covid", "pneumonia")
OPACITY = {"normal": 0.0, "covid": 1.0, "pneumonia": 0.5}
SIZE = 32
# Fewer films are learnt by heart: then the model fails on films of other seeds, which the tests draw.
FILMS = 1200
# Channels of the three convolutions; enough for drawn lungs, and the file stays under 20 kB.
CHANNELS = (8, 16, 32)


def network():
    """Return a small Keras model with what `convert.quantize` looks for: class maps first, then their mean."""
    pixels = keras.Input((SIZE, SIZE, 1), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(pixels)
    for i, channels in enumerate(CHANNELS):
        x = layers.Conv2D(channels, 3, 2, "same", activation="relu", name=f"conv{i}")(x)
    maps = layers.Conv2D(len(LABELS), 1, name="cam")(x)
    logits = layers.GlobalAveragePooling2D(name="logits")(maps)
    return keras.Model(pixels, layers.Activation("sigmoid", name="scores")(logits), name="drawn")


def card() -> dict:
    """Return the card; its figures are those of the drawing rules, not measured on any patient."""
    figure = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 100}
    point = {"threshold": 0.5, "rule": "drawn films", "sensitivity": figure, "specificity": figure}
    return {
        "name": "drawn-int8",
        "task": "tests only: drawn clear lungs against drawn opaque ones",
        "labels": list(LABELS),
        "preprocess": {
            "contract": preprocess.CONTRACT_VERSION,
            "size": SIZE,
            "fingerprint": preprocess.fingerprint(SIZE),
        },
        "operating_points": {"covid": point, "pneumonia": point},
        "minimum_runtime": "2.14",
        "licence": "MIT",
    }


def main() -> None:
    keras.utils.set_random_seed(11)
    names = [LABELS[i % 3] for i in range(FILMS)]
    films = [draw_film(i, 160, 140, opacity=OPACITY[name]) for i, name in enumerate(names)]
    pixels = np.stack([preprocess.to_pixels(film, SIZE) for film in films])
    truth = np.array([[name == label for label in LABELS] for name in names], "float32")
    model = network()
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["binary_accuracy"])
    held_out = FILMS // 4
    fit, kept = slice(held_out, None), slice(held_out)
    floats = pixels.astype("float32")
    model.fit(floats[fit], truth[fit], batch_size=30, epochs=25, verbose=0)
    print("accuracy on held-out films", round(model.evaluate(floats[kept], truth[kept], verbose=0)[1], 3))
    content = bundle.pack(quantize.to_tflite(model, "int8", pixels[:200]), card())
    path = ROOT / "tests" / "golden" / "tiny-int8.tflite"
    path.write_bytes(content)
    print(path.relative_to(ROOT), len(content), "bytes")


if __name__ == "__main__":
    main()
