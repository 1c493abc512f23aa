"""The history in a real browser: readings are searched, compared, exported and deleted."""

import csv
import io

from playwright.sync_api import expect

from tests.support.browsed import upside_down


def test_history_searches_filters_compares_exports_and_deletes(watched, real):
    page = watched.page
    first = watched.read(real, "H-100")
    watched.read(("turned.png", upside_down()), "H-100")
    watched.read(real, "=H-200")
    page.goto("/history")
    page.get_by_label("File name or label contains").fill("h-1")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("table.history tbody tr")).to_have_count(2)
    page.get_by_label("Verdict", exact=True).select_option("refused")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("table.history tbody tr")).to_have_count(1)
    page.get_by_label("Verdict", exact=True).select_option("")
    page.get_by_label("To").fill("2020-01-01")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("No reading matches your search.")).to_be_visible()

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
    expect(page.locator("h1")).to_have_text("Two films of H-100")
    expect(page.locator(".pair .verdict")).to_have_count(2)
    assert page.locator(".pair section a").first.get_attribute("href") in first

    page.goto(first)
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete it now").click()
    page.goto("/history?label=H-100")
    expect(page.locator("table.history tbody tr")).to_have_count(1)
    assert page.goto(first).status == 404
    assert page.goto(first + "/film.jpg").status == 404
    assert page.locator("body").inner_text()


def test_films_of_two_patients_are_not_compared(watched, real):
    pair = [watched.read(real, label).rsplit("/", 1)[1] for label in ("C-1", "C-2")]
    assert watched.page.goto(f"/compare?a={pair[0]}&b={pair[1]}").status == 400
    expect(watched.page.get_by_text("only films of one patient are compared")).to_be_visible()
