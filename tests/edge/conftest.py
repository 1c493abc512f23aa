"""What the tests of the light side share: drawn films in files, and the small model of `tests/golden`."""

from pathlib import Path

import pytest
from PIL import Image

from edge_app import bundle, classifier
from tests.films import draw_film

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session")
def model_path() -> Path:
    """Return the path of a real int8 model file of 32 x 32 pixels and three labels."""
    return GOLDEN / "tiny-int8.tflite"


@pytest.fixture(scope="session")
def one(model_path):
    """Return both networks of it, loaded."""
    return classifier.Classifier(bundle.read(model_path), threads=1)


@pytest.fixture
def film_path(tmp_path) -> Path:
    """Return the path of a drawn film with clear lungs, a grey PNG of 200 x 240 pixels."""
    path = tmp_path / "film.png"
    Image.fromarray(draw_film(1000, 240, 200)).save(path)
    return path
