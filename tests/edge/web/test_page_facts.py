"""What a DICOM header says of a film stands beside it, in the reader's words, and nowhere but with the reading."""

import csv
import io
import json

import pytest
from flask_babel import force_locale

from edge_app.web.text import facts_view
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film
from tests.support.forms import classify

ELEMENTS = {
    "AcquisitionDate": "20260412",
    "PatientAge": "047Y",
    "PatientName": "Okafor^Ngozi",
    "PatientBirthDate": "19790301",
    "InstitutionName": "St. Elsewhere",
    "PatientOrientation": ["R", "F"],
    "Manufacturer": "Acme <b>& Sons",
    "ManufacturerModelName": "DRX-1",
    "ImagerPixelSpacing": [0.1435, 0.1435],
}
FACTS = {
    "date": "2026-04-12",
    "modality": "DX",
    "view": "PA",
    "orientation": "R/F",
    "age_group": "40-49",
    "manufacturer": "Acme <b>& Sons",
    "device": "DRX-1",
    "pixel_mm": "0.1435",
}


@pytest.fixture
def row(browser, tmp_path):
    """Return what the API answers to a DICOM film."""
    path = write_dicom(tmp_path / "film.dcm", draw_film(1000, 240, 200), **ELEMENTS)
    return classify(browser, path.read_bytes()).json


def test_the_reading_shows_them(browser, row):
    shown = browser.get(f"/readings/{row['id']}").text
    for words in ("Apr 12, 2026", "PA (from behind)", "40 to 49 years", "Acme &lt;b&gt;&amp; Sons DRX-1", "0.1435 mm"):
        assert f"<dd>{words}</dd>" in shown
    assert "at the left of the picture" in shown and "digital radiography (DX)" in shown
    assert "Okafor" not in shown and "Elsewhere" not in shown and "1979" not in shown


def test_the_api_tells_them_and_keeps_them(browser, row):
    assert row["facts"] == FACTS
    assert browser.get(f"/api/v1/results/{row['id']}").json["facts"] == FACTS
    assert browser.get("/api/v1/results").json["results"][0]["facts"] == FACTS


def test_they_stand_in_no_row_of_results(browser, kept, row):
    assert "Acme" not in browser.get(f"/readings/{row['id']}.json").text
    assert "Acme" not in browser.get("/history.csv").text
    assert not any(
        "Acme" in cell for line in csv.reader(io.StringIO(browser.get("/history.csv").text)) for cell in line
    )
    rows = kept.reading_store._base.execute("SELECT * FROM films").fetchall()
    assert rows and "Acme" not in json.dumps(rows, default=str)


def test_what_is_erased_is_gone_from_the_disk(browser, kept, row):
    path = kept.reading_store._store.path
    kept.reading_store.erase()
    files = [file.read_bytes() for file in path.parent.glob(f"{path.name}*")]
    assert files and not any(b"Acme" in content for content in files)


def test_a_film_without_a_header_has_none(browser):
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(draw_film(1000, 240, 200)).save(content, "PNG")
    row = classify(browser, content.getvalue()).json
    assert row["facts"] == {}
    assert "Age group" not in browser.get(f"/readings/{row['id']}").text


@pytest.mark.parametrize(("code", "day", "size"), [("en", "Apr 12, 2026", "0.1435"), ("fr", "12 avr. 2026", "0,1435")])
def test_dates_and_numbers_are_written_as_the_reader_does(spoken, code, day, size):
    with force_locale(code):
        told = [value for _, value in facts_view.told(FACTS)]
    assert day in told and any(value.startswith(size) for value in told)


@pytest.mark.parametrize(
    ("code", "left", "right"), [("en", "left", "right"), ("es", "izquierd", "derech"), ("fr", "gauche", "droit")]
)
def test_no_language_swaps_the_sides(spoken, code, left, right):
    with force_locale(code):
        values = {
            (name, side): facts_view.told({name: side})[0][1] for name in ("laterality", "orientation") for side in "LR"
        }
    assert left in values["laterality", "L"] and right in values["laterality", "R"]
    # Where rows run to the patient's left, that is at the right of the picture.
    assert right in values["orientation", "L"] and left in values["orientation", "R"]


@pytest.mark.parametrize(
    ("group", "words"), [("0-15", "0 to 15 years"), ("16-19", "16 to 19 years"), ("90+", "90 years or older"), ("", "")]
)
def test_age_groups_are_told_in_words(spoken, group, words):
    told = dict(facts_view.told({"age_group": group} if group else {}))
    assert told == ({"Age group": words} if words else {})


def test_pixels_of_two_sizes_are_told_with_both(spoken):
    assert facts_view.told({"pixel_mm": "0.14 x 0.1675"}) == [("Detector pixel", "0.14 x 0.1675 mm")]


def test_the_privacy_page_says_that_they_are_kept(browser):
    shown = browser.get("/privacy").text
    assert "From a DICOM header, what helps to read the film" in shown and "only the decade is kept" in shown
