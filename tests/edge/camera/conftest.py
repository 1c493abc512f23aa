"""What the tests of the camera share."""

import pytest

from edge_app.model import model_file
from tests.support.golden import GOLDEN


@pytest.fixture(scope="module")
def camera_model(tmp_path_factory):
    """Return the path of the small model with a part for cameras in its card."""
    model = model_file.read(GOLDEN / "tiny-int8.tflite")
    raw = dict(model.card.raw)
    raw["camera"] = {"temperature": 2.0, "operating_points": raw["operating_points"], "gate": None}
    path = tmp_path_factory.mktemp("model") / "camera.tflite"
    path.write_bytes(model_file.pack(model.scores, model.lungs, raw))
    return path
