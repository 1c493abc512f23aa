"""Films are sent in a real browser: limits are told before a byte is sent; a batch is followed where the eye is."""

import pytest
from playwright.sync_api import expect

from tests.support.browsed import Watched, png
from tests.support.films import draw_film
from tests.support.site import served_site

SIZES = ({"width": 360, "height": 740}, {"width": 1280, "height": 800})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the address of a page without a reading."""
    with served_site(tmp_path_factory.mktemp("state"), lambda kept: None) as address:
        yield address


@pytest.fixture(params=SIZES, ids=lambda size: str(size["width"]))
def looked(chromium, site, request):
    """Return a page at the site in one of the sizes; nothing may be complained of."""
    one = Watched(chromium, site, viewport=request.param, locale="en-GB", has_touch=request.param["width"] < 400)
    yield one
    assert one.complaints == []
    one.context.close()


def films(first: int, count: int) -> list[tuple[str, bytes]]:
    """Return drawn films that differ."""
    return [(f"chest-{seed}.png", png(draw_film(seed, 300, 260))) for seed in range(first, first + count)]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.dcm", b"", "The file is empty."),
        ("letter.dcm", b"%PDF-1.7 and more", "This is a PDF document. Films are DICOM, PNG, JPEG"),
        ("large.dcm", bytes(33 << 20), "The file has 33.0 MiB; at most 32 MiB are allowed."),
    ],
)
def test_a_file_that_cannot_be_a_film_is_told_before_a_byte_is_sent(chromium, site, name, content, sentence):
    one = Watched(chromium, site, locale="en-GB")
    one.send((name, content))
    item = one.page.locator("#outcomes li")
    expect(item).to_contain_text(sentence)
    expect(item).to_contain_text(name)
    assert not [url for url in one.asked if url.endswith(("/readings", "/batches"))]
    one.context.close()


def test_too_many_films_are_told_before_a_byte_is_sent(chromium, site):
    one = Watched(chromium, site, locale="en-GB")
    one.send(*((f"{number}.png", b"x") for number in range(101)))
    expect(one.page.locator("#outcomes li")).to_contain_text("101 films were chosen; at most 100 are sent at once.")
    assert not [url for url in one.asked if url.endswith(("/readings", "/batches"))]
    one.context.close()


def test_a_batch_is_followed_labelled_and_stays_when_it_is_loaded_again(looked):
    page, first = looked.page, 100 * looked.page.viewport_size["width"]
    looked.send(*films(first, 4), ("words.txt", b"no film"), label="B-1")
    expect(page.locator("#outcomes-part .said")).to_be_in_viewport()  # where the eye is
    expect(page.get_by_role("link", name="Send more films")).to_be_visible()  # the page of the batch itself
    expect(page.locator(".said")).to_have_text("All 5 films are done.")
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.locator("tr[data-number='5']")).to_contain_text("is text that begins 'no film'")
    field = page.get_by_label(f"Patient label of chest-{first + 1}.png")
    field.fill("B-2")
    with page.expect_response("**/labels"):
        field.press("Tab")
    expect(page.get_by_text("✓ saved")).to_be_visible()
    page.reload()
    labels = [one.input_value() for one in page.locator("td.label input").all()]
    assert labels == ["B-1", "B-2", "B-1", "B-1", "B-1"]
    assert sum(int(one) for one in page.locator(".counts strong").all_inner_texts()) == 5
    page.get_by_role("link", name="Open in the history").click()
    expect(page.locator("table.worklist tbody tr")).to_have_count(4)


def test_a_batch_that_is_looked_at_from_elsewhere_goes_on_by_itself(chromium, site):
    sender, other = (Watched(chromium, site, locale="en-GB") for _ in range(2))
    held, late = [], []  # the device gets the films only later
    sender.page.route("**/readings", lambda route: route.continue_() if late else held.append(route))
    sender.send(*films(7, 3))
    expect(sender.page.locator("#batch tbody tr")).to_have_count(3)
    with sender.page.expect_request("**/rows") as asked:
        pass
    other.page.goto(asked.value.url.removesuffix("/rows"))
    expect(sender.page).to_have_url(other.page.url)  # loaded again, it tells what is missing
    expect(other.page.locator(".said")).to_contain_text("The others wait on the page that sends them.")
    late.append(True)
    for route in held:
        route.continue_()
    expect(other.page.locator(".said")).to_have_text("All 3 films are done.")
    expect(sender.page.get_by_role("link", name="Send more films")).to_be_visible()  # the page of the batch itself
    for one in (sender, other):
        one.page.wait_for_load_state("networkidle")  # a request under way cannot be weighed
        assert one.complaints == []
        one.context.close()


def test_a_film_sent_again_says_so_and_leads_to_its_reading(looked):
    film = (
        f"again-{looked.page.viewport_size['width']}.png",
        png(draw_film(looked.page.viewport_size["width"], 300, 260)),
    )
    first = looked.read(film)
    again = looked.read(("renamed.png", film[1]), again=False)
    assert again.split("?")[0] == first
    expect(looked.page.get_by_text("This film was read before")).to_be_visible()
    looked.page.goto("/")
    looked.page.get_by_label("Read films again that were read before").check()
    looked.page.get_by_label("Choose films").set_input_files(
        [{"name": film[0], "mimeType": "image/png", "buffer": film[1]}]
    )
    looked.page.wait_for_url("**/readings/*")
    assert looked.page.url not in (first, again)


def test_without_scripts_ten_films_are_read_as_a_batch(chromium, site):
    one = Watched(chromium, site, java_script_enabled=False, locale="en-GB")
    page = one.page
    page.goto("/")
    files = [{"name": name, "mimeType": "image/png", "buffer": content} for name, content in films(500, 10)]
    page.locator("#film").set_input_files(files)
    page.get_by_role("button", name="Send the films").click()
    page.wait_for_url("**/batches/*")
    expect(page.locator("tbody tr")).to_have_count(10)
    page.get_by_label("Patient label of chest-503.png").fill("N-3")
    page.get_by_role("button", name="Save the labels").click()
    assert page.get_by_label("Patient label of chest-503.png").input_value() == "N-3"
    one.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_in_a_batch(chromium, site, scheme):
    from axe_playwright_python.sync_playwright import Axe

    found = []
    for size in SIZES:
        one = Watched(chromium, site, viewport=size, color_scheme=scheme, locale="en-GB")
        one.send(*films(800, 2), ("words.txt", b"no film"))
        expect(one.page.get_by_role("link", name="Send more films")).to_be_visible()  # the page of the batch itself
        found += [wrong["id"] for wrong in Axe().run(one.page).response["violations"]]
        over = one.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{over} pixels too wide"] if over > 0 else []
        one.context.close()
    assert found == []
