"""Attacks on the page, of OWASP's guidance on file upload, sessions and cross-site request forgery."""

import base64
import io
import logging
import re
import struct
import sys
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from edge_app.web.access import auth, sessions
from edge_app.web.access.credentials import Credentials
from edge_app.web.app import create_app
from edge_app.web.http import rate_limits, security
from tests.support.films import draw_film, png
from tests.support.forms import token_of

PASSWORD = "three rays and a lead apron"
SCRIPT = b"<script>alert(1)</script>"
LABEL, NAME = "Zebrafink-77", "Mustermann.png"


@pytest.fixture
def closed(kept, tmp_path):
    """Return an app that asks for a password."""
    Credentials(tmp_path).set_password(PASSWORD)
    settings = replace(kept.settings, state_dir=tmp_path, open=False)
    return create_app(settings, replace(kept, settings=settings))


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bomb(side: int, rows: int = 1) -> bytes:
    """Return a small PNG file that says it is square and large, with so many rows of zeros in it."""
    body = zlib.compressobj(9)
    data = b"".join(body.compress(bytes(side + 1)) for _ in range(rows)) + body.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def zipped() -> bytes:
    """Return 20 MB of zeros in some kB."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("film.png", bytes(20_000_000))
    return content.getvalue()


def classify(client, content: bytes, name="film.png", **headers):
    """Send a film to the API as a form."""
    data = {"film": (io.BytesIO(content), name)}
    headers |= {"X-CSRF-Token": client.token} if hasattr(client, "token") else {}
    return client.post("/api/v1/classify", data=data, content_type="multipart/form-data", headers=headers)


@pytest.mark.parametrize("name", ["", '; name=""', '; name="x\x00y"', "; name*=utf-8''%ff", '; name="film"'])
def test_a_form_with_a_field_that_has_no_name_is_refused(browser, name):
    part = b"\r\n".join([b"--line", b"Content-Disposition: form-data" + name.encode(), b"", b"{}", b"--line--", b""])
    kind = "multipart/form-data; boundary=line"
    answer = browser.post("/api/v1/classify", data=part, content_type=kind, headers={"X-CSRF-Token": browser.token})
    assert answer.status_code == 400
    assert answer.get_json()["error"]["sentence"]


NOT_FILMS = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>",
    "html": b"<html>" + SCRIPT,
    "php": b"<?php system('id'); ?>",
    "zip bomb": zipped(),
    "a picture of 10^9 pixels": bomb(31_623),
    "a film cut off": png()[:1000],
    "gif": base64.b64decode("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="),
    "a png with nothing in it": b"\x89PNG\r\n\x1a\n",
}


@pytest.mark.parametrize("content", NOT_FILMS.values(), ids=NOT_FILMS)
def test_what_is_no_film_is_refused_and_not_kept(browser, kept, content):
    before = kept.reading_store.count()
    answer = classify(browser, content)
    assert answer.status_code == 422
    assert answer.json["error"]["sentence"]
    assert kept.reading_store.count() == before
    assert classify(browser, png()).status_code == 200  # and the next one is read


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/film.png", "..\\..\\film.png", "/etc/passwd", "film.png.exe", "\0.png"]
)
def test_a_name_leads_nowhere(browser, kept, name):
    folder = Path(kept.settings.state_dir)
    answer = classify(browser, png(seed=7), name)
    assert answer.status_code == 200
    assert "path" not in answer.json
    files = {path.name for path in folder.rglob("*")}
    assert files <= {"results.sqlite", "results.sqlite-wal", "results.sqlite-shm"}
    assert not any(b"passwd" in path.read_bytes() or b"cron.d" in path.read_bytes() for path in folder.iterdir())


def test_a_polyglot_is_never_served_back(browser, kept):
    content = png(seed=11) + SCRIPT
    answer = classify(browser, content, "film.html")
    assert answer.status_code == 200
    for name in ("film.jpg", "heat.png", "lungs.png", "sheet.png"):
        picture = browser.get(f"{answer.json['url']}/{name}")
        if picture.status_code == 200:
            assert picture.mimetype in ("image/jpeg", "image/png")
            assert picture.headers["X-Content-Type-Options"] == "nosniff"
            assert SCRIPT not in picture.data
            assert picture.data != content
    assert not any(SCRIPT in path.read_bytes() for path in Path(kept.settings.state_dir).iterdir())


def test_what_a_camera_wrote_into_a_file_is_dropped(browser, kept):
    content, exif = io.BytesIO(), Image.Exif()
    exif[0x010E], exif[0x8825] = "Mustermann of Musterstadt", {1: "N", 2: (52.0, 31.0, 12.0)}
    Image.fromarray(draw_film(13, 240, 200)).save(content, "JPEG", exif=exif)
    assert b"Musterstadt" in content.getvalue()
    answer = classify(browser, content.getvalue())
    assert answer.status_code == 200
    assert b"Musterstadt" not in browser.get(f"{answer.json['url']}/film.jpg").data
    assert not any(b"Musterstadt" in path.read_bytes() for path in Path(kept.settings.state_dir).iterdir())


def test_a_script_in_a_label_is_text(browser, kept):
    data = {"film": (io.BytesIO(png(seed=17)), "<img src=x onerror=alert(1)>.png"), "label": SCRIPT.decode()}
    answer = browser.post("/readings", data=data | {"csrf_token": browser.token}, content_type="multipart/form-data")
    for page in (answer.location, "/history"):
        assert SCRIPT not in browser.get(page).data
    assert b"onerror=alert" not in browser.get("/history").data


def test_nothing_of_a_patient_is_logged(browser, capfd, caplog):
    with caplog.at_level(logging.DEBUG):
        for content in (png(seed=19), b"junk", zipped()):
            data = {"film": (io.BytesIO(content), NAME), "label": LABEL, "csrf_token": browser.token}
            browser.post("/readings", data=data, content_type="multipart/form-data")
        browser.get(f"/history?q={LABEL}")
        browser.get(f"/nowhere/{LABEL}")
    said = "".join((*capfd.readouterr(), caplog.text))
    assert LABEL not in said
    assert NAME not in said


FORGED = {
    "no token": ({}, {}),
    "a wrong one": ({"csrf_token": "A" * 32}, {}),
    "of elsewhere": ({"csrf_token": None}, {"Origin": "http://evil.example"}),
    "of nowhere": ({"csrf_token": None}, {"Origin": "null"}),
    "as the browser says": ({"csrf_token": None}, {"Sec-Fetch-Site": "cross-site"}),
    "of a neighbour": ({"csrf_token": None}, {"Sec-Fetch-Site": "same-site"}),
}


@pytest.mark.parametrize(("data", "headers"), FORGED.values(), ids=FORGED)
def test_a_form_of_another_site_changes_nothing(browser, kept, data, headers):
    classify(browser, png(seed=23))
    data = {name: value or browser.token for name, value in data.items()} | {"sure": "1"}
    before = kept.reading_store.count()
    assert browser.post("/privacy/erase", data=data, headers=headers).status_code == 403
    assert kept.reading_store.count() == before > 0
    assert browser.post("/privacy/erase", data={"csrf_token": browser.token, "sure": "1"}).status_code == 200
    assert kept.reading_store.count() == 0


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_the_interface_is_closed_to_pages_of_elsewhere(browser, headers):
    program = browser.application.test_client()
    assert classify(program, b"junk").status_code == 422
    assert classify(program, b"junk", **headers).status_code == 403
    assert classify(browser, b"junk", **headers).status_code == 403
    del browser.token  # a cookie, but not what only our own page knows
    assert classify(browser, b"junk").status_code == 403


def test_nobody_frames_the_page_and_no_script_in_it_runs(browser):
    answers = [browser.get(path) for path in ("/", "/history", "/status", "/nowhere", "/api/v1/results", "/health")]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers
        assert set(security.HEADERS) <= set(answer.headers.keys())
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|<style|\bstyle=", answer.text)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "[", "127.0.0.1.evil.example", "evil.example:80"]
)
def test_the_page_heeds_its_own_names_alone(browser, host):
    answer = browser.get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert host not in answer.text
    for own in ("localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST."):
        assert browser.get("/", headers={"Host": own}).status_code == 200


def test_links_do_not_follow_a_forwarded_host(browser):
    answer = browser.get("/", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert "evil.example" not in answer.text


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


def test_too_many_films_of_one_address_have_to_wait(browser, monkeypatch):
    app = browser.application
    app.extensions["guard"].uploads = rate_limits.Bucket(2, 0.001)
    told = [classify(browser, b"junk") for _ in range(3)]
    assert [answer.status_code for answer in told] == [422, 422, 429]
    assert int(told[-1].headers["Retry-After"]) >= 1
    assert classify(browser, b"junk", **{"X-Forwarded-For": "192.0.2.8"}).status_code == 429
