import re

import numpy as np
import pytest

from tests.support.html_tags import Tags
from train.reporting.page import Fact, Page, one_plot


def curve():
    figure, axes = one_plot()
    axes.plot([0, 1], [0, 1])
    return figure


@pytest.fixture(scope="module")
def html():
    page = Page("Films & <lungs>", "One sentence.", made="here, today")
    page.facts([Fact("AUC", "0.715", "0.454 to 0.902", "at least 0.80", met=False), Fact("n", "61")])
    section = page.section("First: all films", "Read `covid-chestxray-dataset` **first** <b>.")
    section.heading("Below")
    section.note("not measured")
    section.table(("source", "AUC"), [("a < b", 0.5)], "Test films.")
    section.figure(curve(), "a line that rises", "A line.")
    section.picture(np.zeros((8, 8), np.uint8), "black")
    section.figure(curve(), "a line again", kind="png")
    page.section("Second")
    return page.html()


def test_a_page_needs_nothing_outside_it(html):
    tags = Tags(html)
    images = tags.all("img")
    assert [image["src"].partition(",")[0] for image in images] == [
        "data:image/svg+xml;base64",
        "data:image/png;base64",
        "data:image/png;base64",
    ]
    assert all(image["alt"] for image in images)
    assert not tags.all("script") and not tags.all("link") and not tags.all("iframe")
    assert not re.search(r"https?:|url\(|@import", html)


def test_contents_lead_to_every_section(html):
    tags = Tags(html)
    assert [link["href"] for link in tags.all("a")] == ["#1-first-all-films", "#2-second"]
    assert {"1-first-all-films", "2-second"} <= {heading.get("id") for heading in tags.all("h2")}


def test_text_is_escaped_and_only_two_marks_become_markup(html):
    assert "<title>Films &amp; &lt;lungs&gt;</title>" in html
    assert "Read <code>covid-chestxray-dataset</code> <strong>first</strong> &lt;b&gt;." in html
    assert '<th scope="row">a &lt; b</th><td class="number">0.5</td>' in html


def test_a_fact_says_whether_its_target_was_met(html):
    assert '<li class="missed">' in html
    assert "target: at least 0.80; not met" in html


def test_the_same_page_gives_the_same_bytes():
    pages = []
    for _ in range(2):
        page = Page("Twice")
        page.section("One").figure(curve(), "a line")
        pages.append(page.html())
    assert pages[0] == pages[1]


def test_wrong_use_is_refused():
    section = Page("Wrong").section("One")
    with pytest.raises(ValueError, match=r"has 1 cells; the header has 2"):
        section.table(("a", "b"), [("c",)])
    with pytest.raises(ValueError, match="needs an alternative text"):
        section.figure(curve(), alt="")


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    page = Page("Ü")
    page.write(tmp_path / "page.html")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert "<h1>Ü</h1>" in (tmp_path / "page.html").read_text(encoding="utf-8")
