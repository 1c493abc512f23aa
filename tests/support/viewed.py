"""The page's viewer in a browser: the film it has opened, its pixels, fingers on it."""

import math
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from tests.support.dicom_files import write_dicom

SIDE = 1400
# Values of the opacity and of what is round it: apart by 4 of 4096.
FAINT, ROUND = 2050, 2046
# Left, top, right and bottom of what is brightest: odd, so that a halved film mixes its rim with what is round it.
SQUARE = (301, 501, 421, 701)
PIXEL = """(holder, [x, y]) => {
  const canvas = holder.querySelector("canvas"), scale = canvas.width / canvas.clientWidth;
  return canvas.getContext("2d").getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data[0];
}"""
# Where in the canvas its pixels are brighter than a grey: [left, top, right, bottom], in CSS pixels.
BRIGHT = """(holder, least) => {
  const canvas = holder.querySelector("canvas"), scale = canvas.width / canvas.clientWidth;
  const { width, height, data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (data[4 * (y * width + x)] > least) {
        left = Math.min(left, x); right = Math.max(right, x + 1);
        top = Math.min(top, y); bottom = Math.max(bottom, y + 1);
      }
  return [left, top, right, bottom].map(one => one / scale);
}"""
# The film's own coordinates on the screen, from the viewer's corner.
PLACE = """(holder, [x, y]) => {
  const point = holder.closest("figure").tools.film.toScreen({ x, y });
  return [point.x, point.y];
}"""
# Every tile is there, the library is still, and the window has been painted.
STILL = """holder => {
  const film = holder.closest("figure").tools.film, item = film.osd.world.getItemAt(0);
  const view = film.osd.viewport, from = view.getCenter(true), to = view.getCenter();
  return Boolean(item) && item.getFullyLoaded() && !film.osd.isAnimating?.() && !film.waits
    && Math.max(Math.abs(from.x - to.x), Math.abs(from.y - to.y)) < 1e-4
    && Math.abs(view.getZoom(true) - view.getZoom()) < 1e-4;
}"""


class Viewed:
    """The first film of a page, opened in its viewer."""

    def __init__(self, page: Page):
        """Wait until it is opened."""
        self.page = page
        self.figure = page.locator("figure[data-viewer]").first
        expect(self.figure).to_have_attribute("data-ready", "1")
        self.holder = self.figure.locator("[data-canvas]")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing moves and all is drawn."""
        handle = self.holder.element_handle()
        self.page.wait_for_function(STILL, arg=handle)
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def grey(self, x: float, y: float) -> int:
        """Return the grey that is seen of the film's pixel at column x and row y."""
        return self.holder.evaluate(PIXEL, self.place(x, y))

    def place(self, x: float, y: float) -> list[float]:
        """Return where a pixel of the film is, from the viewer's corner."""
        return self.holder.evaluate(PLACE, [x + 0.5, y + 0.5])

    def bright(self, least: int) -> list[float]:
        """Return left, top, right and bottom of what is brighter than `least`, from the viewer's corner."""
        return self.holder.evaluate(BRIGHT, least)

    def button(self, name: str):
        """Return a tool by its name."""
        return self.figure.get_by_role("button", name=name, exact=True)

    def focus(self) -> None:
        """Give the film the focus."""
        self.holder.locator(".openseadragon-canvas").focus()

    def keys(self, *keys: str) -> None:
        """Press keys one after another, and let the film come to rest."""
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def drag(self, begin, end, button="left") -> None:
        """Drag the mouse from (x, y) to (x, y), from the viewer's corner."""
        box = self.holder.bounding_box()
        self.page.mouse.move(box["x"] + begin[0], box["y"] + begin[1])
        self.page.mouse.down(button=button)
        self.page.mouse.move(box["x"] + end[0], box["y"] + end[1], steps=4)
        self.page.mouse.up(button=button)
        self.settle()

    def zoom(self) -> int:
        """Return the zoom that is told, in percent."""
        return int(self.figure.locator("[data-zoomed]").inner_text().split()[0])

    def told(self, name: str) -> float:
        """Return the window's `centre` or `width` that is told."""
        return float(self.figure.locator(f"[data-{name}]").inner_text())

    def tap(self, name: str, done=None) -> None:
        """Tap a tool until it is pressed, or `done`: a busy browser may drop a tap."""
        button = self.button(name)
        for _ in range(20):
            button.tap()
            self.page.wait_for_timeout(500)
            if done() if done else button.get_attribute("aria-pressed") == "true":
                return
        raise AssertionError(f"{name}: is not done")

    def touch(self, *fingers) -> None:
        """Move fingers, (begin, end) each, from the viewer's corner."""
        self.holder.scroll_into_view_if_needed()
        box, session = self.holder.bounding_box(), self.page.context.new_cdp_session(self.page)
        steps = 8
        for step in range(steps + 1):
            points = [
                {
                    "x": box["x"] + begin[0] + (end[0] - begin[0]) * step / steps,
                    "y": box["y"] + begin[1] + (end[1] - begin[1]) * step / steps,
                    "id": number,
                }
                for number, (begin, end) in enumerate(fingers)
            ]
            kind = "touchMove" if step else "touchStart"
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.settle()


def apart(one, other) -> float:
    """Return the greatest difference of two lists of numbers."""
    return max(math.fabs(a - b) for a, b in zip(one, other, strict=True))


def write_deep(path: Path) -> Path:
    """Write a 12-bit DICOM film with a faint opacity, a white square and 0.2 mm between pixels."""
    values = np.full((SIDE, SIDE), ROUND, np.uint16)
    values[:, :100], values[:, 1300:] = 0, 3000
    values[650:750, 650:750] = FAINT
    left, top, right, bottom = SQUARE
    values[top:bottom, left:right] = 4095
    told = {"WindowCenter": 2048, "WindowWidth": 4096, "ImagerPixelSpacing": [0.2, 0.2]}
    return write_dicom(path, np.zeros(values.shape, np.uint8), pixels=values.tobytes(), **told)
