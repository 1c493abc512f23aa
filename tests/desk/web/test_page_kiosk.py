"""The live page as a kiosk: it fills the screen, freezes with the verdict over it, says what comes next; all verdicts.

The page is that of the command `camera`, which shares its template with `serve`; the results are made up, since no
single film is of every verdict.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from edge_app.camera.capture.camera import LIVE, Status
from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect import advice, film_view
from edge_app.camera.loop.loop import Moment
from edge_app.gate import refusal
from edge_app.model import model_file
from edge_app.screening import decision, finding, run_context
from edge_app.screening.result import Failed
from edge_app.web.camera_page import CameraPage
from tests.support import results
from tests.support.browsed import WAIT
from tests.support.golden import GOLDEN
from tests.support.light_box import FILM, box

# The touch screen of a Pi, a desk, a phone.
SIZES = ((800, 480), (1280, 800), (360, 740))
FRAME = Frame(box(FILM), 0, 0.0)
VIEW = film_view.look(FRAME.pixels)
BARE = Frame(box(None), 0, 0.0)


def _results() -> dict:
    """Return a result by what it is an example of."""
    judged = {
        verdict: results.judged(Path("film"), f"{number:064d}", verdict, grey=FILM)
        for number, verdict in enumerate(results.ANSWERS)
    }
    both = {"covid": finding.UNSURE, "pneumonia": finding.SUSPECTED}
    return judged | {
        "both": results.judged(Path("film"), "b" * 64, decision.UNSURE, grey=FILM, **both),
        "refused": results.refused(Path("film"), "c" * 64, refusal.PHOTOGRAPH, grey=FILM),
        "unlike": results.refused(Path("film"), "d" * 64, refusal.UNLIKE, grey=FILM),
        "failed": Failed(Path("film"), "a film: failed inside this program; report it."),
    }


class Kiosk:
    """A page of the camera, and what is before it.

    Attributes:
        address: of the page.
        pressed: how often the shutter was pressed.
    """

    def __init__(self, shown: CameraPage):
        """Begin with nothing in view."""
        self._shown, self.address, self.pressed = shown, shown.address, 0
        self.sees(advice.NO_FILM)

    def sees(self, kind: str, result=None) -> None:
        """Show a moment at which this is advised, and perhaps a result."""
        bare = kind == advice.NO_FILM
        result = result and replace(result, time=datetime.now(UTC))
        moment = Moment(Status(LIVE), BARE if bare else FRAME, None if bare else VIEW, (advice.plain(kind),), 0, result)
        self._shown.show(moment if not bare else Moment(Status(LIVE), BARE, film_view.look(BARE.pixels), moment.advice))

    def press(self) -> None:
        """Judge the film, as a press of the shutter does."""
        self.pressed += 1
        self.sees(advice.DONE, _results()[decision.PNEUMONIA])


@pytest.fixture
def kiosk():
    """Return the page of a camera with the small model."""
    model = model_file.read(GOLDEN / "tiny-int8.tflite")
    page = CameraPage(run_context.of(model, "refer"), lambda: found.press(), 0)
    found = Kiosk(page)
    yield found
    page.close()


def _open(chromium, kiosk, size, **look):
    context = chromium.new_context(
        base_url=kiosk.address, viewport=dict(zip(("width", "height"), size, strict=True)), locale="en-GB", **look
    )
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.goto("/?kiosk=1")
    page.get_by_text("No film in view").wait_for()
    return page


def _cut(page) -> list[str]:
    """Return what does not fit into the window, or into the box of the verdict."""
    return page.evaluate(
        """() => [document.documentElement, document.getElementById('judged')].filter(one => !one.hidden
             && (one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth))
           .map(one => [one.tagName, one.scrollWidth, one.scrollHeight, one.clientWidth, one.clientHeight].join(' '))"""
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_verdict_fills_the_screen_with_both_answers_and_what_to_do(chromium, kiosk, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page, wrong = _open(chromium, kiosk, size, color_scheme=scheme), []
    for name, result in _results().items():
        kiosk.sees(advice.DONE, result)
        judged = page.locator("#judged")
        judged.wait_for(state="visible")
        wrong += [f"{name}: {one}" for one in _cut(page)]
        wrong += [f"{name}: {one['id']}: {one['nodes'][0]['html']}" for one in Axe().run(page).response["violations"]]
        expect(judged.get_by_role("listitem")).to_have_count(0 if name in ("refused", "unlike", "failed") else 2)
        assert len(page.locator("#judged-do").inner_text()) > 10
        title = page.locator("#judged-title")
        assert title.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 0.08 * min(size)
        button = page.get_by_role("button", name="Next film").bounding_box()
        assert button["y"] + button["height"] <= size[1] and button["height"] >= 60
        page.get_by_role("button", name="Next film").click()
        judged.wait_for(state="hidden")
    page.context.close()
    assert wrong == []


@pytest.mark.parametrize("code", ["es", "fr"])
@pytest.mark.parametrize("size", SIZES)
def test_no_language_is_cut(chromium, kiosk, size, code):
    page, wrong = _open(chromium, kiosk, size), []
    page.context.set_extra_http_headers({"Accept-Language": code})
    page.reload()
    for name, result in _results().items():
        kiosk.sees(advice.DONE, result)
        page.locator("#judged").wait_for(state="visible")
        wrong += [f"{name}: {one}" for one in _cut(page)]
        page.locator("#press").click()
        page.locator("#judged").wait_for(state="hidden")
    page.context.close()
    assert wrong == []


def test_by_keyboard_the_film_is_judged_and_the_picture_freezes_until_the_next_film(chromium, kiosk):
    page = _open(chromium, kiosk, SIZES[0])
    kiosk.sees(advice.PRESS)
    page.get_by_text("Seen well: press the button.").wait_for()
    page.keyboard.press("Space")
    expect(page.locator("#judged-title")).to_have_text("Other pneumonia suspected")
    assert kiosk.pressed == 1
    expect(page.locator("#judged-next")).to_have_text("Take the film away and put up the next one.")
    frozen = page.locator("#view").get_attribute("src")
    kiosk.sees(advice.NO_FILM)
    expect(page.locator("#judged-next")).to_have_text("Put up the next film, then press the button.")
    assert page.locator("#view").get_attribute("src") == frozen
    kiosk.sees(advice.PRESS)
    expect(page.locator("#judged")).to_be_hidden()  # it is another film: its verdict is not the old one's
    page.get_by_text("Seen well: press the button.").wait_for()
    assert page.locator("#view").get_attribute("src") != frozen
    page.keyboard.press("Space")
    page.locator("#judged").wait_for(state="visible")
    page.keyboard.press("Space")  # nothing is judged while the film that was judged is still there
    expect(page.locator("#judged")).to_be_hidden()
    assert kiosk.pressed == 2
    page.context.close()


def test_by_touch(chromium, kiosk):
    page = _open(chromium, kiosk, SIZES[2], has_touch=True, is_mobile=True)
    kiosk.sees(advice.PRESS)
    page.get_by_role("button", name="Assess this film").tap()
    page.locator("#judged").wait_for(state="visible")
    kiosk.sees(advice.PRESS)  # the next film was put at once
    page.wait_for_function("() => document.getElementById('advice').innerText.includes('press the button')")
    page.locator("#press").tap()
    deadline = time.monotonic() + 60
    while kiosk.pressed < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert kiosk.pressed == 2  # it is judged by one press
    page.context.close()


def test_a_button_fills_the_screen_and_leaves_it(chromium, kiosk):
    page = _open(chromium, kiosk, SIZES[1])
    page.get_by_role("link", name="Leave the full screen").click()
    expect(page.get_by_role("banner").get_by_text("Chest X-ray screening")).to_be_visible()
    kiosk.sees(advice.DONE, _results()["both"])
    page.get_by_text("Refer to a radiologist. Take the film away and put up the next one.").wait_for()
    expect(page.locator("#judged")).to_be_hidden()  # it lies over the picture of a kiosk only
    page.get_by_role("button", name="Fill the screen").click()
    expect(page.get_by_role("banner").get_by_text("Chest X-ray screening")).to_be_hidden()
    expect(page.get_by_role("button", name="Assess this film")).to_be_focused()
    assert _cut(page) == []
    page.get_by_role("button", name="Leave the full screen").click()
    expect(page.get_by_role("banner").get_by_text("Chest X-ray screening")).to_be_visible()
    expect(page.get_by_role("button", name="Fill the screen")).to_be_focused()
    page.context.close()


def test_a_verdict_from_before_the_page_was_opened_is_not_shown_as_new(chromium, kiosk):
    kiosk.sees(advice.DONE, _results()[decision.COVID])
    kiosk.sees(advice.NO_FILM)
    page = _open(chromium, kiosk, SIZES[0])
    expect(page.locator("#judged")).to_be_hidden()
    expect(page.locator("#last")).to_contain_text("COVID-19 suspected")
    page.context.close()
