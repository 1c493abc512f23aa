"""Attacks on a page with a password, of OWASP's guidance on sessions: who comes in, and for how long."""

import re
import sys
from dataclasses import replace

import pytest

from edge_app.web.access import auth, sessions
from edge_app.web.access.credentials import Credentials
from edge_app.web.app import create_app
from edge_app.web.http import rate_limits, security
from tests.support.films import png
from tests.support.forms import classify, token_of

PASSWORD = "three rays and a lead apron"


@pytest.fixture
def closed(kept, tmp_path):
    """Return an app that asks for a password."""
    Credentials(tmp_path).set_password(PASSWORD)
    settings = replace(kept.settings, state_dir=tmp_path, open=False)
    return create_app(settings, replace(kept, settings=settings))


def test_a_session_is_renewed_at_login(closed):
    browser = closed.test_client()
    token = token_of(browser.get("/login"))
    planted = browser.get_cookie(sessions.COOKIE).value
    answer = browser.post("/login", data={"csrf_token": token, "password": PASSWORD})
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert browser.get_cookie(sessions.COOKIE).value != planted
    assert browser.get("/history").status_code == 200
    thief = closed.test_client()
    thief.set_cookie(sessions.COOKIE, planted)
    assert thief.get("/history").status_code == 303


def test_a_name_of_a_session_that_was_made_up_is_not_taken(closed):
    browser = closed.test_client()
    browser.set_cookie(sessions.COOKIE, "chosen-by-somebody-else")
    browser.get("/login")
    assert browser.get_cookie(sessions.COOKIE).value != "chosen-by-somebody-else"


def test_a_session_ends_at_logout(closed):
    browser = closed.test_client()
    browser.post("/login", data={"csrf_token": token_of(browser.get("/login")), "password": PASSWORD})
    stolen = browser.get_cookie(sessions.COOKIE).value
    assert browser.post("/logout", data={"csrf_token": token_of(browser.get("/history"))}).status_code == 303
    browser.set_cookie(sessions.COOKIE, stolen)
    assert browser.get("/history").status_code == 303


def test_a_cookie_travels_under_tls_alone_if_it_was_given_there(closed):
    answer = closed.test_client().get("/login", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == security.STRICT


def test_guessing_takes_longer_and_longer(closed):
    browser = closed.test_client()
    token, told = token_of(browser.get("/login")), []
    for _ in range(rate_limits.FREE + 1):
        told.append(browser.post("/login", data={"csrf_token": token, "password": "wrong"}))
    assert [answer.status_code for answer in told] == [401] * rate_limits.FREE + [429]
    assert int(told[-1].headers["Retry-After"]) >= 1
    # Not even the right one is looked at meanwhile, from this address; another one's is.
    assert browser.post("/login", data={"csrf_token": token, "password": PASSWORD}).status_code == 429
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    answer = browser.post("/login", data={"csrf_token": token, "password": PASSWORD}, environ_base=elsewhere)
    assert answer.status_code == 303


@pytest.mark.parametrize("then", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"])
def test_a_login_leads_to_no_other_site(closed, then):
    browser = closed.test_client()
    data = {"csrf_token": token_of(browser.get("/login")), "password": PASSWORD, "next": then}
    assert browser.post("/login", data=data).location == "/"


def test_everything_is_closed_without_a_password(closed, browser):
    stranger = closed.test_client()
    for rule in closed.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            status = stranger.open(path, method=method).status_code
            if rule.endpoint in auth.OPEN:
                assert status in (200, 303, 403, 404), rule
            else:
                assert status in (303, 401), rule
                assert (status == 401) == (method != "GET" or path.startswith("/api/") or path == "/metrics"), rule


def test_a_token_of_a_device_opens_the_interface_alone(closed, tmp_path):
    token = Credentials(tmp_path).new_token("ward-3")
    device, said = closed.test_client(), {"Authorization": f"Bearer {token}"}
    assert device.get("/api/v1/results", headers=said).status_code == 200
    assert device.get("/metrics", headers=said).status_code == 200
    for path in ("/", "/history", "/history.csv"):
        assert device.get(path, headers=said).status_code == 403
    assert device.post("/privacy/erase", data={"sure": "1"}, headers=said).status_code == 403
    assert device.get("/api/v1/results", headers={"Authorization": f"Bearer {token}x"}).status_code == 401
    Credentials(tmp_path).forget_token("ward-3")
    assert device.get("/api/v1/results", headers=said).status_code == 401


def test_a_damaged_file_of_tokens_is_said_to_be(closed, tmp_path):
    (tmp_path / "tokens.json").write_text("{")
    answer = closed.test_client().get("/api/v1/results", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 503
    assert "is damaged" in answer.json["error"]["sentence"]


def test_a_stranger_sends_nothing_large(closed):
    stranger = closed.test_client()
    token = token_of(stranger.get("/login"))
    data = {"csrf_token": token, "password": "x" * 2 * auth.MOST_WITHOUT_LOGIN}
    assert stranger.post("/login", data=data).status_code == 413
    assert classify(stranger, png()).status_code == 401


def test_the_password_is_kept_as_a_hash(closed, tmp_path):
    held = (tmp_path / "password").read_text()
    assert held.startswith("scrypt:32768:8:1$")
    assert PASSWORD not in held
    if sys.platform == "linux":
        assert (tmp_path / "password").stat().st_mode & 0o077 == 0
