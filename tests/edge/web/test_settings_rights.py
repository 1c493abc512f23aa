"""Who may change the settings: only who gave the password, from our own page, and for what leaves the device again."""

import pytest

from edge_app.web.access.credentials import Credentials
from edge_app.web.app import create_app
from edge_app.web.http import rate_limits, settings_file
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.serving import opened
from tests.support.forms import token_of

PASSWORD = "three rays and a lead apron"
WEBHOOK = {"webhook_on": "1", "webhook_url": "https://192.0.2.7/"}
POSTS = ("judging", "keeping", "camera", "patient", "webhook", "mqtt", "webhook/secret", "webhook/test", "mqtt/test")


@pytest.fixture
def closed(tmp_path, model_path):
    """Return a page that asks for a password."""
    Credentials(tmp_path).set_password(PASSWORD)
    settings = Settings(tmp_path, model=model_path, open=False)
    with opened(settings, InferenceQueue(settings)) as kept:
        yield create_app(settings, kept)


@pytest.fixture
def clinician(closed):
    """Return a browser that gave the password; `token` is that of its forms."""
    one = closed.test_client()
    one.post("/login", data={"csrf_token": token_of(one.get("/login")), "password": PASSWORD})
    one.token = token_of(one.get("/settings"))
    return one


def post(client, path, token, headers=None, **typed):
    return client.post(f"/settings/{path}", data={"csrf_token": token, **typed}, headers=headers)


def test_a_stranger_sees_and_changes_nothing(closed, tmp_path):
    stranger = closed.test_client()
    assert stranger.get("/settings").status_code == 303
    token = token_of(stranger.get("/login"))
    for path in POSTS:
        assert post(stranger, path, token, keep_days="1").status_code == 401
    assert settings_file.read(tmp_path) == {}


def test_a_token_of_a_device_opens_no_setting(closed, tmp_path):
    device, said = closed.test_client(), {"Authorization": f"Bearer {Credentials(tmp_path).new_token('ward-3')}"}
    assert device.get("/settings", headers=said).status_code == 403
    for path in POSTS:
        assert post(device, path, "", headers=said, keep_days="1").status_code == 403
    assert settings_file.read(tmp_path) == {}


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_another_sites_page_changes_nothing(clinician, tmp_path, headers):
    for path in POSTS:
        typed = {"keep_days": "1", "password": PASSWORD}
        assert post(clinician, path, clinician.token, headers=headers, **typed).status_code == 403
        assert post(clinician, path, "made up", **typed).status_code == 403
        assert clinician.post(f"/settings/{path}", data=typed).status_code == 403
    assert settings_file.read(tmp_path) == {}


def test_what_leaves_the_device_needs_the_password_again(clinician, tmp_path):
    sections = {"webhook": WEBHOOK, "patient": {"events_patient": "1"}}
    mqtt = {"mqtt_on": "1", "mqtt_host": "192.0.2.7", "mqtt_port": "8883", "mqtt_tls": "1", "mqtt_base": "x"}
    sections["mqtt"] = mqtt
    for path, typed in sections.items():
        for password in ({}, {"password": ""}, {"password": "three rays"}):
            clinician.application.extensions["guard"].guesses.right("127.0.0.1")
            answer = post(clinician, path, clinician.token, **typed, **password)
            assert answer.status_code == 401 and "Wrong password." in answer.text, path
    assert settings_file.read(tmp_path) == {}
    for path, typed in sections.items():
        answer = post(clinician, path, clinician.token, **typed, password=PASSWORD)
        assert answer.status_code in (200, 303), path
    before = settings_file.read(tmp_path)
    assert post(clinician, "webhook/secret", clinician.token, password="x").status_code == 401
    assert settings_file.read(tmp_path) == before
    assert PASSWORD not in (tmp_path / settings_file.NAME).read_text()


def test_what_stays_on_the_device_needs_it_not(clinician, tmp_path):
    assert post(clinician, "keeping", clinician.token, keep_days="7", films_mb="500", keep_names="1").status_code == 303
    assert settings_file.read(tmp_path) == {"keep_days": 7, "films_mb": 500, "keep_names": True}


def test_guessing_here_counts_as_guessing_at_the_login(closed, clinician):
    told = [post(clinician, "webhook", clinician.token, **WEBHOOK, password="x") for _ in range(rate_limits.FREE + 1)]
    assert [answer.status_code for answer in told] == [401] * rate_limits.FREE + [429]
    assert int(told[-1].headers["Retry-After"]) >= 1
    login = closed.test_client()
    data = {"csrf_token": token_of(login.get("/login")), "password": PASSWORD}
    assert login.post("/login", data=data).status_code == 429


def test_a_section_or_a_sink_that_is_not_there_is_not_found(clinician):
    for path in ("password", "nothing/test", "webhook/test"):
        assert post(clinician, path, clinician.token, password=PASSWORD).status_code == 404


def test_what_is_typed_is_escaped(clinician):
    clinician.get("/settings")
    answer = post(clinician, "keeping", clinician.token, keep_days='"><script>alert(1)</script>')
    assert answer.status_code == 400 and "<script>alert" not in answer.text
    answer = post(
        clinician, "mqtt", clinician.token, mqtt_port="1", mqtt_base="x", mqtt_host="<script>alert(1)</script>"
    )
    assert answer.status_code == 400 and "<script>alert" not in answer.text


def test_secrets_are_never_shown_again(clinician):
    typed = {"webhook_on": "1", "webhook_url": "https://ward:apron-1@192.0.2.7/?token=apron-2", "password": PASSWORD}
    post(clinician, "webhook", clinician.token, **typed)
    mqtt = {
        "mqtt_host": "192.0.2.7",
        "mqtt_port": "1883",
        "mqtt_base": "x",
        "mqtt_user": "w",
        "mqtt_password": "apron-3",
    }
    post(clinician, "mqtt", clinician.token, **mqtt, password=PASSWORD)
    shown = clinician.get("/settings").text
    assert "apron" not in shown and "whsec_" not in shown
    assert "https://ward:***@192.0.2.7/?token=***" in shown
