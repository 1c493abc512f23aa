"""The viewer in a real browser: depth, zoom, window, and layers that lie on the film."""

import pytest
from playwright.sync_api import expect

from tests.support.viewed import SIDE, SQUARE, Viewed, apart


def _contrast(film: Viewed) -> int:
    """Return how much brighter the opacity is than what is round it."""
    return film.grey(700, 700) - film.grey(600, 700)


def _by_keys(film: Viewed) -> None:
    film.focus()
    film.keys(*["n"] * 19, *["Shift+N"] * 9)


def _by_mode(film: Viewed) -> None:
    film.button("Window").click()
    film.drag((420, 200), (21, 200))


def _by_right_button(film: Viewed) -> None:
    film.drag((420, 200), (21, 200), button="right")


@pytest.mark.parametrize("narrow", [_by_keys, _by_mode, _by_right_button])
def test_a_narrow_window_shows_an_opacity_that_8_bits_lose(opened, narrow):
    assert opened.told("width") == 4096
    assert abs(_contrast(opened)) <= 1
    narrow(opened)
    assert opened.told("width") < 30
    assert _contrast(opened) > 40


def test_a_window_moves_up_and_down(opened):
    before = opened.grey(600, 700)
    opened.focus()
    opened.keys("b", "b")
    assert opened.grey(600, 700) > before + 20
    opened.keys(*["d"] * 4)
    assert opened.grey(600, 700) < before - 20


def test_presets_invert_and_reset(opened):
    opened.focus()
    seen = {}
    for key, name in zip("1234", ("file", "lungs", "dense", "full"), strict=True):
        opened.keys(key)
        seen[name] = (opened.told("centre"), opened.told("width"))
        expect(opened.figure.locator("[data-preset]")).to_have_value(name)
    assert seen["file"] == (2048, 4096) and len(set(seen.values())) == 4
    assert seen["full"][1] == pytest.approx(4095)
    before = opened.grey(1350, 700)
    opened.button("Invert").click()
    opened.settle()
    expect(opened.button("Invert")).to_have_attribute("aria-pressed", "true")
    assert abs(opened.grey(1350, 700) + before - 255) <= 1
    opened.figure.locator("[data-preset]").select_option("dense")
    opened.keys("+")
    opened.button("Reset").click()
    opened.settle()
    assert (opened.told("centre"), opened.told("width"), opened.zoom()) == (2048, 4096, 100)
    expect(opened.button("Invert")).to_have_attribute("aria-pressed", "false")


def test_zoom_by_wheel_by_double_click_by_keys_and_by_buttons(opened):
    box = opened.holder.bounding_box()
    assert opened.zoom() == 100
    opened.page.mouse.move(box["x"] + 200, box["y"] + 200)
    opened.page.mouse.wheel(0, -300)
    opened.settle()
    wheel = opened.zoom()
    assert wheel > 110
    opened.page.mouse.dblclick(box["x"] + 200, box["y"] + 200)
    opened.settle()
    assert opened.zoom() > wheel
    opened.focus()
    opened.keys("0")
    assert opened.zoom() == 100
    opened.keys("+", "+")
    assert opened.zoom() > 150
    place = opened.place(700, 700)
    opened.keys("ArrowRight")
    assert opened.place(700, 700)[0] < place[0] - 20
    place = opened.place(700, 700)
    opened.drag((200, 200), (240, 230))
    assert apart(opened.place(700, 700), [place[0] + 40, place[1] + 30]) < 3
    opened.button("Smaller").click()
    opened.button("Smaller").click()
    opened.settle()
    assert opened.zoom() < 110


def test_every_pixel_of_the_film_is_there(opened):
    box, (x, y) = opened.holder.bounding_box(), opened.place(301, 600)
    opened.page.mouse.move(box["x"] + x, box["y"] + y)
    for _ in range(20):
        opened.page.mouse.wheel(0, -300)
        opened.settle()
    assert opened.place(302, 600)[0] - opened.place(301, 600)[0] > 5
    # The square's rim, from one pixel to the next.
    assert opened.grey(301, 600) > 235 and opened.grey(300, 600) < 150


def _layers_lie_on_the_film(film: Viewed) -> None:
    """The white square lies where the layers have it, by the film's own share of each side."""
    holder, seen = film.holder.bounding_box(), film.bright(250)
    for layer in film.figure.locator("[data-layers] img").all():
        box = layer.bounding_box()
        left, top = box["x"] - holder["x"], box["y"] - holder["y"]
        sides = [left, top, left, top]
        lengths = [box["width"], box["height"]] * 2
        expected = [start + side / SIDE * length for start, side, length in zip(sides, SQUARE, lengths, strict=True)]
        assert apart(seen, expected) <= 1.6


def test_layers_lie_on_the_film_at_each_zoom(opened):
    _layers_lie_on_the_film(opened)
    opened.focus()
    opened.keys("+")
    opened.drag((200, 200), (260, 230))
    _layers_lie_on_the_film(opened)
