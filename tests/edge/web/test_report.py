"""The report: a reading on one page of paper, read back and drawn by Poppler."""

from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from edge_app.gate import refusal
from edge_app.screening import decision
from edge_app.screening.shot import Shot
from edge_app.web.readings import layers
from tests.support import poppler, results
from tests.support.films import draw_film

pytestmark = poppler.needed

LABEL, NAME = "Ward 3, bed 2", "Thorax left.dcm"
FACTS = {"date": "2026-04-12", "view": "PA", "age_group": "40-49", "orientation": "L/F", "manufacturer": "Acme & Sons"}
TIME = datetime(2026, 11, 30, 8, 15, tzinfo=UTC)
# What the page of every reading holds beside its own words.
ALWAYS = ("Research and triage aid, not a diagnosis.", "Chest X-ray screening", LABEL, NAME, "Nov 30, 2026", "refer")


def _hot(rows=slice(1, 4), columns=slice(5, 8)):
    """Return logits of a chance of 0.99 in one place, and of nearly 0 elsewhere."""
    heat = np.full((10, 10), -8, np.float32)
    heat[rows, columns] = 5
    return heat


@pytest.fixture
def keep(kept, browser):
    """Return a function that keeps a result with a drawn film and returns its reading."""

    def keep(result, grey=None, label=LABEL, name=NAME, facts=FACTS, **more):
        grey = draw_film(3, 400, 360) if grey is None else grey
        return kept.reading_store.keep(
            replace(result, grey=grey, time=TIME), kept.context, label, name=name, facts=facts, **more
        )

    return keep


@pytest.fixture
def report(browser):
    """Return a function that asks for the report of a reading."""

    def report(reading, language="en", **asked):
        answer = browser.get(
            f"/readings/{reading.id}/report.pdf", query_string=asked, headers={"Accept-Language": language}
        )
        assert answer.status_code == 200 and answer.mimetype == "application/pdf"
        return answer.data

    return report


def _judged(verdict=decision.COVID, heat=None, **more):
    found = results.inference(heat=_hot() if heat is None else heat, chances=True)
    return results.judged("", "ab" * 32, verdict, found, **more)


@pytest.mark.parametrize(
    ("verdict", "symbol", "title"),
    [
        (decision.COVID, "▲", "COVID-19 suspected"),
        (decision.UNSURE, "◆", "Unsure: refer to a radiologist"),
        (decision.PNEUMONIA, "■", "Other pneumonia suspected"),
        (decision.NORMAL, "○", "No finding suspected"),
    ],
)
def test_every_verdict_is_one_page_of_text(keep, report, verdict, symbol, title, kept):
    reading = keep(_judged(verdict))
    pdf = report(reading)
    said, told = poppler.text(pdf), poppler.info(pdf)
    assert told["Pages"] == "1" and told["Page size"].endswith("(A4)")
    assert told["Title"] == f"{title} · Chest X-ray screening" and b"/Lang (en)" in pdf
    for words in (*ALWAYS, symbol, title, kept.context.sha256[:16], "Taken on Apr 12, 2026", "PA (from behind)"):
        assert words in said
    assert "40 to 49 years" in said and "Acme & Sons" in said and "at the right of the picture" in said
    assert "score 0.900 of 1" in said and "score 0.200 of 1" in said and "It means" in said
    assert said.startswith("Chest X-ray screening Research and triage aid, not a diagnosis.")


def test_all_fonts_are_embedded_and_all_text_can_be_selected(keep, report):
    found = poppler.fonts(report(keep(_judged())))
    assert {name.partition("+")[2] for name, _, _ in found} == {"DejaVuSansCondensed", "DejaVuSansCondensed-Bold"}
    assert all(embedded and unicode for _, embedded, unicode in found)


def test_its_metadata_name_nobody_and_its_time_is_the_readings(keep, report):
    pdf = report(keep(_judged()))
    told = poppler.info(pdf)
    assert not any(word in value for value in told.values() for word in ("Ward", "Thorax", "Acme"))
    assert told["Subject"] == "Research and triage aid, not a diagnosis."
    assert b"D:20261130081500Z" in pdf


def test_the_same_reading_gives_the_same_bytes(keep, report):
    reading = keep(_judged())
    first = report(reading)
    assert report(reading) == first
    assert report(reading, "es") != first


def test_it_says_how_often_the_answer_is_right_at_the_prevalence_that_is_asked_for(keep, report):
    reading = keep(_judged())
    assert "If 7 of 100 people X-rayed here have COVID-19: Of 100 people with this answer" in poppler.text(
        report(reading, in100="7")
    )
    assert "people X-rayed here" not in poppler.text(report(reading))


def test_the_pages_link_passes_the_prevalence_on(keep, browser):
    reading = keep(_judged())
    shown = browser.get(f"/readings/{reading.id}?in100=7&id=1&_external=1").text
    assert f'href="/readings/{reading.id}/report.pdf?in100=7"' in shown


def _places(pdf):
    """Return the boxes (left, top, right, bottom) of the pictures in pixels, by the words above and below them."""
    words = poppler.words(pdf)
    caption = next(box for at, (word, box) in enumerate(words) if (word, words[at + 1][0]) == ("The", "film"))
    sides = [(word, box) for word, box in words if word in ("left", "picture") and box[1] > caption[3]]
    lefts = [box for at, (word, box) in enumerate(sides) if word == "left" and sides[at + 1][0] == "picture"]
    rights = [sides[at + 2][1] for at, (word, _) in enumerate(sides) if word == "left" and at + 2 < len(sides)]
    return [
        tuple(round(side) for side in (left[0], caption[3] + 4, right[2], left[1] - 4))
        for left, right in zip(lefts, rights, strict=False)
        if left[1] == lefts[0][1]
    ]


def _cut(page, box):
    left, top, right, bottom = box
    return page[top:bottom, left:right].astype(np.float32)


def test_the_film_and_both_maps_lie_side_by_side(keep, report, kept):
    reading = keep(_judged())
    pdf = report(reading)
    page, places = poppler.drawn(pdf), _places(pdf)
    assert len(places) == 3
    film = cv2.imdecode(np.frombuffer(kept.reading_store.picture(reading.id, layers.FILM), np.uint8), 0)
    shown = _cut(page, places[0])
    expected = cv2.resize(film, shown.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.corrcoef(shown.mean(axis=2).ravel(), expected.ravel())[0, 1] > 0.95
    colour = [np.ptp(_cut(page, place), axis=2) for place in places]
    assert (colour[0] > 20).mean() < 0.01, "the film is grey"
    for map_ in colour[1:]:
        hot = map_[int(0.32 * len(map_)) : int(0.42 * len(map_)), int(0.55 * len(map_[0])) : int(0.7 * len(map_[0]))]
        assert hot.mean() > 40, "hot where the map is"
        assert map_[int(0.85 * len(map_)) :].mean() < 10, "cold outside the box"


def test_a_copy_in_black_and_white_keeps_the_map(keep, report):
    pdf = report(keep(_judged(heat=_hot()), grey=np.full((400, 360), 90, np.uint8)))
    page, places = poppler.drawn(pdf).mean(axis=2) > 225, _places(pdf)
    film, map_ = (_cut(page, place) for place in places[:2])
    assert film[3:-3, 3:-3].mean() == 0, "a copier makes this film black"
    rim = np.argwhere(map_[3:-3, 3:-3] > 0) / map_.shape
    assert len(rim) > 80, "white rims of the lines"
    low, high = rim.min(axis=0), rim.max(axis=0)
    # The box is rows 0.2 to 0.8 and columns 0.15 to 0.9 of the film; hot are its tenths 1 to 4 and 5 to 8.
    assert low == pytest.approx([0.2 + 0.06, 0.15 + 0.375], abs=0.06)
    assert high == pytest.approx([0.2 + 0.24, 0.15 + 0.6], abs=0.06)


def test_words_symbol_and_border_are_there_in_black_and_white(keep, report):
    pdf = report(keep(_judged()))
    page = poppler.drawn(pdf, "-mono")
    assert set(np.unique(page)) <= {0, 255}
    top = next(box for word, box in poppler.words(pdf) if word == "suspected")
    line = page[round(top[1]) - 30 : round(top[3]) + 60, 58:62].min(axis=(1, 2))
    assert (line == 0).sum() > 40, "the left side of the frame"


def test_a_refused_film_says_why_and_what_to_do_and_no_score(keep, report):
    result = results.refused("", "cd" * 32, refusal.DARK, "the film is <too> dark")
    pdf = report(keep(result))
    said = poppler.text(pdf)
    for words in (*ALWAYS, "✕ Refused: no verdict", "The film is too dark", "Repeat the radiograph", "is <too> dark"):
        assert words in said
    assert "score" not in said and "Heat map" not in said and "It says nothing about the patient." in said
    assert poppler.pictures(pdf) == 1 and poppler.info(pdf)["Pages"] == "1"


def test_a_photograph_says_so(keep, report):
    shot = Shot("upload", 3, {"covid": (0.8, 0.95)})
    said = poppler.text(report(keep(_judged(shot=shot), photograph=True)))
    assert "Read from photographs of the film, which show less than its file." in said
    assert "The scores are medians of 3 pictures." in said and "check the side marker" in said


def test_heat_outside_the_lungs_is_warned_of(keep, report):
    found = results.inference(heat=_hot(), heat_inside=0.1, chances=True)
    said = poppler.text(report(keep(results.judged("", "ab" * 32, decision.COVID, found))))
    assert "! Most of the heat lies outside the lungs: do not trust this reading." in said


def test_an_empty_map_is_said_to_be_empty(keep, report):
    found = results.inference(heat=np.full((5, 5), -4, np.float32), heat_inside=None, chances=True)
    said = poppler.text(report(keep(results.judged("", "ab" * 32, decision.NORMAL, found))))
    assert said.count("The heat map is empty") == 2


def test_a_reading_of_an_older_program_has_one_map(keep, report):
    found = results.inference(heat=np.full((5, 5), 9, np.float32))
    pdf = report(keep(results.judged("", "ab" * 32, decision.COVID, found)))
    assert "raise the COVID-19 score" in poppler.text(pdf)
    assert poppler.info(pdf)["Pages"] == "1"


def test_a_reading_without_pictures_is_printed_too(kept, browser, report):
    reading = kept.reading_store.keep(replace(_judged(), time=TIME), kept.context, LABEL, name=NAME)
    pdf = report(reading)
    assert poppler.pictures(pdf) == 0 and all(words in poppler.text(pdf) for words in ALWAYS)


def test_the_film_to_try_has_a_report_that_says_what_it_is(kept, browser, report):
    result = replace(_judged(), grey=draw_film(3, 400, 360))
    said = poppler.text(report(kept.trials.keep(result, kept.context)))
    assert "! A sample film, not of a patient here." in said and "Heat map: COVID-19" in said
