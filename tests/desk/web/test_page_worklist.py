"""The worklist in a real browser: by keyboard, by touch, sorted, filtered; small whatever it holds."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from edge_app.gate import refusal
from edge_app.screening import decision
from tests.support import results
from tests.support.browsed import Watched
from tests.support.films import draw_film
from tests.support.site import served_site

SIZES = ({"width": 360, "height": 740}, {"width": 1280, "height": 800})
SOURCES = ("page", "folder", "camera", "api", "dicom")
MOST_BYTES = 250_000


# The device's clock stands at noon, so that yesterday stays yesterday however late the tests run.
NOON = datetime.now().replace(hour=12, minute=0, second=0, microsecond=0).astimezone()


class _Clock(datetime):
    """The clock of the page's lists."""

    @classmethod
    def now(cls, tz=None):
        """Return noon."""
        return NOON.astimezone(tz)


def _fill(kept) -> None:
    """Keep 30 films of all sources: today's, and yesterday's of which one is suspected."""
    film, now = draw_film(3, 480, 400), NOON
    for number in range(30):
        verdict = (decision.COVID, decision.UNSURE, decision.NORMAL)[number % 3]
        made = results.judged(Path("x"), f"{number:064d}", verdict, grey=film, time=now)
        name = f"film-{number:02d}.dcm" if number % 5 != 2 else ""
        kept.reading_store.keep(made, kept.context, f"P-{number // 2:02d}", source=SOURCES[number % 5], name=name)
    for number, verdict in enumerate((decision.COVID, decision.NORMAL), 40):
        made = results.judged(Path("x"), f"{number:064d}", verdict, grey=film, time=now - timedelta(days=1))
        kept.reading_store.keep(made, kept.context, "Y", name=f"yesterday-{number}.dcm")
    refused = results.refused(Path("x"), f"{50:064d}", refusal.DARK, time=now - timedelta(days=2), grey=film)
    kept.reading_store.keep(refused, kept.context, "Y", name="<b>old.png")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the address of a page with many readings."""
    with pytest.MonkeyPatch.context() as patch, served_site(tmp_path_factory.mktemp("state"), _fill) as address:
        patch.setattr("edge_app.web.views.history.datetime", _Clock)
        yield address


@pytest.fixture(params=SIZES, ids=lambda size: str(size["width"]))
def looked(chromium, site, request):
    """Return a page at the site in one of the sizes; nothing may be complained of or asked for elsewhere."""
    one = Watched(chromium, site, viewport=request.param, locale="en-GB", has_touch=request.param["width"] < 400)
    yield one
    assert one.complaints == []
    assert [url for url in one.asked if not url.startswith(site)] == []
    one.context.close()


def rows(page):
    """Return the rows of the worklist."""
    return page.locator("table.worklist tbody tr")


def test_the_list_is_light_and_shows_pictures_names_and_sources(looked):
    page = looked.page
    page.goto("/history", wait_until="networkidle")
    expect(rows(page)).to_have_count(25)
    page.keyboard.press("End")
    page.locator("img.thumb").last.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert 10_000 < looked.weight < MOST_BYTES
    first = page.locator("img.thumb").first
    first.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('img.thumb').naturalWidth > 0")
    words = rows(page).all_inner_texts()
    assert sum("film-" in text for text in words) >= 15 and any("folder" in text for text in words)
    assert page.locator(".counts li").count() == 4
    page.goto("/history?q=<b>old")
    expect(rows(page)).to_have_count(1)
    assert "<b>old.png" in rows(page).first.inner_text()


def test_yesterdays_suspected_films_are_two_touches_away(looked):
    page = looked.page
    page.goto("/history")
    page.get_by_role("link", name="Yesterday").click()
    page.get_by_role("link", name="Any suspicion").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text("yesterday-40.dcm")
    expect(page.get_by_role("status").first).to_contain_text("1 reading")


def test_by_keyboard_alone_films_are_found_selected_compared_and_opened(looked):
    page = looked.page
    page.goto("/history")
    page.keyboard.press("?")
    expect(page.get_by_text("next film")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("File name or label contains")).to_be_focused()
    page.keyboard.type("p-03")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    expect(page.locator("tr.chosen")).to_have_count(2)
    page.keyboard.press("k")
    page.get_by_role("button", name="Compare the two selected").press("Enter")
    expect(page.locator("h1")).to_have_text("Two films of P-03")
    page.goto("/history?q=film-08")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/readings/*")
    expect(page.locator("dd", has_text="film-08.dcm")).to_be_visible()


def test_the_keys_can_be_turned_off(looked):
    page = looked.page
    page.goto("/history")
    page.keyboard.press("?")
    page.get_by_role("button", name="Turn these keys off").click()
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.get_by_label("File name or label contains")).not_to_be_focused()


def test_the_heads_of_the_columns_sort(chromium, site):
    one = Watched(chromium, site, viewport=SIZES[1], locale="en-GB")
    page = one.page
    page.goto("/history?q=film-")
    names = lambda: page.locator("td.file").all_inner_texts()  # noqa: E731
    page.get_by_role("columnheader", name="File").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="File")).to_have_attribute("aria-sort", "ascending")
    assert names() == sorted(names())
    page.get_by_role("columnheader", name="File").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="File")).to_have_attribute("aria-sort", "descending")
    assert names() == sorted(names(), reverse=True)
    assert re.search("sort=name", page.url) and "q=film-" in page.url
    one.context.close()


def test_several_films_get_one_label(looked):
    page = looked.page
    page.goto("/history?q=film-1")
    for box in page.get_by_role("checkbox").all()[:3]:
        box.check()
    page.get_by_text("Label the selected").click()
    label = f"W-{page.viewport_size['width']}"
    page.locator("#new-label").fill(label)
    page.get_by_role("button", name="Save the label").click()
    page.goto(f"/history?label={label}")
    expect(rows(page)).to_have_count(3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_in_the_list(chromium, site, scheme):
    from axe_playwright_python.sync_playwright import Axe

    found = []
    for size in SIZES:
        one = Watched(chromium, site, viewport=size, color_scheme=scheme, locale="en-GB")
        for path in ("/history", "/history?sort=name&verdict=suspected&source=page", "/history?q=nobody", "/privacy"):
            one.page.goto(path)
            for hidden in one.page.locator("details").all():
                hidden.evaluate("one => { one.open = true }")
            found += [f"{path}: {wrong['id']}" for wrong in Axe().run(one.page).response["violations"]]
            over = one.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            found += [f"{path}: {over} pixels too wide"] if over > 0 else []
        one.context.close()
    assert found == []
