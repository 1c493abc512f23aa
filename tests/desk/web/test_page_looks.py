"""How the pages look, for every verdict: axe-core finds nothing wrong, nothing is wider than a phone, all is light.

The readings are made up, since no single film is of every verdict; store, app and server are the real ones.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from edge_app.gate import refusal
from edge_app.gate.gate import Check
from edge_app.imaging import lung_field
from edge_app.imaging.lung_field import LungField
from edge_app.screening import decision, finding
from edge_app.screening.result import Corrected, Failed, Judged, Outcome, Refused, Shot
from tests.support import results
from tests.support.browsed import WAIT
from tests.support.browser import need_browser
from tests.support.films import draw_film
from tests.support.processes import serve_in_thread

FILM = draw_film(3, 480, 400)
CHECKS = (Check("another kind of picture", 0.01, high=0.5), Check("sharpness of the lungs", 0.02, low=0.1))
WIDTHS = (360, 1920)


def _field() -> LungField:
    mask = np.zeros((lung_field.FINE, lung_field.FINE), np.uint8)
    mask[60:200, 40:110] = mask[60:200, 150:220] = 255
    return LungField(mask, (0.2, 0.1, 0.8, 0.9), 0.3, 0.9, 2)


def _result(verdict, number, covid=0.1, pneumonia=0.05, inside=0.9, chances=False, **more) -> Judged:
    heat = np.random.default_rng(number).normal(0, 3, (6, 6)).astype(np.float32)
    scores = {"normal": 0.2, "covid": covid, "pneumonia": pneumonia}
    found = results.inference(scores, _field(), heat, inside, checks=CHECKS, chances=chances)
    time = datetime.now(UTC) - timedelta(hours=number)
    more |= {"pneumonia": finding.SUSPECTED} if pneumonia >= 0.154 else {}  # the released model's threshold
    return results.judged(Path("film"), f"{number:064d}", verdict, found, time=time, ms=120.0, grey=FILM, **more)


def _refused(kind, number, corrected=None) -> Refused:
    words, time = "what was found; what is allowed; what to do", datetime.now(UTC) - timedelta(hours=number)
    more = {"rejection": {"checks": CHECKS}, "corrected": corrected, "time": time, "grey": FILM}
    return results.refused(Path("film"), f"{number:064d}", kind, words, **more)


def _made_up() -> dict[str, tuple[Outcome, str]]:
    """Return (result, patient label) by what it is an example of."""
    scores = {"normal": 0.1, "covid": 0.9, "pneumonia": 0.2}
    spread = {"normal": (0.1, 0.3), "covid": (0.8, 0.95), "pneumonia": (0.0, 0.1)}
    shot = Shot("/dev/video0", 5, spread, {"pixels": 480.0, "glare": 0.1, "sharpness": 0.6})
    turned = Corrected("turned by 180 degrees", results.findings(), scores)
    long = "Ward 12, bed 3, Mwanawasa-Ouedraogo de la Cruz y Fernandez 0042x"
    return {
        "covid": (_result(decision.COVID, 1, covid=0.97), "P-0042"),
        "unsure": (_result(decision.UNSURE, 2, covid=0.5, pneumonia=0.9), "P-0042"),
        "pneumonia": (_result(decision.PNEUMONIA, 3, pneumonia=0.8, chances=True), long),
        "normal": (_result(decision.NORMAL, 4, inside=None), ""),
        "outside": (_result(decision.COVID, 5, covid=0.99, inside=0.2), "P-0043"),
        "camera": (_result(decision.COVID, 6, covid=0.9, shot=shot), "P-0042"),
        "turned": (_refused(refusal.TURNED, 7, turned), "P-0044"),
        "dark": (_refused(refusal.DARK, 8), "P-0045"),
        "error": (Failed(Path("film"), "a film: failed inside this program; report it."), "P-0046"),
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return (address, path by name of each page)."""
    need_browser()
    from edge_app.web import serving
    from edge_app.web.app import create_app
    from edge_app.web.http.settings import Settings
    from edge_app.web.readings.inference_queue import InferenceQueue

    settings = Settings(tmp_path_factory.mktemp("state"), port=0)
    with serving.opened(settings, InferenceQueue(settings)) as kept:
        keep = kept.reading_store.keep
        ids = {name: keep(result, kept.context, label).id for name, (result, label) in _made_up().items()}
        with serving.listening(create_app(settings, kept), settings) as (forever, address):
            serve_in_thread(forever)
            yield address.rstrip("/"), _paths(ids)


def _paths(ids) -> dict[str, str]:
    """Return the path of each page; `ids` are of readings by name."""
    paths = {
        "landing": "/",
        "tour": "/tour",
        "history": "/history",
        "status": "/status",
        "privacy": "/privacy",
        "lost": "/readings/none",
    }
    paths |= {"empty": "/history?q=nobody", "compare": f"/compare?a={ids['covid']}&b={ids['unsure']}"}
    return paths | {name: f"/readings/{id}?in100=5" for name, id in ids.items()}


def _look(chromium, address, width, **look):
    context = chromium.new_context(base_url=address, viewport={"width": width, "height": 900}, **look)
    context.set_default_timeout(WAIT)
    return context.new_page()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(chromium, site, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    address, paths = site
    page, axe, found = _look(chromium, address, width, color_scheme=scheme, locale="en-GB"), Axe(), []
    for name, path in paths.items():
        page.goto(path)
        expect(page.locator("[data-viewer]:not([data-ready])")).to_have_count(0)
        for hidden in page.locator("details").all():  # what is folded is looked at too
            hidden.evaluate("one => { one.open = true }")
        seen = axe.run(page).response
        assert len(seen["passes"]) > 10
        found += [f"{name}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in seen["violations"]]
    page.context.close()
    assert found == []


def test_axe_does_find_what_is_wrong(chromium, site):
    from axe_playwright_python.sync_playwright import Axe

    page = _look(chromium, site[0], 360)
    page.goto("/")
    page.evaluate("document.querySelector('label[for=label]').remove()")
    assert "label" in [one["id"] for one in Axe().run(page).response["violations"]]
    page.context.close()


@pytest.mark.parametrize("code", ["en-GB", "es", "fr"])
@pytest.mark.parametrize("width", [320, *WIDTHS])
def test_no_page_is_wider_than_its_window(chromium, site, width, code):
    address, paths = site
    page = _look(chromium, address, width, locale=code)
    wide = []
    for name, path in paths.items():
        page.goto(path)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wide += [f"{name}: {over} pixels"] if over > 0 else []
    page.context.close()
    assert wide == []


def test_verdicts_are_told_apart_without_colour(chromium, site):
    address, paths = site
    page, told = _look(chromium, address, 360, locale="en-GB"), {}
    for name in ("covid", "unsure", "pneumonia", "normal", "dark", "error"):
        page.goto(paths[name])
        symbol = page.locator(".verdict .symbol").inner_text()
        border = page.locator(".verdict").evaluate(
            "one => { const s = getComputedStyle(one); return s.borderTopStyle + s.borderTopWidth + s.borderLeftWidth }"
        )
        told[name] = (page.locator("h1").inner_text(), symbol, border)
    page.context.close()
    for what in zip(*told.values(), strict=True):
        assert len(set(what)) == len(told)


def test_what_is_to_be_touched_is_large_enough_for_a_finger(chromium, site):
    address, paths = site
    page, small = _look(chromium, address, 360, locale="fr", has_touch=True, is_mobile=True), []
    for name, path in paths.items():
        page.goto(path)
        for one in page.locator("button:visible, .button:visible, nav a:visible, select:visible").all():
            place = one.bounding_box()
            small += [f"{name}: {one.inner_text()!r} {place}"] if place["height"] < 43.5 else []
    page.context.close()
    assert small == []


def test_every_page_is_done_by_keyboard(chromium, site):
    address, paths = site
    page = _look(chromium, address, 1920, locale="en-GB")
    page.goto(paths["covid"])
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText || document.activeElement.id"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or page.evaluate("document.activeElement === document.body")
    assert reached[0] == "Skip to the content"
    for wanted in ("New film", "Calculate", "Print", "Picture (PNG)", "Data (JSON)", "Delete", "Next film"):
        assert wanted in reached
    page.context.close()


def test_a_suspicion_by_heat_outside_the_lungs_is_marked(chromium, site):
    address, paths = site
    page = _look(chromium, address, 360, locale="en-GB")
    for name, shown in (("outside", 1), ("covid", 0)):
        page.goto(paths[name])
        expect(page.get_by_text("do not trust this reading")).to_have_count(shown)
    page.goto(paths["unsure"])
    expect(page.get_by_text("Other pneumonia is suspected too: examine the patient for pneumonia.")).to_be_visible()
    page.goto(paths["camera"])
    expect(page.get_by_text("Read from photographs of the film")).to_be_visible()
    page.context.close()
