"""A page of the program in a browser, what it asks for and complains of, and films to send."""

import io

import numpy as np
import pydicom
from PIL import Image
from playwright.sync_api import expect

from edge_app.sources import sample

# Milliseconds that the browser waits for what it looks for, beside other work too.
WAIT = 180_000
expect.set_options(timeout=WAIT)


class Watched:
    """A page of the browser with what it asked for and complained of.

    Attributes:
        page: of Playwright.
        asked: every address it asked for.
        weight: bytes of all answers that came, heads and bodies, but for `tiles`.
        tiles: bytes of the viewer's picture: tiles of a film at full depth.
        complaints: of scripts, of the Content Security Policy, of what could not be loaded.
    """

    def __init__(self, browser, address, **look):
        """Open one that starts at the program's address; `look` is of Playwright's `new_context`."""
        self.context = browser.new_context(base_url=address, **look)
        self.context.set_default_timeout(WAIT)
        self.page = self.context.new_page()
        self.asked, self.weight, self.tiles, self.complaints = [], 0, 0, []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfinished", self._weigh)
        self.page.on("console", lambda said: self._complain(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _weigh(self, request) -> None:
        sizes = request.sizes()
        weight = sizes["responseBodySize"] + sizes["responseHeadersSize"]
        if "/film/" in request.url:
            self.tiles += weight
        else:
            self.weight += weight

    def _complain(self, kind, text) -> None:
        # A refused film is answered with an HTTP error, which the browser tells the console as well.
        if kind == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)

    def send(self, *films, label: str = "", again: bool = True) -> None:
        """Choose films on the landing page, (name, bytes) each; with `again` each is read whatever was read before."""
        self.page.goto("/")
        self.page.get_by_label("Patient label").fill(label)
        self.page.get_by_label("Read films again that were read before").set_checked(again)
        files = [{"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in films]
        self.page.get_by_label("Choose films").set_input_files(files)

    def read(self, film, label: str = "", again: bool = True) -> str:
        """Send a film and wait for its reading; return its address."""
        self.send(film, label=label, again=again)
        self.page.wait_for_url("**/readings/*")
        return self.page.url


def png(grey) -> bytes:
    """Return uint8 (H, W) as a PNG file."""
    content = io.BytesIO()
    Image.fromarray(grey).save(content, "PNG")
    return content.getvalue()


def upside_down() -> bytes:
    """Return the real film upside down, as a PNG."""
    stored = pydicom.dcmread(sample.path())
    grey = stored.pixel_array.astype(np.float32)
    grey = 255 * (grey - grey.min()) / np.ptp(grey)
    grey = 255 - grey if stored.PhotometricInterpretation == "MONOCHROME1" else grey
    return png(np.ascontiguousarray(np.rot90(grey.astype(np.uint8), 2)))
