"""The page, driven end to end: the real program serves it, and a real browser sends films and looks at what comes."""

import base64
import csv
import io
import json
import re
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from PIL import Image

from edge_app.sources import sample
from tests.support.browser import PASSWORD, ROOT, Served, need_browser
from tests.support.films import draw_film

# Milliseconds that the browser waits for what it looks for.
WAIT = 60_000
MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Return the program with the released model, listening on this machine alone."""
    need_browser()
    program = Served(tmp_path_factory.mktemp("state"))
    yield program
    program.close()


class Watched:
    """A page of the browser with what it asked for and complained of.

    Attributes:
        page: of Playwright.
        asked: every address it asked for.
        weight: bytes of the bodies that came since `forget`.
        complaints: of scripts, of the Content Security Policy, of what could not be loaded.
    """

    def __init__(self, browser, address, **look):
        """Open one that starts at the program's address; `look` is of Playwright's `new_context`."""
        self.context = browser.new_context(base_url=address, **look)
        self.context.set_default_timeout(WAIT)
        self.page = self.context.new_page()
        self.asked, self.weight, self.complaints = [], 0, []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfinished", self._weigh)
        self.page.on("console", lambda said: self._complain(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _weigh(self, request) -> None:
        sizes = request.sizes()
        self.weight += sizes["responseBodySize"] + sizes["responseHeadersSize"]

    def _complain(self, kind, text) -> None:
        # A refused film is answered with an HTTP error, which the browser tells the console as well.
        if kind == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)

    def send(self, *films, label: str = "") -> None:
        """Choose films on the landing page, (name, bytes) each."""
        self.page.goto("/")
        self.page.get_by_label("Patient label").fill(label)
        files = [{"name": name, "mimeType": "application/octet-stream", "buffer": content} for name, content in films]
        self.page.get_by_label("Choose films").set_input_files(files)

    def read(self, film, label: str = "") -> str:
        """Send a film and wait for its reading; return its address."""
        self.send(film, label=label)
        self.page.wait_for_url("**/readings/*")
        return self.page.url


@pytest.fixture
def watched(chromium, served):
    """Return a page at the program; at its end nothing may have been asked for elsewhere or complained of."""
    one = Watched(chromium, served.address, locale="en-GB")
    yield one
    one.context.close()
    assert [url for url in one.asked if not url.startswith((served.address + "/", "blob:"))] == []
    assert one.complaints == []


@pytest.fixture(scope="module")
def real():
    """Return (name, bytes) of a real chest film, a DICOM file."""
    return ("ward 3 MEIER.dcm", sample.path().read_bytes())


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """Return the row that `classify` says of that film."""
    command = [sys.executable, "-m", "edge_app", "classify", "--json", str(sample.path())]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


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


def test_a_film_is_sent_and_its_verdict_is_that_of_the_command_line(watched, real, said):
    watched.read(real, "bed 7")
    page = watched.page
    assert page.locator("h1").inner_text() == "Unsure: refer to a radiologist"
    assert said["verdict"] == "unsure: refer to a radiologist"
    shown = page.locator(".bars .covid .value").inner_text()
    assert shown == f"{said['scores']['covid']:.3f}"
    assert page.locator(".bars .covid svg.bar").get_attribute("aria-label").startswith("COVID-19: score")
    assert page.locator(".about").inner_text().count("bed 7") == 1
    assert "Research and triage aid, not a diagnosis." in page.locator("header").inner_text()
    assert "MEIER" not in page.content()


def test_the_heat_map_fades_by_mouse_and_by_keyboard(watched, real):
    watched.read(real)
    page = watched.page
    fade, heat = page.get_by_label("Heat map", exact=True), page.locator("img.heat")
    opacity = lambda: float(heat.evaluate("one => getComputedStyle(one).opacity"))  # noqa: E731
    assert opacity() == pytest.approx(0.6)
    fade.focus()
    page.keyboard.press("ArrowLeft")
    assert opacity() == pytest.approx(0.55)
    page.keyboard.press("Home")
    assert opacity() == 0
    page.keyboard.press("End")
    assert opacity() == 1
    fade.click()  # in its middle
    assert 0.4 <= opacity() <= 0.6
    page.get_by_label("Outline of the lungs", exact=True).uncheck()
    assert not page.locator("img.lungs").is_visible()


def test_the_layers_lie_on_the_film(watched, real):
    watched.read(real)
    places = [watched.page.locator(f"img.{name}").bounding_box() for name in ("under", "heat", "lungs")]
    for place in places[1:]:
        assert place == pytest.approx(places[0], abs=1)
    loaded = watched.page.locator(".layers img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert all(loaded)


def test_a_reading_is_printed_on_one_sheet_and_without_what_is_to_be_pressed(watched, real):
    watched.page.add_init_script("window.print = () => { window.printed = (window.printed || 0) + 1; }")
    watched.read(real)
    page = watched.page
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed") == 1
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible() and page.locator("img.under").is_visible()
    assert not page.get_by_role("button", name="Print").is_visible()
    assert not page.get_by_role("navigation").first.is_visible()
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_picture_and_data_are_downloaded(watched, real, said):
    watched.read(real, "bed 8")
    page = watched.page
    with page.expect_download() as one:
        page.get_by_role("link", name="Picture (PNG)").click()
    with Image.open(one.value.path()) as picture:
        assert picture.format == "PNG" and min(picture.size) > 400
    with page.expect_download() as one:
        page.get_by_role("link", name="Data (JSON)").click()
    row = json.loads(one.value.path().read_text())
    assert row["verdict"] == said["verdict"] and row["scores"] == said["scores"]
    assert "bed 8" not in json.dumps(row) and "MEIER" not in json.dumps(row)


def test_predictive_values_are_worked_out_where_the_film_was_taken(watched, real):
    watched.read(real)
    page = watched.page
    assert page.locator("dl.worth").count() == 0
    page.get_by_label("How many of 100 people X-rayed here have COVID-19?").fill("5")
    page.get_by_role("button", name="Calculate").click()
    assert "PPV" in page.locator("dl.worth").inner_text()
    page.goto(page.url.split("?")[0] + "?in100=200")
    assert page.get_by_text("Enter a number from 0.1 to 99.9.").is_visible()


def test_a_film_upside_down_is_refused_and_what_it_says_put_right_is_offered(watched):
    watched.read(("film.png", upside_down()))
    page = watched.page
    assert page.locator("h1").inner_text() == "Refused: no verdict"
    assert "The film is rotated" in page.locator(".verdict").inner_text()
    assert page.locator(".offer").get_by_text("Reading after a rotation by 180 degrees:").is_visible()
    assert page.locator("img.heat").count() == 0 and page.locator(".bars").count() == 0


def test_a_file_that_is_no_film_gets_a_sentence_and_no_reading(watched):
    watched.send(("holiday.txt", b"not a film at all"))
    item = watched.page.locator("#outcomes li")
    item.get_by_text("This file could not be read as a film").wait_for()
    assert "error" in item.get_attribute("class")
    assert item.get_by_role("link").count() == 0
    assert "is text that begins" in item.locator(".why").inner_text()
    assert item.locator(".why").get_attribute("lang") == "en"
    assert watched.page.url.endswith("/")


def test_several_films_at_once_each_get_an_outcome(watched, real):
    films = [real, ("drawn.png", png(draw_film(5, 480, 400))), ("words.txt", b"no film")]
    watched.send(*films, label="three")
    page = watched.page
    page.locator("#announced").get_by_text("All films are done.").wait_for(state="attached")
    assert page.locator("#outcomes li").count() == 3
    assert page.locator("#outcomes li a").count() == 2
    assert page.locator("#outcomes progress").count() == 0
    assert page.locator("#outcomes li .file").all_inner_texts() == ["words.txt", "drawn.png", "ward 3 MEIER.dcm"]


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_film_is_dropped_or_pasted(watched, way, real):
    page = watched.page
    page.goto("/")
    made = """coded => {
        const bytes = Uint8Array.from(atob(coded), one => one.charCodeAt(0)), held = new DataTransfer();
        held.items.add(new File([bytes], "film.dcm"));
        return held;
    }"""
    held = page.evaluate_handle(made, base64.b64encode(real[1]).decode())
    if way == "drop":
        page.dispatch_event("#drop", "drop", {"dataTransfer": held})
    else:
        page.evaluate("held => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: held}))", held)
    page.wait_for_url("**/readings/*")
    assert page.locator("h1").inner_text() == "Unsure: refer to a radiologist"


def test_without_scripts_a_film_is_read_all_the_same(chromium, served, real):
    plain = Watched(chromium, served.address, locale="en-GB", java_script_enabled=False)
    plain.page.goto("/")
    plain.page.get_by_label("Choose films").set_input_files({"name": real[0], "mimeType": "", "buffer": real[1]})
    plain.page.get_by_role("button", name="Send the films").click()
    assert plain.page.locator("h1").inner_text() == "Unsure: refer to a radiologist"
    plain.page.goto("/")
    plain.page.get_by_label("Choose films").set_input_files({"name": "a.txt", "mimeType": "", "buffer": b"no film"})
    plain.page.get_by_role("button", name="Send the films").click()
    assert plain.page.locator("h1").inner_text() == "This file could not be read as a film"
    plain.context.close()


def test_history_searches_filters_compares_exports_and_deletes(watched, real):
    page = watched.page
    first = watched.read(real, "H-100")
    watched.read(("turned.png", upside_down()), "H-100")
    watched.read(real, "=H-200")
    page.goto("/history")
    page.get_by_label("Patient label contains").fill("h-1")
    page.get_by_role("button", name="Show").click()
    assert page.locator("table.history tbody tr").count() == 2
    page.get_by_label("Verdict", exact=True).select_option("refused")
    page.get_by_role("button", name="Show").click()
    assert page.locator("table.history tbody tr").count() == 1
    page.get_by_label("Verdict", exact=True).select_option("")
    page.get_by_label("To").fill("2020-01-01")
    page.get_by_role("button", name="Show").click()
    assert page.get_by_text("No reading matches your search.").is_visible()

    page.goto("/history?q=H-")
    with page.expect_download() as one:
        page.get_by_role("link", name="Export these as CSV").click()
    rows = list(csv.DictReader(io.StringIO(one.value.path().read_text(encoding="utf-8"))))
    assert [row["verdict"] for row in rows].count("refused") == 1 and len(rows) == 3
    assert not any(cell.startswith("=") for row in rows for cell in row.values())

    page.goto("/history?label=H-100")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Compare the two selected").click()
    assert page.locator("h1").inner_text() == "Two films of H-100"
    assert page.locator(".pair .verdict").count() == 2
    assert page.locator(".pair section a").first.get_attribute("href") in first

    page.goto(first)
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete it now").click()
    page.goto("/history?label=H-100")
    assert page.locator("table.history tbody tr").count() == 1
    assert page.goto(first).status == 404
    assert page.goto(first + "/film.jpg").status == 404
    assert page.locator("body").inner_text()


def test_films_of_two_patients_are_not_compared(watched, real):
    pair = [watched.read(real, label).rsplit("/", 1)[1] for label in ("C-1", "C-2")]
    assert watched.page.goto(f"/compare?a={pair[0]}&b={pair[1]}").status == 400
    assert watched.page.get_by_text("only films of one patient are compared").is_visible()


@pytest.mark.parametrize(
    ("name", "code", "headline"),
    [("Español", "es", "Enviar una placa de tórax"), ("Français", "fr", "Envoyer un cliché thoracique")],
)
def test_a_language_is_chosen_and_remembered(watched, real, name, code, headline):
    page = watched.page
    page.goto("/")
    page.get_by_role("button", name=name).click()
    assert page.locator("h1").inner_text() == headline
    assert page.locator("html").get_attribute("lang") == code
    page.goto("/history")
    assert page.locator("html").get_attribute("lang") == code


def test_a_browser_gets_the_language_that_it_asks_for(chromium, served):
    for asked, code in (("es-MX", "es"), ("fr-SN", "fr"), ("de-DE", "en")):
        one = Watched(chromium, served.address, locale=asked)
        one.page.goto("/")
        assert one.page.locator("html").get_attribute("lang") == code
        one.context.close()


def test_the_self_test_is_run_from_the_status_page(watched):
    page = watched.page
    page.goto("/status")
    assert page.locator("#self-test table").count() == 0
    page.get_by_role("button", name="Run the self-test").click()
    golden = page.locator("#self-test tr", has_text="Reference film")
    assert golden.get_attribute("data-state") == "ok"
    assert page.locator("tr", has_text="Disk").first.get_attribute("data-state") in ("ok", "warning")


def test_every_page_is_light(watched, real):
    reading = watched.read(real, "light")
    for path in ("/", "/history", "/status", "/privacy", reading):
        fresh = Watched(watched.context.browser, watched.page.url.split("/readings")[0], locale="en-GB")
        fresh.page.goto(path, wait_until="networkidle")
        assert 1_000 < fresh.weight < MOST_BYTES, path
        fresh.context.close()


def test_no_page_has_a_script_or_a_style_inside_it(watched, real):
    for path in ("/", "/history", "/status", "/privacy", watched.read(real)):
        html = watched.context.request.get(path).text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", html), path


def test_everything_is_erased_by_one_button(chromium, tmp_path, real):
    program = Served(tmp_path)
    try:
        one = Watched(chromium, program.address, locale="en-GB")
        reading = one.read(real, "ERASE-ME-77")
        one.page.goto("/privacy")
        assert one.page.get_by_text("1 reading is kept now.").is_visible()
        one.page.get_by_label("Yes, erase all readings").check()
        one.page.get_by_role("button", name="Erase everything").click()
        assert one.page.get_by_text("1 reading was erased, with its pictures.").is_visible()
        assert one.page.goto(reading).status == 404
        one.context.close()
    finally:
        program.close()
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"ERASE-ME-77" not in left and b"\xff\xd8\xff" not in left


def test_a_wrong_password_is_refused_and_the_right_one_opens(chromium, tmp_path, real):
    setting = [sys.executable, "-m", "edge_app", "serve", "--state", str(tmp_path), "--set-password"]
    subprocess.run(setting, cwd=ROOT, input=f"{PASSWORD}\n", text=True, check=True, capture_output=True)
    program = Served(tmp_path)
    try:
        one = Watched(chromium, program.address, locale="en-GB")
        page = one.page
        page.goto("/history")
        assert page.locator("h1").inner_text() == "Log in"
        assert page.get_by_role("navigation").count() == 0
        page.get_by_label("Password of this device").fill("three rays")
        page.get_by_role("button", name="Log in").click()
        assert page.get_by_role("alert").inner_text().endswith("Wrong password.")
        assert page.get_by_label("Password of this device").input_value() == ""
        page.get_by_role("button", name="Français").click()
        assert page.locator("h1").inner_text() == "Se connecter"
        page.get_by_role("button", name="English").click()
        page.goto("/history")
        page.get_by_label("Password of this device").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        assert page.locator("h1").inner_text() == "History"
        reading = one.read(real)
        page.get_by_role("button", name="Log out").click()
        assert page.locator("h1").inner_text() == "Log in"
        page.goto(reading)
        assert page.locator("h1").inner_text() == "Log in"
        one.context.close()
    finally:
        program.close()
    assert PASSWORD not in "".join(program.told)


def test_under_tls_all_is_the_same_and_the_fingerprint_is_shown(chromium, tmp_path, real):
    program = Served(tmp_path, "--tls")
    try:
        one = Watched(chromium, program.address, locale="en-GB", ignore_https_errors=True)
        assert program.address.startswith("https://")
        one.read(real, "TLS-1")
        assert one.page.locator("h1").inner_text() == "Unsure: refer to a radiologist"
        one.page.get_by_role("button", name="Español").click()
        assert one.page.locator("html").get_attribute("lang") == "es"
        one.page.goto("/status")
        printed = next(line.split()[-1] for line in program.told if line.startswith("Certificate"))
        assert one.page.get_by_text(printed).is_visible()
        cookies = one.context.cookies()
        assert cookies and all(one["secure"] and one["httpOnly"] and one["sameSite"] == "Strict" for one in cookies)
        assert one.complaints == []
        one.context.close()
    finally:
        program.close()
