"""What the tests of the page share: its services with the small model, and a client."""

import pytest

from edge_app.web import serving
from edge_app.web.app import create_app
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import InferenceQueue
from tests.support.forms import token_of


@pytest.fixture(scope="module")
def kept(tmp_path_factory, model_path):
    """Return the services of a page with the small model, open to this machine."""
    settings = Settings(tmp_path_factory.mktemp("state"), model=model_path)
    with serving.opened(settings, InferenceQueue(settings)) as services:
        yield services


@pytest.fixture
def browser(kept):
    """Return a client of the open page, which holds no reading yet; `token` is that of its forms."""
    client = create_app(kept.settings, kept).test_client()
    client.token = token_of(client.get("/"))
    kept.reading_store.erase()
    return client
