"""What the tests of model files share: the parts of the small model."""

import copy

import pytest

from edge_app.model import model_file


@pytest.fixture(scope="module")
def content(model_path) -> bytes:
    """Return the bytes of the small model's file."""
    return model_path.read_bytes()


@pytest.fixture
def card(content) -> dict:
    """Return a copy of its card, without the hashes that packing adds."""
    raw = copy.deepcopy(model_file.unpack(content, "tiny").card.raw)
    return {name: value for name, value in raw.items() if name not in ("sha256", "lungs_sha256")}


@pytest.fixture(scope="module")
def flatbuffer(content) -> bytes:
    """Return its network of scores."""
    return model_file.unpack(content, "tiny").scores


@pytest.fixture(scope="module")
def lungs(content) -> bytes:
    """Return its network of lungs."""
    return model_file.unpack(content, "tiny").lungs
