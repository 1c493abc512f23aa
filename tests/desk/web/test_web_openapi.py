"""The interface for programs as edge_app/web/views/openapi.json describes it, against the app, by schemathesis."""

import io
import json
from datetime import datetime
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, strategies
from PIL import Image
from schemathesis import openapi

from edge_app.sources import sample
from edge_app.web import serving
from edge_app.web.access.credentials import Credentials
from edge_app.web.app import create_app
from edge_app.web.http.rate_limits import Bucket
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import InferenceQueue
from tests.support.films import draw_film

ROOT = Path(__file__).parents[3]
TINY = ROOT / "tests" / "golden" / "tiny-int8.tflite"
DESCRIPTION = ROOT / "edge_app" / "web" / "views" / "openapi.json"
# Requests of each kind: each film takes a good part of a second on a busy machine.
TRIES = 15
OPERATIONS = [
    (path, method)
    for path, one in json.loads(DESCRIPTION.read_text())["paths"].items()
    for method in one
    if method != "parameters"
]


def _drawn(format_: str) -> bytes:
    content = io.BytesIO()
    Image.fromarray(draw_film(1000, 240, 200)).save(content, format_)
    return content.getvalue()


PNG, JPEG = _drawn("PNG"), _drawn("JPEG")
openapi.media_type("image/png", strategies.just(PNG))
openapi.media_type("image/jpeg", strategies.just(JPEG))
openapi.media_type("image/jpg", strategies.just(JPEG))
for name, kind in (("tiff", "TIFF"), ("bmp", "BMP"), ("webp", "WebP"), ("jp2", "JPEG2000")):
    openapi.media_type(f"image/{name}", strategies.just(_drawn(kind)))
openapi.media_type("application/dicom", strategies.just(sample.path().read_bytes()))
openapi.media_type("application/octet-stream", strategies.sampled_from([PNG, JPEG]))
openapi.format("binary", strategies.sampled_from([PNG, JPEG]))
times = strategies.datetimes(datetime(1971, 1, 1), datetime(9998, 12, 31), timezones=strategies.timezones())
openapi.format("film-time", times.map(datetime.isoformat))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Return (app that asks for a token, token)."""
    settings = Settings(tmp_path_factory.mktemp("state"), model=TINY, open=False)
    credentials = Credentials(settings.state_dir)
    credentials.set_password("three rays and a lead apron")
    token = credentials.new_token("test")
    with serving.opened(settings, InferenceQueue(settings)) as services:
        app = create_app(settings, services)
        app.extensions["guard"].uploads = Bucket(most=1e6)  # 429 has a test of its own
        yield app, token


@pytest.fixture
def description(served):
    """Return what the app says of itself, for schemathesis."""
    app, token = served
    return openapi.from_wsgi("/api/v1/openapi.json", app, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [
        (*one, mode)
        for one in OPERATIONS
        for mode in schemathesis.GenerationMode
        # What takes nothing at all, a token neither, cannot be asked wrongly.
        if mode.is_positive or one[0] not in ("/health", "/ready")
    ],
)
def test_the_app_does_what_the_description_says(description, served, path, method, mode):
    cases = description[path][method].as_strategy(generation_mode=mode)
    headers = {"Authorization": f"Bearer {served[1]}"}

    # The same requests each time: what others find is tried by hand, with --hypothesis-seed and without `derandomize`.
    @hypothesis.settings(
        max_examples=TRIES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @hypothesis.given(case=cases)
    def ask(case):
        if mode.is_positive and method == "post":
            form = case.body if isinstance(case.body, dict) else {}
            hypothesis.assume(not set(case.query or {}) & set(form))  # one or the other, as is described in words
            hypothesis.assume(
                "1" not in ((case.query or {}).get("photograph"), form.get("photograph"))
            )  # not this model
        if mode.is_positive:  # letters that are newer than this Python's tables are none that can be printed
            labels = [one.get("label", "") for one in (case.query, case.body) if isinstance(one, dict)]
            hypothesis.assume(all(map(str.isprintable, labels)))
        else:  # what is wrong in a case and is not in the request that it becomes cannot be refused
            form = case.body if isinstance(case.body, dict) else {}
            hypothesis.assume(isinstance(form.get("label", ""), str))  # true is sent as "true", a label like others
            values = [*(case.query or {}).values(), *form.values()]
            hypothesis.assume(all(value not in ([], {}) for value in values))  # of these nothing is sent
        case.call_and_validate(headers=headers)

    ask()


def test_it_describes_readings_as_the_schema_of_results_does():
    described = json.loads(DESCRIPTION.read_text())["components"]["schemas"]
    text = (ROOT / "docs" / "result.schema.json").read_text().replace("#/$defs/", "#/components/schemas/")
    row = json.loads(text)
    assert {name: described[name] for name in row["$defs"]} == row["$defs"]
    shown = described["reading"]
    added = {"id", "label", "kept_until", "photograph", "source", "name", "batch", "checks", "facts", "url"}
    assert {name: one for name, one in shown["properties"].items() if name not in added} == {
        name: one for name, one in row["properties"].items() if name != "path"
    }
    assert set(shown["required"]) == set(row["required"]) - {"path"} | added


def test_it_describes_every_path_of_the_interface(served):
    described = json.loads(DESCRIPTION.read_text())["paths"]
    routes = set()
    for rule in served[0].url_map.iter_rules():
        if rule.rule.startswith("/api/") or rule.endpoint.startswith("monitoring."):
            path = rule.rule.replace("<id>", "{id}")
            routes |= {(path, method.lower()) for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert {(path, method) for path, one in described.items() for method in one if method != "parameters"} == routes
