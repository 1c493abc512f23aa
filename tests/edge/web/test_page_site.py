"""A page that is started with a site's calibration: it judges by it, and shows whose thresholds these are."""

import io

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from edge_app.errors import NotTrusted
from edge_app.screening import decision
from edge_app.web import serving
from edge_app.web.app import create_app
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import InferenceQueue
from tests.support.films import draw_film
from tests.support.forms import classify, token_of
from tests.support.site_calibration import calibration, trust_calibrations, write


@pytest.fixture
def settings(tmp_path, model_path, monkeypatch):
    """Return the settings of a page with a calibration that is signed by a key of this device."""
    key = Ed25519PrivateKey.generate()
    trust_calibrations(key)
    path = write(tmp_path / "clinic.json", calibration(model_path, covid=(0.1, 0.3)), key)
    monkeypatch.setenv("COVID_XRAY_SITE", str(path))
    return Settings(tmp_path / "state", model=model_path)


def film() -> bytes:
    """Return a PNG of a film that the small model gives a score of 0.44 for COVID-19; it calls it unsure."""
    made = io.BytesIO()
    Image.fromarray(draw_film(1000, 240, 200, opacity=0.7)).save(made, "PNG")
    return made.getvalue()


def test_it_judges_by_it_and_shows_it(settings):
    with serving.opened(settings, InferenceQueue(settings)) as kept:
        client = create_app(kept.settings, kept).test_client()
        client.token = token_of(client.get("/"))
        row = classify(client, film()).json
        assert row["verdict"] == decision.COVID
        assert row["site"]["name"] == "Clinic A"
        shown = client.get(f"/readings/{row['id']}").text
        assert "Calibration of this site" in shown and "measured on films of this site (Clinic A)" in shown
        assert shown.count("collections that the model was made with") == 1  # of pneumonia, which it did not measure
        assert "Clinic A" in client.get("/status").text
        assert "Clinic A" in client.get("/history.csv").text


def test_a_calibration_that_does_not_count_keeps_the_page_from_starting(settings):
    settings.site.write_bytes(settings.site.read_bytes().replace(b"drawn-int8", b"drawn-int9"))
    with (
        pytest.raises(NotTrusted, match="or it was changed since"),
        serving.opened(settings, InferenceQueue(settings)),
    ):
        pass
