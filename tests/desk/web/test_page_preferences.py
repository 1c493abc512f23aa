"""The settings page in a real browser: by keyboard alone, at both sizes, light and dark, and what axe says of it."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from edge_app.web.http.settings import Settings
from tests.support.browsed import Watched
from tests.support.browser import PASSWORD, ROOT, Served
from tests.support.receiver import Receiver, until

SIZES = ((1280, 800), (360, 740))
MOST_BYTES = 250_000


@pytest.fixture(scope="module")
def page_with_password(tmp_path_factory):
    """Return a page that asks for a password, with a prevalence of the device's configuration."""
    folder = tmp_path_factory.mktemp("state")
    setting = [sys.executable, "-m", "edge_app", "serve", "--state", str(folder), "--set-password"]
    subprocess.run(setting, cwd=ROOT, input=f"{PASSWORD}\n", text=True, check=True, capture_output=True)
    program = Served(folder, "--pneumonia-prevalence", "0.1")
    yield program
    program.close()


@pytest.fixture
def clinician(chromium, page_with_password):
    """Return a browser that gave the password; at its end nothing was asked for elsewhere or complained of."""
    one = Watched(chromium, page_with_password.address, locale="en-GB", viewport={"width": 1280, "height": 800})
    one.page.goto("/settings")
    one.page.get_by_label("Password of this device").fill(PASSWORD)
    one.page.keyboard.press("Enter")
    expect(one.page.locator("h1")).to_have_text("Settings")
    yield one
    one.context.close()
    assert [url for url in one.asked if not url.startswith(page_with_password.address + "/")] == []
    assert one.complaints == []


def reach(page, name: str) -> None:
    """Press Tab until a control of this id has the focus, and see that it shows."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == name:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"{name} is not reached by Tab")


def test_a_prevalence_and_a_webhook_are_set_by_keyboard_alone(clinician):
    page, receiver = clinician.page, Receiver()
    reach(page, "prevalence")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.locator("#prevalence")).to_have_value("5")
    expect(page.locator("#pneumonia_prevalence")).to_be_disabled()
    expect(page.get_by_text("Set by the device's configuration (--pneumonia-prevalence).")).to_be_visible()
    reach(page, "webhook_on")
    page.keyboard.press("Space")
    reach(page, "webhook_url")
    page.keyboard.type(receiver.url)
    reach(page, "password-webhook")
    page.keyboard.type("three rays")
    page.keyboard.press("Enter")
    expect(page.locator("#wrong-webhook-password")).to_contain_text("Wrong password.")
    reach(page, "password-webhook")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".secret code")).to_contain_text("whsec_")
    test = page.get_by_role("button", name="Send a test event")
    test.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#webhook").get_by_role("status")).to_contain_text("The test event was delivered")
    assert receiver.events[-1]["type"] == "test"
    receiver.close()
    test.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#webhook").get_by_role("status")).to_contain_text("cannot be reached (Connection refused)")


def test_what_was_set_shows_beside_the_next_reading(clinician, real):
    page = clinician.page
    page.locator("#prevalence").fill("7")
    page.locator("#judging").get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    clinician.read(real)
    expect(page.locator("input[name=in100]")).to_have_value("7")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_for_everybody(clinician, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = clinician.page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    for wrong in (False, True):
        page.goto("/settings", wait_until="networkidle")
        if wrong:
            page.locator("#keep_days").fill("soon")
            page.locator("#keeping").get_by_role("button", name="Save").click()
            expect(page.get_by_role("alert")).to_contain_text("Nothing was saved.")
            assert page.locator("#keep_days").get_attribute("aria-describedby").startswith("hint-keep_days wrong-")
        found = Axe().run(page).response
        assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        for one in page.locator("main button:visible, main select:visible, main input:visible, main label.flag").all():
            box = one.bounding_box()
            assert box["height"] >= 43.5 or one.get_attribute("type") == "checkbox", one.evaluate("x => x.outerHTML")


def test_it_is_light_and_runs_nothing_inside_it(chromium, page_with_password, clinician):
    fresh = Watched(chromium, page_with_password.address, storage_state=clinician.context.storage_state())
    fresh.page.goto("/settings", wait_until="networkidle")
    assert 1_000 < fresh.weight < MOST_BYTES
    html = clinician.context.request.get("/settings").text()
    assert "<script" not in html and "style=" not in html and " onclick" not in html
    fresh.context.close()


def test_without_a_password_on_this_machine_none_is_asked_for(watched):
    watched.page.goto("/settings")
    expect(watched.page.locator("h1")).to_have_text("Settings")
    expect(watched.page.locator("input[name=password]")).to_have_count(0)
    until(lambda: watched.page.locator("#keep_days").input_value() == str(Settings.keep_days))
