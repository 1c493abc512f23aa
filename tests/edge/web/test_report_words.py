"""The report in every language and script, with the longest words that can come: all stay on the page."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from edge_app.gate import refusal
from edge_app.imaging import dicom_facts
from edge_app.model import card as card_
from edge_app.screening import decision, finding
from edge_app.screening.shot import Shot
from edge_app.web.http.request_helpers import MOST_LABEL
from edge_app.web.report import fonts
from tests.support import left_out, poppler, results
from tests.support.films import draw_film

pytestmark = poppler.needed

TIME = datetime(2026, 11, 30, 8, 15, tzinfo=UTC)
# Points that a printer may not reach, 8 mm, in pixels of `poppler.drawn`.
UNPRINTED = 23 * poppler.DPI / 72


@pytest.fixture
def printed(kept, browser):
    """Return a function that keeps a result and returns its report."""

    def printed(result, language="en", label="", grey=None, context=None, asked=None, **more):
        grey = draw_film(3, 400, 360) if grey is None else grey
        result = replace(result, grey=grey, time=TIME)
        reading = kept.reading_store.keep(result, context or kept.context, label, **more)
        headers = {"Accept-Language": language}
        return browser.get(f"/readings/{reading.id}/report.pdf", query_string=asked or {}, headers=headers).data

    return printed


def _judged(**more):
    heat = np.full((10, 10), -8, np.float32)
    heat[2:6, 3:6] = 5
    return results.judged("", "ab" * 32, found=results.inference(heat=heat, chances=True), **more)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", ("Sospecha de COVID-19", "0,900", "30 nov 2026")),
        ("fr", ("COVID-19 suspecté", "0,900", "30 nov. 2026")),
    ],
)
def test_it_is_in_the_readers_language(printed, language, words):
    pdf = printed(_judged(), language)
    assert f"/Lang ({language})".encode() in pdf
    assert all(one in poppler.text(pdf) for one in words)


@pytest.mark.parametrize("label", ["Ångström №7", "Ωμέγα 3", "Пётр Иванов", "Łódź", "Հայկ", "A\u030angstro\u0308m"])
def test_letters_of_the_font_are_printed_as_they_are(printed, label):
    said = poppler.text(printed(_judged(), label=label))
    assert fonts.printable(label) in said and "[U+" not in said and "Label by hand" not in said


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("王小明 7", "[U+738B U+5C0F U+660E] 7"),
        ("दीपक", "[U+0926 U+0940 U+092A U+0915]"),
        ("דוד", "[U+05D3 U+05D5 U+05D3]"),
        ("علي 3", "[U+0639 U+0644 U+064A] 3"),
        ("bed 😀", "bed [U+1F600]"),
    ],
)
def test_other_letters_are_told_by_their_numbers_and_leave_a_line_to_write_on(printed, label, shown):
    said = poppler.text(printed(_judged(), label=label))
    assert shown in said and "Label by hand" in said


def test_markup_in_a_label_or_a_name_is_text(printed):
    label, name = '<b>&amp;</b><a href="x">', "<para>&lt;.dcm"
    said = poppler.text(printed(_judged(), label=label, name=name))
    assert label in said and name in said


@pytest.mark.parametrize(
    ("language", "size"),
    [
        ("en-US", "letter"),
        ("es-MX", "letter"),
        ("fr-CA,fr;q=0.5", "letter"),
        ("en-GB", "A4"),
        ("es", "A4"),
    ],
)
def test_the_paper_is_that_of_the_readers_country(printed, language, size):
    told = poppler.info(printed(_judged(), language))
    assert told["Page size"].endswith(f"({size})") and told["Pages"] == "1"


def _longest(context):
    """Return a context and a result of which everything that can be said is said."""
    context = replace(context, card=card_.parse(left_out.card(dict(context.card.raw))))
    shot = Shot("upload", 5, {"covid": (0.3, 0.6)})
    scores = results.SCORES | {"covid": 0.5}
    heat = np.full((10, 10), -8, np.float32)
    found = results.inference(scores, heat=heat, heat_inside=None, chances=True)
    said = {"covid": finding.UNSURE, "pneumonia": finding.SUSPECTED}
    return context, results.judged("", "ab" * 32, decision.UNSURE, found, shot=shot, **said)


@pytest.mark.parametrize("language", ["en", "es", "fr", "fr-CA"])
@pytest.mark.parametrize("shape", [(400, 360), (300, 640), (900, 300)], ids=str)
def test_the_longest_words_stay_on_the_page(printed, kept, language, shape):
    context, result = _longest(kept.context)
    facts = dict.fromkeys(dicom_facts.NAMES, "W" * dicom_facts.MOST_LETTERS)
    facts |= {"date": "2026-09-30", "view": "AP", "age_group": "90+", "orientation": "L/F", "laterality": "B"}
    more = {"label": "王" * MOST_LABEL, "name": "W" * 251 + ".dcm", "facts": facts | {"pixel_mm": "0.1435 x 0.1675"}}
    asked = {"in100": "12.5", "in100-pneumonia": "22.5"}
    pdf = printed(result, language, grey=draw_film(3, *shape), context=context, asked=asked, photograph=True, **more)
    page = poppler.drawn(pdf)
    assert poppler.info(pdf)["Pages"] == "1" and poppler.pictures(pdf) == 5
    for word, (left, top, right, bottom) in poppler.words(pdf):
        assert left > UNPRINTED and right < page.shape[1] - UNPRINTED, word
        assert top > UNPRINTED and bottom < page.shape[0] - UNPRINTED, word


def test_a_long_refusal_stays_on_the_page(printed):
    result = results.refused("", "cd" * 32, refusal.FILM_PHOTOGRAPH, "word " * 200)
    pdf = printed(result, "fr", label="W" * MOST_LABEL)
    page = poppler.drawn(pdf)
    assert all(box[3] < page.shape[0] - UNPRINTED for _, box in poppler.words(pdf))


def test_words_that_are_cut_end_in_dots(printed):
    said = poppler.text(printed(_judged(), name="film " * 60 + ".dcm"))
    assert "film…" in said or "film …" in said
