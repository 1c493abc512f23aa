"""The viewer's tools in a real browser: measuring, keys, full screen, touch, and what there is without them."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browsed import Watched, png
from tests.support.browser import Served
from tests.support.films import draw_film
from tests.support.viewed import Viewed

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def test_lengths_are_in_mm_where_the_header_has_the_spacing(opened):
    opened.button("Measure").click()
    begin, end = opened.place(200, 300), opened.place(1200, 300)
    opened.drag(begin, end)
    text = opened.figure.locator("[data-sheet] text")
    assert float(text.text_content().removesuffix(" mm")) == pytest.approx(200, abs=1)
    expect(opened.figure.get_by_text("Lengths are measured at the detector")).to_be_visible()
    expect(opened.figure.locator("[data-said]")).to_have_text(text.text_content())
    opened.focus()
    opened.keys("Escape")
    expect(opened.button("Move")).to_have_attribute("aria-pressed", "true")
    expect(text).to_have_count(1)
    opened.keys("r")
    expect(text).to_have_count(0)


def test_a_length_is_measured_by_keyboard_alone(opened):
    opened.focus()
    opened.keys("m", "+", "+")
    opened.keys("Enter")
    opened.keys(*["ArrowRight"] * 3)
    opened.keys("Enter")
    length = float(opened.figure.locator("[data-sheet] text").text_content().removesuffix(" mm"))
    per_pixel = opened.place(1, 0)[0] - opened.place(0, 0)[0]
    assert length == pytest.approx(3 * 60 / per_pixel * 0.2, rel=0.02)


def test_without_spacing_lengths_are_in_pixels(watched):
    watched.read(("drawn.png", png(draw_film(5, 480, 400))))
    film = Viewed(watched.page)
    film.button("Measure").click()
    film.drag(film.place(100, 100), film.place(300, 100))
    assert float(film.figure.locator("[data-sheet] text").text_content().removesuffix(" px")) == pytest.approx(
        200, abs=2
    )
    expect(film.figure.get_by_text("lengths are in pixels")).to_be_visible()


def test_the_map_is_hidden_and_shown(watched, real):
    watched.read(real)
    film = Viewed(watched.page)
    heat, hide = film.figure.locator("img.heat"), film.button("Hide map")
    hide.click()
    expect(heat).not_to_be_visible()
    expect(hide).to_have_attribute("aria-pressed", "true")
    film.focus()
    film.keys("h")
    expect(heat).to_be_visible()
    watched.page.keyboard.down("h")
    expect(heat).not_to_be_visible()
    watched.page.wait_for_timeout(500)  # longer than a press
    watched.page.keyboard.up("h")
    expect(heat).to_be_visible()


def test_another_map_takes_the_place_of_the_first(watched, real):
    watched.read(real)
    film = Viewed(watched.page)
    film.figure.evaluate("""one => {
        const button = document.createElement("button");
        button.dataset.heatSrc = one.querySelector("img.lungs").src;
        button.dataset.heatAlt = "Another map";
        one.querySelector("figcaption").append(button);
        button.click();
    }""")
    heat = film.figure.locator("img.heat")
    assert heat.get_attribute("src").endswith("lungs.png") and heat.get_attribute("alt") == "Another map"


def test_all_keys_are_told(opened):
    opened.focus()
    opened.page.keyboard.press("?")
    dialog = opened.page.get_by_role("dialog", name="Keys of the viewer")
    expect(dialog).to_be_visible()
    told = dialog.inner_text()
    for key in ("+", "0", "B D", "N W", "1 2 3 4", "I", "H", "V L M", "Enter", "R", "F", "?", "Esc"):
        assert key in told
    opened.page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    assert opened.page.evaluate("document.activeElement.className") == "openseadragon-canvas"


def test_letters_typed_elsewhere_change_nothing(opened):
    opened.page.get_by_label("How many of 100 people").or_(opened.page.locator("body")).first.focus()
    for key in "ni+m":
        opened.page.keyboard.press(key)
    opened.settle()
    assert (opened.told("width"), opened.zoom()) == (4096, 100)
    expect(opened.button("Invert")).to_have_attribute("aria-pressed", "false")


def test_the_film_fills_the_screen_and_comes_back(opened):
    opened.focus()
    opened.page.keyboard.press("f")
    expect(opened.button("Full screen")).to_have_attribute("aria-pressed", "true")
    opened.settle()
    window = opened.page.viewport_size
    assert opened.figure.bounding_box()["width"] == pytest.approx(window["width"], abs=1)
    expect(opened.figure.locator("[data-zoomed]")).to_have_text("100 %")  # and is whole in view, as it was
    opened.page.keyboard.press("f")
    expect(opened.button("Full screen")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_works_by_touch_on_a_phone(chromium, served, deep, scheme):
    from axe_playwright_python.sync_playwright import Axe

    one = Watched(chromium, served.address, locale="en-GB", color_scheme=scheme, **PHONE)
    one.read(deep)
    film = Viewed(one.page)
    film.touch(((140, 150), (60, 150)), ((180, 150), (260, 150)))  # two fingers apart
    assert film.zoom() > 150
    place = film.place(700, 700)
    film.touch(((150, 150), (190, 150)))
    assert film.place(700, 700)[0] == pytest.approx(place[0] + 40, abs=8)
    film.tap("Smaller", lambda: film.zoom() <= 100)
    film.tap("Window")
    film.touch(((300, 150), (20, 150)))
    assert film.told("width") < 1300
    film.tap("Measure")
    film.touch(((60, 200), (260, 200)))
    expect(film.figure.locator("[data-sheet] text")).to_have_text(re.compile(r"^\d+\.\d mm$"))
    for button in film.figure.locator("button:visible, select:visible").all():
        box = button.bounding_box()
        assert box["width"] >= 43.5 and box["height"] >= 43.5
    assert Axe().run(one.page).response["violations"] == []
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert one.page.evaluate(over) <= 0 and one.complaints == []
    one.context.close()


def test_two_compared_films_each_have_a_viewer(watched, deep):
    watched.read(deep, "pair")
    first = watched.page.url.rpartition("/")[2]
    watched.read(deep, "pair")
    watched.page.goto(f"/compare?a={first}&b={watched.page.url.rpartition('/')[2]}")
    expect(watched.page.locator("[data-ready]")).to_have_count(2)
    film = Viewed(watched.page)
    film.focus()
    film.keys("2")
    windows = watched.page.locator("[data-preset]")
    assert windows.nth(0).input_value() == "lungs" and windows.nth(1).input_value() == "file"


def test_where_no_film_is_kept_the_smaller_picture_is_enlarged(chromium, deep, tmp_path):
    program = Served(tmp_path / "state", "--films-mb", "0")
    one = Watched(chromium, program.address, locale="en-GB")
    try:
        one.read(deep)
        film = Viewed(one.page)
        expect(film.figure.get_by_text("Only a smaller picture of this film is kept")).to_be_visible()
        film.focus()
        film.keys("+", "i")
        assert film.zoom() > 100 and film.grey(20, 350) > 200  # what was black
        assert one.complaints == []
    finally:
        one.context.close()
        program.close()


def test_without_scripts_the_picture_is_there(chromium, served, watched, deep):
    address = watched.read(deep)
    plain = Watched(chromium, served.address, locale="en-GB", java_script_enabled=False)
    plain.page.goto(address)
    expect(plain.page.locator("img.under")).to_be_visible()
    expect(plain.page.locator("[data-tools]")).not_to_be_visible()
    expect(plain.page.locator("h1")).to_be_visible()
    plain.context.close()
