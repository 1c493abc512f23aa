"""The browser that the tests of the page share, the program that it looks at, and a real film."""

import json
import subprocess
import sys

import pytest

from edge_app.sources import sample
from tests.support.browsed import Watched
from tests.support.browser import CHROMIUM, FLAGS, ROOT, Served, need_browser
from tests.support.viewed import Viewed, write_deep


@pytest.fixture(scope="module")
def chromium():
    """Return a browser."""
    need_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """Return the program with the released model, listening on this machine alone."""
    need_browser()
    program = Served(tmp_path_factory.mktemp("state"))
    yield program
    program.close()


@pytest.fixture
def watched(chromium, served):
    """Return a page at the program; at its end nothing may have been asked for elsewhere or complained of."""
    one = Watched(chromium, served.address, locale="en-GB")
    yield one
    one.context.close()
    assert [url for url in one.asked if not url.startswith((served.address + "/", "blob:"))] == []
    assert one.complaints == []


@pytest.fixture(scope="session")
def real():
    """Return (name, bytes) of a real chest film, a DICOM file."""
    return ("ward 3 MEIER.dcm", sample.path().read_bytes())


@pytest.fixture(scope="session")
def said(tmp_path_factory):
    """Return the row that `classify` says of that film."""
    command = [sys.executable, "-m", "edge_app", "classify", "--json", str(sample.path())]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="session")
def deep(tmp_path_factory):
    """Return (name, bytes) of a 12-bit DICOM film with a faint opacity, a white square and 0.2 mm between pixels."""
    return "deep.dcm", write_deep(tmp_path_factory.mktemp("film") / "deep.dcm").read_bytes()


@pytest.fixture
def opened(watched, deep):
    """Return that film in the viewer."""
    watched.read(deep)
    return Viewed(watched.page)
