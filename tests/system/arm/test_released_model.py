"""The released model in tflite-runtime on each emulated processor of a Pi: the scores of this desk, film by film."""

from pathlib import Path

import numpy as np
import pytest

from convert.modelfile import golden_film
from convert.verify import runtimes
from edge_app.imaging import preprocess
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from tests.support.films import draw_film

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "models/covid-xray-lite0-int8.tflite"
# Kernels for ARM round the sums of 8-bit layers in another way than those for x86, by a step of a layer here and there:
# on these films up to 2.3 steps of 256 of a score. `run_films.MOST_APART` allows that between any two places.
STEPS = golden_film.MOST_APART * 256


@pytest.mark.parametrize("processor", runtimes.EMULATED)
def test_the_scores_are_those_of_this_desk(processor):
    model = model_file.read(MODEL)
    classifier = Classifier(model)
    films = []
    for seed in range(1000, 1008):
        grey = draw_film(seed, 300, 280, opacity=seed % 3 / 2)
        field = classifier.find_lungs(grey)
        films.append(preprocess.lungs_to_pixels(grey, field, classifier.card.size))
    there = [place for place in runtimes.emulated() if processor in place.name]
    here = [place for place in runtimes.here() if place.runtime == "tflite_runtime.interpreter"]
    if not (there and here):
        pytest.skip(f"needs root and: convert/arm_root.sh {processor}")
    found, wanted = (
        runtimes.run(place, model.scores, np.stack(films), len(model.card.labels)).scores for place in (*there, *here)
    )
    steps = abs(found - wanted) * 256
    print(f"\n{processor}: {len(films)} films, at most {steps.max():.2f} steps apart")
    assert steps.max() <= STEPS
