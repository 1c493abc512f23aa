"""Attacks on the page by what is sent to it, of OWASP's guidance on file upload and cross-site request forgery."""

import base64
import io
import logging
import re
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from edge_app.web.http import rate_limits, security
from tests.support.films import draw_film, png
from tests.support.forms import classify

SCRIPT = b"<script>alert(1)</script>"
LABEL, NAME = "Zebrafink-77", "Mustermann.png"


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
    assert "/" not in answer.json["name"] and "\\" not in answer.json["name"] and answer.json["name"].isprintable()
    kept_bytes = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not any(part in kept_bytes for part in (b"/passwd", b"cron.d", b"..\\film", b"../"))


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
    page = browser.get("/history").data
    assert b"<img src=x" not in page and b"&lt;img src=x onerror=alert(1)&gt;.png" in page


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
def test_the_page_answers_to_its_own_names_alone(browser, host):
    answer = browser.get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert host not in answer.text
    for own in ("localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST."):
        assert browser.get("/", headers={"Host": own}).status_code == 200


def test_links_do_not_follow_a_forwarded_host(browser):
    answer = browser.get("/", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    assert "evil.example" not in answer.text


def test_too_many_films_of_one_address_have_to_wait(browser, monkeypatch):
    app = browser.application
    app.extensions["guard"].uploads = rate_limits.Bucket(2, 0.001)
    told = [classify(browser, b"junk") for _ in range(3)]
    assert [answer.status_code for answer in told] == [422, 422, 429]
    assert int(told[-1].headers["Retry-After"]) >= 1
    assert classify(browser, b"junk", **{"X-Forwarded-For": "192.0.2.8"}).status_code == 429
