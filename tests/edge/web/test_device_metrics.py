"""What `/metrics` tells whoever looks after many devices, and the token that opens nothing else."""

import shutil
import time
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge_app import __version__
from edge_app.diagnostics import health
from edge_app.errors import StoreFault, WrongUsage
from edge_app.web.access.credentials import Credentials
from edge_app.web.app import create_app
from edge_app.web.http import tls
from edge_app.web.readings import fault_watch

TOKEN = "0123456789abcdef0123456789abcdef"


def figures(client) -> dict[str, dict[tuple, float]]:
    """Return what /metrics says: by the name of a sample and its labels' values."""
    found: dict[str, dict[tuple, float]] = {}
    answer = client.get("/metrics")
    assert answer.status_code == 200
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_it_tells_version_room_and_what_the_card_expects(page):
    said = figures(page())
    assert [version for _, version in said["covid_xray_build_info"]] == [__version__]
    assert ("refer", "") in said["covid_xray_operating_point_info"]
    free, size = (said[f"covid_xray_disk_{name}_bytes"][()] for name in ("free", "size"))
    assert 0 < free < size
    assert not said.get("covid_xray_recent_readings")
    assert "covid_xray_last_reading_timestamp_seconds" not in said
    assert "covid_xray_certificate_expiry_timestamp_seconds" not in said


def test_it_counts_recent_readings_and_tells_the_newest(page, film_path):
    client = page()
    before = time.time()
    with film_path.open("rb") as film:
        said = {"X-CSRF-Token": client.token, "Content-Type": "image/png"}
        assert client.post("/api/v1/classify", data=film.read(), headers=said).status_code == 200
    said = figures(client)
    assert sum(said["covid_xray_recent_readings"].values()) == 1
    newest = said["covid_xray_last_reading_timestamp_seconds"][()]
    assert before - 1 <= newest <= time.time() + 1


def test_it_tells_which_fault_lasts(page, monkeypatch):
    monkeypatch.setattr(fault_watch.FaultWatch, "_run", lambda watch: None)
    client = page()
    watch = client.services().watch
    watch.look()
    assert figures(client)["covid_xray_fault"][("disk",)] == 0
    monkeypatch.setattr(health, "disk", lambda folder: health.HealthCheck("disk", health.FAULT, "it is full"))
    watch.look()
    assert figures(client)["covid_xray_fault"][("disk",)] == 1
    assert "it is full" not in client.get("/metrics").text


def test_it_still_answers_where_store_and_disk_cannot_be_looked_at(page, monkeypatch):
    client = page()

    def broken(*args, **wanted):
        raise StoreFault("the store is damaged")

    for name in ("verdicts", "by_verdict", "search"):
        monkeypatch.setattr(client.services().reading_store, name, broken)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: (_ for _ in ()).throw(OSError("gone")))
    said = figures(client)
    assert "covid_xray_build_info" in said and "covid_xray_disk_free_bytes" not in said


def test_the_temperature_is_that_of_the_hottest_sensor(tmp_path):
    for number, text in enumerate(("41000", "63500", "cold")):
        (tmp_path / f"thermal_zone{number}").mkdir()
        (tmp_path / f"thermal_zone{number}" / "temp").write_text(text)
    assert health.degrees_celsius(tmp_path) == 63.5
    assert health.degrees_celsius(tmp_path / "none") is None


def test_the_end_of_the_certificate_is_told(tmp_path):
    path = tmp_path / "page.crt"
    assert tls.valid_until(path) is None
    tls.certificate(path, tmp_path / "page.key", frozenset({"pi"}), [])
    days = (tls.valid_until(path) - datetime.now(UTC)).total_seconds() / 86400
    assert tls.DAYS - 1 < days <= tls.DAYS
    path.write_text("no certificate")
    assert tls.valid_until(path) is None


def test_a_metrics_token_opens_metrics_alone(page):
    client = page()
    settings, services = client.services().settings, client.services()
    credentials = Credentials(settings.state_dir)
    credentials.set_password("a long password")
    credentials.take_metrics_token("fleet", TOKEN)
    client = create_app(settings, services).test_client()
    said = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/metrics", headers=said).status_code == 200
    assert client.get("/api/v1/results", headers=said).status_code == 401
    assert client.get("/history", headers=said).status_code == 403
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}x"}).status_code == 401
    assert not credentials.is_token(TOKEN)
    credentials.forget_token("fleet")
    assert client.get("/metrics", headers=said).status_code == 401


@pytest.mark.parametrize("token", ["short", "with a space in it, and long enough", "ä" * 40, "x" * 2000])
def test_a_token_that_cannot_be_one_is_refused(tmp_path, token):
    with pytest.raises(WrongUsage, match="22 to 1024 ASCII characters"):
        Credentials(tmp_path).take_metrics_token("fleet", token)
