"""The report's button and the header's facts on a reading's page, in a browser."""

import pytest
from playwright.sync_api import expect

from tests.support import poppler
from tests.support.browsed import Watched

LOOKS = [
    ({"width": 360, "height": 740}, "light", True),
    ({"width": 360, "height": 740}, "dark", True),
    ({"width": 1280, "height": 800}, "light", False),
    ({"width": 1280, "height": 800}, "dark", False),
]


@pytest.fixture(scope="module")
def address(chromium, served, real):
    """Return the address of the reading of a real film."""
    one = Watched(chromium, served.address, locale="en-GB")
    found = one.read(real, "Ward 3, bed 2")
    one.context.close()
    return found


@pytest.mark.parametrize(("viewport", "scheme", "touch"), LOOKS)
def test_it_is_downloaded_by_touch_and_by_keyboard_alone(chromium, served, address, viewport, scheme, touch):
    look = {"viewport": viewport, "color_scheme": scheme, "has_touch": touch, "locale": "en-GB"}
    one = Watched(chromium, served.address, **look)
    one.page.goto(address)
    button = one.page.get_by_role("link", name="Report (PDF)")
    assert button.bounding_box()["height"] >= 44
    with one.page.expect_download() as waited:
        if touch:
            button.tap()
        else:
            button.focus()
            one.page.keyboard.press("Enter")
    assert waited.value.suggested_filename.endswith(".pdf")
    assert waited.value.path().read_bytes().startswith(b"%PDF-")
    assert one.complaints == []
    one.context.close()


@pytest.mark.parametrize(("viewport", "scheme", "touch"), LOOKS)
def test_the_facts_are_read_beside_the_film(chromium, served, address, viewport, scheme, touch):
    from axe_playwright_python.sync_playwright import Axe

    one = Watched(chromium, served.address, viewport=viewport, color_scheme=scheme, has_touch=touch, locale="en-GB")
    one.page.goto(address)
    facts = one.page.locator("dl.about")
    for words in ("Aug 26, 2004", "PA (from behind)", "60 to 69 years", "Philips Medical Systems"):
        expect(facts).to_contain_text(words)
    assert one.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert Axe().run(one.page).response["violations"] == []
    one.context.close()


@poppler.needed
def test_the_downloaded_report_is_that_of_the_reading(watched, address):
    watched.page.goto(address)
    title = watched.page.locator("h1").inner_text()
    with watched.page.expect_download() as waited:
        watched.page.get_by_role("link", name="Report (PDF)").click()
    pdf = waited.value.path().read_bytes()
    said = poppler.text(pdf)
    assert title in said and "Ward 3, bed 2" in said and "Aug 26, 2004" in said
    assert poppler.info(pdf)["Title"].startswith(title)
