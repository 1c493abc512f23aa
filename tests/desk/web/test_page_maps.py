"""A reading's findings in a real browser: the map of each is chosen, by keys and by touch; a film to try; the tour."""

from playwright.sync_api import expect

from tests.support.browsed import Watched


def test_the_map_of_each_finding_is_chosen_by_keyboard(watched, real):
    watched.read(real)
    page, heat = watched.page, watched.page.locator("img.heat")
    page.evaluate("window.heard = []; addEventListener('heat:chosen', one => heard.push(one.detail))")
    assert heat.get_attribute("src").endswith("/heat.png")  # the verdict is about COVID-19
    page.get_by_role("radio", name="COVID-19").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Other pneumonia")).to_be_checked()
    assert heat.get_attribute("src").endswith("/heat-pneumonia.png")
    assert heat.get_attribute("alt").startswith("Heat map, Other pneumonia")
    page.wait_for_function("() => document.querySelector('img.heat').naturalWidth > 0")
    expect(page.locator("[data-words]:visible")).to_have_count(1)
    expect(page.get_by_text("(map of “Other pneumonia”)")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(heat).to_be_hidden()
    expect(page.locator("[data-words]:visible")).to_have_count(0)
    assert [one["label"] for one in page.evaluate("heard")] == ["pneumonia", ""]
    assert page.evaluate("heard[0].src").endswith("/heat-pneumonia.png")


def test_a_card_shows_its_map_by_touch(chromium, served, real):
    size = {"width": 360, "height": 740}
    phone = Watched(chromium, served.address, locale="en-GB", viewport=size, has_touch=True, is_mobile=True)
    phone.read(real)
    card = phone.page.get_by_role("region", name="Other pneumonia: suspected")
    card.get_by_role("button", name="Show its map on the film").tap()
    expect(phone.page.get_by_role("radio", name="Other pneumonia")).to_be_checked()
    expect(phone.page.locator("img.heat")).to_be_in_viewport()
    assert phone.complaints == []
    phone.context.close()


def test_each_finding_has_a_card_with_all_that_is_said_of_it(watched, real):
    watched.read(real)
    page = watched.page
    for name, kind in (("COVID-19: unsure", "unsure"), ("Other pneumonia: suspected", "pneumonia")):
        card = page.get_by_role("region", name=name)
        assert kind in card.get_attribute("class")
        for part in ("It means", "Its limits", "How often this answer is right", "Enter how common it is here"):
            expect(card.get_by_text(part)).to_be_visible()
        expect(card.locator("svg.bar")).to_have_count(1)
        assert "hospitals that the model was not trained on" in card.inner_text()
    assert "0.75" not in page.locator("#findings").inner_text()  # the third score decides nothing
    expect(page.get_by_text("No finding", exact=True)).to_have_count(0)


def test_without_scripts_the_map_of_the_verdict_lies_on_the_film(chromium, served, real):
    plain = Watched(chromium, served.address, locale="en-GB", java_script_enabled=False)
    plain.page.goto("/")
    plain.page.get_by_role("button", name="Try a sample film").click()
    expect(plain.page.locator("h1")).to_have_text("Unsure: refer to a radiologist")
    assert plain.page.locator("img.heat").get_attribute("src").endswith("/heat.png")
    expect(plain.page.get_by_role("radio")).to_have_count(0)
    expect(plain.page.get_by_text("(map of “COVID-19”)")).to_be_visible()
    plain.context.close()


def test_a_film_is_tried_by_keyboard_and_leaves_nothing_behind(watched):
    page = watched.page
    page.goto("/history")
    before = page.get_by_role("status").inner_text()
    page.goto("/")
    page.get_by_role("button", name="Try a sample film").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/readings/*")
    expect(page.get_by_text("A sample film, not of a patient here")).to_be_visible()
    expect(page.locator(".film .layers")).to_be_visible()
    page.get_by_role("link", name="What the verdicts mean").click()
    expect(page.locator("h1")).to_have_text("What the verdicts mean")
    expect(page.locator(".verdicts .verdict")).to_have_count(5)
    page.goto("/history")
    assert page.get_by_role("status").inner_text() == before
