"""What the tests of the page share: its services with the small model, and a client."""

import contextlib

import pytest
from flask import Flask
from flask_babel import Babel

from edge_app.web import serving
from edge_app.web.app import create_app
from edge_app.web.http import settings_file
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.text import languages
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


@pytest.fixture
def spoken():
    """Return an app in whose context words are translated."""
    app = Flask("page words")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(languages.FOLDER)
    Babel(app)
    with app.test_request_context():
        yield app


@pytest.fixture
def page(tmp_path, model_path):
    """Return a function that starts a page with its state in a folder, (pinned, more of Settings) -> client."""
    stack = contextlib.ExitStack()

    def start(**more):
        settings = settings_file.applied(Settings(tmp_path / "state", model=model_path, **more))
        settings.state_dir.mkdir(mode=0o700, exist_ok=True)
        kept = stack.enter_context(serving.opened(settings, InferenceQueue(settings)))
        client = create_app(settings, kept).test_client()
        client.token = token_of(client.get("/"))
        client.services = lambda: client.application.extensions["services"]
        return client

    with stack:
        yield start
