"""What the tests of the workers share."""

import pytest
from PIL import Image

from tests.support.films import draw_film


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Return eight films of different pixels and sizes."""
    folder = tmp_path_factory.mktemp("films")
    paths = [folder / f"film{number}.{'png' if number % 2 else 'jpg'}" for number in range(8)]
    for number, path in enumerate(paths):
        Image.fromarray(draw_film(number, 200 + number, 150)).save(path)
    return paths
