"""What holds on every page in a real browser: its language, its weight, nothing inside it that runs; the self-test."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browsed import Watched
from tests.support.receiver import until

# Library included, without the picture that the viewer shows at full depth.
MOST_BYTES = 250_000


@pytest.mark.parametrize(
    ("name", "code", "headline"),
    [("Español", "es", "Enviar una placa de tórax"), ("Français", "fr", "Envoyer un cliché thoracique")],
)
def test_a_language_is_chosen_and_remembered(watched, real, name, code, headline):
    page = watched.page
    page.goto("/")
    page.get_by_role("button", name=name).click()
    expect(page.locator("h1")).to_have_text(headline)
    assert page.locator("html").get_attribute("lang") == code
    page.goto("/history")
    assert page.locator("html").get_attribute("lang") == code


def test_a_browser_gets_the_language_that_it_asks_for(chromium, served):
    for asked, code in (("es-MX", "es"), ("fr-SN", "fr"), ("de-DE", "en")):
        one = Watched(chromium, served.address, locale=asked)
        one.page.goto("/")
        assert one.page.locator("html").get_attribute("lang") == code
        one.context.close()


def test_the_self_test_is_run_from_the_status_page(watched):
    page = watched.page
    page.goto("/status")
    expect(page.locator("#self-test table")).to_have_count(0)
    page.get_by_role("button", name="Run the self-test").click()
    golden = page.locator("#self-test tr", has_text="Reference film")
    assert golden.get_attribute("data-state") == "ok"
    assert page.locator("tr", has_text="Disk").first.get_attribute("data-state") in ("ok", "warning")


def test_every_page_is_light(watched, real):
    reading = watched.read(real, "light")
    # Until the film is kept the viewer asks for it so often that the network is never idle.
    until(lambda: watched.context.request.get(f"{reading}/film.json").status == 200)
    for path in ("/", "/tour", "/history", "/status", "/privacy", reading):
        fresh = Watched(watched.context.browser, watched.page.url.split("/readings")[0], locale="en-GB")
        fresh.page.goto(path, wait_until="networkidle")
        assert 1_000 < fresh.weight < MOST_BYTES, path
        fresh.context.close()


def test_no_page_has_a_script_or_a_style_inside_it(watched, real):
    for path in ("/", "/tour", "/history", "/status", "/privacy", watched.read(real)):
        html = watched.context.request.get(path).text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", html), path
