"""Films in a real browser: they are sent, refused or read, and the reading is looked at, printed and downloaded."""

import base64
import json
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.browsed import Watched, png, upside_down
from tests.support.films import draw_film


def test_a_film_is_sent_and_its_verdict_is_that_of_the_command_line(watched, real, said):
    watched.read(real, "bed 7")
    page = watched.page
    expect(page.locator("h1")).to_have_text("Unsure: refer to a radiologist")
    assert said["verdict"] == "unsure: refer to a radiologist"
    findings = page.get_by_role("list", name="Findings").get_by_role("listitem")
    expect(findings).to_have_text(["◆ COVID-19: unsure", "■ Other pneumonia: suspected"])
    assert [one["answer"] for one in said["findings"].values()] == ["unsure", "suspected"]
    expect(page.get_by_text("Other pneumonia is suspected too")).to_be_visible()
    shown = page.locator(".bars .covid .value").inner_text()
    assert shown == f"{said['scores']['covid']:.3f}"
    assert page.locator(".bars .covid svg.bar").get_attribute("aria-label").startswith("COVID-19: score")
    assert page.locator(".about").inner_text().count("bed 7") == 1
    assert "Research and triage aid, not a diagnosis." in page.locator("header").inner_text()
    assert page.locator(".about").inner_text().count("ward 3 MEIER.dcm") == 1


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
    expect(page.locator("img.lungs")).not_to_be_visible()


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
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("img.under")).to_be_visible()
    expect(page.get_by_role("button", name="Print")).not_to_be_visible()
    expect(page.get_by_role("navigation").first).not_to_be_visible()
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
    expect(page.locator(".often")).to_have_count(0)
    page.get_by_label("How many of 100 people X-rayed here have COVID-19?").fill("5")
    page.get_by_role("button", name="Calculate").click()
    expect(page.locator(".often")).to_have_count(1)
    page.get_by_label("How many have another pneumonia?").fill("10")
    page.get_by_role("button", name="Calculate").click()
    covid, pneumonia = page.locator(".often").all_inner_texts()
    assert "If 5 of 100 people X-rayed here have COVID-19:" in covid and "PPV" not in covid  # it is unsure
    assert "If 10 of 100 people X-rayed here have another pneumonia:" in pneumonia and "PPV" in pneumonia
    page.goto(page.url.split("?")[0] + "?in100=200")
    expect(page.get_by_text("Enter a number from 0.1 to 99.9.")).to_be_visible()


def test_a_film_upside_down_is_refused_and_what_it_says_put_right_is_offered(watched):
    watched.read(("film.png", upside_down()))
    page = watched.page
    expect(page.locator("h1")).to_have_text("Refused: no verdict")
    assert "The film is rotated" in page.locator(".verdict").inner_text()
    expect(page.locator(".offer").get_by_text("Reading after a rotation by 180 degrees:")).to_be_visible()
    expect(page.locator("img.heat")).to_have_count(0)
    expect(page.locator(".bars")).to_have_count(0)


def test_a_file_that_is_no_film_gets_a_sentence_and_no_reading(watched):
    watched.send(("holiday.txt", b"not a film at all"))
    item = watched.page.locator("#outcomes li")
    item.get_by_text("This file could not be read as a film").wait_for()
    assert "error" in item.get_attribute("class")
    expect(item.get_by_role("link")).to_have_count(0)
    assert "is text that begins" in item.locator(".why").inner_text()
    assert item.locator(".why").get_attribute("lang") == "en"
    assert watched.page.url.endswith("/")


def test_several_films_at_once_each_get_an_outcome(watched, real):
    films = [real, ("drawn.png", png(draw_film(5, 480, 400))), ("words.txt", b"no film")]
    watched.send(*films, label="three")
    page = watched.page
    page.wait_for_url("**/batches/*")  # where it stays
    expect(page.get_by_text("All 3 films are done.").first).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("tbody td.file a")).to_have_count(2)
    expect(page.locator("tbody td.file")).to_have_text(["ward 3 MEIER.dcm", "drawn.png", "words.txt"])
    assert [field.input_value() for field in page.locator("td.label input").all()] == ["three"] * 3


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
    expect(page.locator("h1")).to_have_text("Unsure: refer to a radiologist")


def test_without_scripts_a_film_is_read_all_the_same(chromium, served, real):
    plain = Watched(chromium, served.address, locale="en-GB", java_script_enabled=False)
    plain.page.goto("/")
    plain.page.get_by_label("Choose films").set_input_files({"name": real[0], "mimeType": "", "buffer": real[1]})
    plain.page.get_by_role("button", name="Send the films").click()
    expect(plain.page.locator("h1")).to_have_text("Unsure: refer to a radiologist")
    plain.page.goto("/")
    plain.page.get_by_label("Choose films").set_input_files({"name": "a.txt", "mimeType": "", "buffer": b"no film"})
    plain.page.get_by_role("button", name="Send the films").click()
    expect(plain.page.locator("h1")).to_have_text("This file could not be read as a film")
    plain.context.close()
