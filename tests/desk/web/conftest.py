"""The browser that the tests of the page share."""

import pytest

from tests.support.browser import CHROMIUM, FLAGS, need_browser


@pytest.fixture(scope="module")
def chromium():
    """Return a browser."""
    need_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()
