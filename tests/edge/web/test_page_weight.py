"""Every page is light with all that it links, and shows itself before any script has run."""

import re
from dataclasses import replace

import numpy as np
import pytest

from edge_app.gate import refusal
from edge_app.screening import decision
from edge_app.web.app import create_app
from edge_app.web.readings import layers
from tests.support import page_paths, results
from tests.support.films import draw_film
from tests.support.html_tags import Tags

# Bytes of a page with all that it links, at a first visit; the film itself, which a viewer shows as large as it is, is
# not counted. A phone gets that in 2 s over 1 Mbit/s.
MOST = 250_000


@pytest.fixture(scope="module")
def pages(kept):
    """Return each page of HTML by its address, with readings of every kind that are kept, and a client."""
    app = create_app(kept.settings, kept)
    client = app.test_client()
    noise = np.random.default_rng(7).integers(0, 256, (760, 760), np.uint8)
    heat = np.full((10, 10), 5, np.float32)
    found = results.inference(heat=heat, chances=True)
    kept.reading_store.erase()
    judged = results.judged("", "1" * 64, decision.COVID, found)
    refused = results.refused("", "2" * 64, refusal.DARK, "It is too dark.")
    readings = [
        kept.reading_store.keep(replace(judged, grey=noise), kept.context, "label"),
        kept.reading_store.keep(replace(refused, grey=draw_film(1, 760, 700)), kept.context, "label"),
    ]
    kept_paths = [path for reading in readings for path in page_paths.paths(app, id=reading.id)]
    kept_paths += [f"/compare?a={readings[0].id}&b={readings[1].id}", "/nowhere", "/?lang=es"]
    shown = {}
    for path in dict.fromkeys(kept_paths):
        answer = client.get(path)
        if answer.mimetype == "text/html" and answer.status_code in (200, 404):
            shown[path] = answer.text
    closed = create_app(replace(kept.settings, open=False), kept).test_client()
    shown["/login"] = closed.get("/login").text
    return shown, client


def _of(html: str, tag: str) -> list[dict]:
    """Return the attributes of each element of a kind."""
    found = re.findall(rf"<{tag}\b([^>]*)>", html)
    return [Tags(f"<meta {attributes.rstrip('/')}>").found[0][1] for attributes in found]


def _sent(client, path) -> int:
    """Return the bytes of a static file as a browser gets it."""
    with client.get(f"/static/{path.as_posix()}", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200, path
        return len(answer.data)


def test_the_pages_are_met(pages):
    shown, _ = pages
    assert {"/", "/history", "/status", "/privacy", "/nowhere", "/login"} <= set(shown)
    assert sum("/readings/" in path for path in shown) == 2


def test_every_page_with_all_that_it_links_is_light(pages):
    shown, client = pages
    weights = {}
    for path, html in shown.items():
        pictures = {one["src"] for one in _of(html, "img") if not one.get("src", layers.FILM).endswith(layers.FILM)}
        files = sum(_sent(client, part.relative_to(page_paths.STATIC)) for part in page_paths.parts(html))
        weights[path] = len(html.encode()) + files + sum(len(client.get(one).data) for one in pictures)
    assert {path: weight for path, weight in weights.items() if weight > MOST} == {}
    assert min(weights.values()) > 5_000, "style sheets are counted"


def test_no_script_keeps_a_page_from_being_painted(pages):
    for path, html in pages[0].items():
        for script in _of(html, "script"):
            assert "defer" in script or "async" in script or script.get("type") == "module", path
            assert script.get("src", "").startswith("/static/"), path


def test_only_style_sheets_of_the_page_itself_are_waited_for(pages):
    for path, html in pages[0].items():
        waited = [one["href"] for one in _of(html, "link") if "stylesheet" in one.get("rel", "")]
        assert waited, path
        for sheet in waited:
            assert sheet.startswith("/static/"), path
            css = (page_paths.STATIC / sheet.removeprefix("/static/")).read_text(encoding="utf-8")
            assert not re.search(r"@import|@font-face|https?://(?!www\.w3\.org)", css), sheet


def test_no_page_hides_its_text_until_a_script_shows_it(pages):
    for path, html in pages[0].items():
        body = html.partition("<body")[2]
        assert not re.match(r"[^>]*\b(hidden|inert)\b", body), path
        main = re.search(r"<main\b([^>]*)>", html)
        assert main and "hidden" not in main[1], path
