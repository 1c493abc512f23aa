"""What the page answers when something fails: in the words of a page or of the API, and never with what was sent."""

import contextlib
import logging
import sqlite3
from pathlib import Path

import pytest

from edge_app.gate import refusal
from edge_app.web import serving
from edge_app.web.app import create_app
from edge_app.web.http import settings
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import InferenceQueue
from tests.support import results

SECRET = "Zebrafink-77"


@pytest.fixture
def app(kept):
    """Return the open page, with two addresses that fail: `/fault` and `/api/v1/fault`."""
    app = create_app(kept.settings, kept)
    for path in ("/fault", "/api/v1/fault"):
        app.add_url_rule(path, f"pages.{path}", lambda: int(SECRET))
    return app


@pytest.mark.parametrize("path", ["/fault", "/api/v1/fault"])
def test_a_fault_of_ours_is_logged_by_its_place_and_not_by_what_was_sent(app, path, caplog):
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get(path)
    assert answer.status_code == 500
    assert SECRET not in answer.text and SECRET not in caplog.text
    (record,) = caplog.records
    assert record.exc_info is None
    assert record.getMessage().startswith(f"fault at {__file__}:") and record.getMessage().endswith("(ValueError)")


def test_a_fault_of_the_api_is_in_json_and_one_of_a_page_is_a_page(app):
    of_api, of_page = (app.test_client().get(path) for path in ("/api/v1/fault", "/fault"))
    assert of_api.json["error"]["status"] == 500
    assert of_page.content_type.startswith("text/html")


@pytest.mark.parametrize("path", ["/readings", "/api/v1/classify"])
def test_a_wrong_method_is_answered_with_those_that_are_allowed(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_store_that_another_program_reads_is_said_on_the_page(browser, kept):
    kept.reading_store.keep(results.refused(Path("film"), "0" * 64, refusal.DARK), kept.context, "")
    kept.reading_store._base.execute("PRAGMA busy_timeout=50")
    with contextlib.closing(sqlite3.connect(kept.settings.store)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM readings").fetchone()
        answer = browser.post("/privacy/erase", data={"csrf_token": browser.token, "sure": "1"})
    assert answer.status_code == 503
    assert "another program is reading the store; stop that program and erase again." in answer.text


def test_damaged_tokens_are_said_to_the_device_that_shows_one(tmp_path, model_path, caplog):
    asked = Settings(tmp_path / "state", model=model_path, open=False)
    asked.state_dir.mkdir()
    tokens = asked.state_dir / settings.TOKENS
    tokens.write_text("{")
    with serving.opened(asked, InferenceQueue(asked)) as services, caplog.at_level(logging.ERROR):
        client = create_app(asked, services).test_client()
        answer = client.post("/api/v1/classify", data=b"film", headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.status_code == 503 and SECRET not in answer.text + caplog.text
    assert f"{tokens}: is damaged; delete it, and give devices new tokens." in caplog.text
