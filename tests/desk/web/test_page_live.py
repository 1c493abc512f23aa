"""The live page in a browser: a network camera shows a film on a light box, the shutter is pressed, a reading comes."""

import pytest
from playwright.sync_api import expect

from tests.support.browsed import WAIT
from tests.support.browser import CHROMIUM, FLAGS, need_browser
from tests.support.light_box import FILM
from tests.support.page_camera import Camera, page_with_camera, shows

# A machine that is busy sees too few pictures in the three seconds that who pressed is given, and refuses the film.
TRIES = 10


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Return the program with a camera, and a small model that was shown photographs."""
    need_browser()
    with page_with_camera(tmp_path_factory.mktemp("live")) as served:
        yield served


@pytest.fixture(scope="module")
def page(program):
    """Return a browser's page at the live page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(base_url=program.address, viewport={"width": 360, "height": 800}, locale="en-GB")
        page.set_default_timeout(WAIT)
        page.goto("/live")
        expect(page.locator("#last")).to_have_text("none yet")
        yield page
        browser.close()


def test_what_the_camera_sees_is_shown_with_advice(page):
    shows(None)
    page.goto("/")
    page.get_by_role("link", name="Live").click()
    page.get_by_text("No film in view").wait_for()
    before = page.locator("#view").get_attribute("src")
    page.wait_for_function("before => document.getElementById('view').getAttribute('src') !== before", arg=before)
    page.wait_for_function("() => document.getElementById('view').naturalWidth === 640")
    shows(FILM)
    page.get_by_text("Seen well: press the button.").wait_for()


def test_the_shutter_makes_a_reading_under_its_label(page):
    shows(FILM)
    for _ in range(TRIES):
        page.goto("/live")
        page.get_by_text("Seen well: press the button.").wait_for()
        last = page.locator("#last").inner_html()
        page.get_by_label("Patient label").fill("LIVE-1")
        page.get_by_role("button", name="Assess this film").click()
        page.wait_for_function("last => document.getElementById('last').innerHTML !== last", arg=last)
        page.locator("#last a").click()
        page.wait_for_url("**/readings/*")
        if page.locator("h1").inner_text() != "Refused: no verdict":
            break
    assert "LIVE-1" in page.locator(".about").inner_text()
    expect(page.get_by_text("Read from photographs of the film")).to_be_visible()
    expect(page.get_by_text("The scores are medians of 5 pictures.")).to_be_visible()
    page.goto("/live")
    assert page.get_by_label("Patient label").input_value() == ""


def test_a_picture_without_a_film_is_refused_with_what_to_do(page):
    shows(None)
    page.goto("/live")
    page.get_by_text("No film in view").wait_for()
    last = page.locator("#last").inner_html()
    page.keyboard.press("Space")
    page.wait_for_function("last => document.getElementById('last').innerHTML !== last", arg=last)
    page.locator("#last a").click()
    expect(page.locator("h1")).to_have_text("Refused: no verdict")
    expect(page.get_by_text("no film in view")).to_be_visible()


def test_a_kiosk_judges_by_the_space_bar_and_keeps_the_reading(page):
    shows(FILM)
    page.goto("/live?kiosk=1")
    page.get_by_text("Seen well: press the button.").wait_for()
    page.keyboard.press("Space")
    page.locator("#judged").wait_for(state="visible")
    title = page.locator("#judged-title").inner_text()
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.get_by_role("link", name="Leave the full screen").click()
    page.locator("#last a").click()
    expect(page.locator("h1")).to_have_text(title)
    expect(page.get_by_text("Read from photographs of the film")).to_be_visible()


def test_a_photograph_is_taken_with_the_phone(page):
    shows(FILM)
    page.goto("/")
    assert page.get_by_label("Photograph a film").get_attribute("capture") == "environment"
    film = {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": Camera.picture}
    page.get_by_label("Photograph a film").set_input_files(film)
    page.wait_for_url("**/readings/*")
    expect(page.get_by_text("Read from photographs of the film")).to_be_visible()
