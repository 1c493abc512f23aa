"""The released files in clients nobody here wrote: MediaPipe's ImageClassifier, OpenCV's dnn, unzip.

On real films where the collections are at hand, else on the sample DICOM's.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_app.errors import NoLungField
from edge_app.imaging import preprocess, radiograph
from edge_app.model import classifier, model_file
from edge_app.sources import sample

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared/data"
CLIENT = ROOT / ".venv-clients/bin/python"
EDGE_MODEL, MOBILE_MODEL = (ROOT / f"models/covid-xray-lite0-{name}.tflite" for name in ("int8", "mobile-int8"))
FILMS = 12


@pytest.fixture(scope="module")
def edge():
    return classifier.Classifier(model_file.read(EDGE_MODEL))


@pytest.fixture(scope="module")
def crops(edge):
    """Films as the network sees them, uint8 (N, S, S, 1)."""
    folder = DATA / "covid-chestxray-dataset/images"
    paths = sorted(folder.glob("*.jpg")) if folder.is_dir() else []
    found = []
    for path in [sample.path(), *paths[:: len(paths) // (2 * FILMS) + 1]]:
        grey = radiograph.read(path)
        try:
            field = edge.find_lungs(grey)
        except NoLungField:
            continue
        found.append(preprocess.lungs_to_pixels(grey, field, edge.card.size))
    return np.stack(found[:FILMS])


@pytest.fixture(scope="module")
def scores(edge, crops):
    return np.stack([edge.scores(crop)[0] for crop in crops])


def test_mediapipe_gives_the_labels_and_scores_of_the_edge(crops, scores, edge, tmp_path):
    np.save(tmp_path / "films.npy", np.repeat(crops, 3, axis=3))
    command = [CLIENT, ROOT / "tests/system/clients/with_mediapipe.py", MOBILE_MODEL, tmp_path / "films.npy"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(done.stdout)
    for answer, expected in zip(answers, scores, strict=True):
        assert set(answer) == set(edge.card.labels)
        assert max(answer, key=answer.get) == edge.card.labels[int(expected.argmax())]
        # The same operators in another build of the same kernels; MediaPipe hands on 8 bits as they are.
        assert np.allclose([answer[label] for label in edge.card.labels], expected, atol=2 / 256)


def test_unzip_shows_labels_and_card():
    command = ["unzip", "-l"] if shutil.which("unzip") else [sys.executable, "-m", "zipfile", "-l"]
    listed = subprocess.run([*command, MOBILE_MODEL], capture_output=True, text=True, check=False).stdout
    assert {"labels.txt", "card.json", "lungs.tflite", "golden.png"} <= set(listed.split())


def test_opencv_runs_the_float_file(crops, edge):
    model = ROOT / "models/covid-xray-lite0-float32.tflite"
    float_scores = [classifier.Classifier(model_file.read(model)).scores(crop)[0] for crop in crops]
    network = cv2.dnn.readNetFromTFLite(str(model))
    for crop, expected in zip(crops, float_scores, strict=True):
        network.setInput(crop[np.newaxis].transpose(0, 3, 1, 2).astype(np.float32))
        answers = network.forward(network.getUnconnectedOutLayersNames())
        (found,) = [answer for answer in answers if answer.shape == (1, 3)]
        assert np.allclose(found[0], expected, atol=1e-3)
