"""What the tests of the light side share: drawn films in files, and the small model of `tests/golden`."""

import io
from pathlib import Path

import pytest
from PIL import Image

from edge_app.imaging import preprocess
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from tests.support.films import draw_film
from tests.support.golden import GOLDEN


@pytest.fixture(scope="session")
def model_path() -> Path:
    """Return the path of a real int8 model file of 32 x 32 pixels and three labels."""
    return GOLDEN / "tiny-int8.tflite"


@pytest.fixture(scope="session")
def classifier(model_path):
    """Return both networks of it, loaded."""
    return Classifier(model_file.read(model_path), threads=1)


@pytest.fixture(scope="session")
def camera_model(model_path, tmp_path_factory) -> Path:
    """Return the path of the small model with a part for cameras in its card."""
    model = model_file.read(model_path)
    raw = dict(model.card.raw)
    raw["camera"] = {"temperature": 2.0, "operating_points": raw["operating_points"], "gate": None}
    path = tmp_path_factory.mktemp("model") / "camera.tflite"
    path.write_bytes(model_file.pack(model.scores, model.lungs, raw))
    return path


@pytest.fixture
def film_path(tmp_path) -> Path:
    """Return the path of a drawn film with clear lungs, a grey PNG of 200 x 240 pixels."""
    path = tmp_path / "film.png"
    Image.fromarray(draw_film(1000, 240, 200)).save(path)
    return path


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path_factory, monkeypatch):
    """Keep the tests from the models, keys and results that are on this machine."""
    place = tmp_path_factory.mktemp("nothing")
    monkeypatch.setenv("COVID_XRAY_MODELS", str(place / "models"))
    monkeypatch.setenv("COVID_XRAY_KEYS", str(place / "keys"))
    monkeypatch.setenv("COVID_XRAY_STORE", str(place / "data" / "results.sqlite"))
    monkeypatch.delenv("COVID_XRAY_SITE", raising=False)


@pytest.fixture
def with_golden_film(tmp_path, classifier, model_path):
    """Return a function that packs the small model with a golden film: (name, apart, aside, fields of card) -> path.

    `apart` is how far a score of its card is from what the network gives, `aside` the same of the box round the lungs.
    """
    film = io.BytesIO()
    grey = draw_film(1000, 200, 192)
    Image.fromarray(grey).save(film, "PNG")
    field = classifier.find_lungs(grey)
    scores = classifier.scores(preprocess.lungs_to_pixels(grey, field, classifier.card.size))[0].tolist()
    normal, *others = scores
    top, *box = field.box
    model = model_file.read(model_path)

    def pack(name: str = "golden", apart: float = 0, aside: float = 0, **fields) -> Path:
        said = dict(zip(classifier.card.labels, [normal - apart, *others], strict=True))
        card = dict(model.card.raw) | {"name": name, "golden": {"scores": said, "box": [top - aside, *box]}} | fields
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(model_file.pack(model.scores, model.lungs, card, film.getvalue()))
        return path

    return pack
