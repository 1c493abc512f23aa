"""The released model before a camera: a few of the videos that `python -m tests.system.camera_videos` counts."""

import pytest

from edge_app.errors import MissingPackage, ModelMismatch
from edge_app.install import model_registry
from edge_app.model import model_file
from edge_app.sources import sample
from tests.system import camera_videos


def test_the_bundled_film_gets_its_verdict_at_every_rate():
    released = model_registry.released()
    try:
        if not released.is_file() or model_file.read(released).card.camera is None:
            pytest.skip("no released model with a part for cameras is here")
    except ModelMismatch as error:
        pytest.skip(f"the released model does not fit this program: {error}")
    try:
        film = sample.path()
    except MissingPackage as error:
        pytest.skip(str(error))
    told = list(camera_videos.verdicts(released, [film], ["light box", "desktop"], [15.0, 60.0]))
    assert all(one.judged and one.agrees for one in told), told
