"""A film to try in one click: it is judged for real, mixes with no patient, and is gone soon; and the tour."""

from dataclasses import replace
from datetime import timedelta

import pytest

from edge_app.errors import EdgeError, MissingPackage
from edge_app.model import model_file
from edge_app.screening import decision, run_context
from edge_app.screening.result import Failed
from edge_app.web.readings import trial as trial_
from edge_app.web.readings.trial import Trials
from edge_app.web.text import finding_view, wording
from tests.support import left_out, results
from tests.support.films import draw_film, png
from tests.support.forms import token_of


@pytest.fixture
def context(model_path):
    """Return what holds for a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer")


def _try(browser):
    return browser.post("/try", data={"csrf_token": browser.token})


def _result():
    return results.judged("", "ab" * 32, grey=draw_film(1, 300, 260))


def test_one_click_shows_a_reading_that_is_nowhere_else(browser, kept):
    counted = dict(kept.inference_queue.counts)
    answer = _try(browser)
    assert answer.status_code == 303
    place = answer.headers["Location"]
    page = browser.get(place)
    assert page.status_code == 200
    assert "not of a patient here" in page.text and "MIT licence" in page.text
    assert "Delete it now" not in page.text and "Kept until" not in page.text
    assert browser.get(f"{place}/film.jpg").data.startswith(b"\xff\xd8")
    assert browser.get(f"{place}.json").json["scores"]
    assert kept.reading_store.count() == 0 and kept.reading_store.verdicts() == {}
    assert kept.inference_queue.counts == counted
    assert browser.get("/api/v1/results").json["total"] == 0
    assert browser.get("/api/v1" + place.replace("readings", "results")).status_code == 404
    assert browser.post(f"{place}/delete", data={"csrf_token": browser.token}).status_code == 404


def test_a_form_of_another_site_reads_nothing(browser):
    assert browser.post("/try").status_code == 403
    assert browser.get("/try").status_code == 405


def test_where_the_sample_is_not_installed_the_film_of_the_model_is_tried(monkeypatch):
    def missing():
        raise MissingPackage("sample film: package 'pydicom-data' is not installed")

    assert Trials().available and Trials(b"golden").film() != b"golden"
    monkeypatch.setattr(trial_.sample, "path", missing)
    assert Trials(b"golden").film() == b"golden" and Trials(b"golden").available
    assert Trials().film() is None and not Trials().available


def test_without_a_film_there_is_no_button(browser, kept, monkeypatch):
    monkeypatch.setattr(trial_, "_sample_path", lambda: None)
    monkeypatch.setattr(kept.trials, "_golden", b"")
    for path in ("/", "/tour"):
        assert "Try a sample film" not in browser.get(path).text
    assert _try(browser).status_code == 404


def test_a_reading_is_forgotten_after_an_hour_and_only_a_few_are_held(context, monkeypatch):
    trials = Trials()
    first = trials.keep(_result(), context)
    assert trials.get(first.id) is first and trials.picture(first.id, "heat.png")
    assert trials.picture(first.id, "none") is None
    later = [trials.keep(_result(), context) for _ in range(trial_.MOST)]
    assert trials.get(first.id) is None and all(trials.get(one.id) for one in later)
    now = trial_._now()
    monkeypatch.setattr(trial_, "_now", lambda: now + trial_.KEPT + timedelta(seconds=1))
    assert not any(trials.get(one.id) or trials.picture(one.id, "film.jpg") for one in later)


def test_a_film_that_failed_is_not_kept(context):
    with pytest.raises(EdgeError, match="report it"):
        Trials().keep(Failed("", "a film: failed inside this program; report it."), context)


def test_a_busy_queue_says_when_to_come_again(browser, kept):
    taken = 0
    while kept.inference_queue._room.acquire(blocking=False):
        taken += 1
    try:
        answer = _try(browser)
    finally:
        for _ in range(taken):
            kept.inference_queue._room.release()
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) >= 1


def test_the_tour_shows_five_verdicts_the_order_and_figures_of_the_card(browser, kept):
    page = browser.get("/tour").text
    for verdict in decision.VERDICTS:
        words = wording.VERDICTS[verdict]
        assert f'<div class="verdict {words.kind}">' in page and words.symbol in page
    point = kept.context.row()["operating_point"]["findings"]
    with browser.application.test_request_context("/"):  # its language
        figures = [finding_view.of_100(one["sensitivity"]) for one in point.values()]
    assert all(figure in page.replace("&nbsp;", " ") for figure in figures)
    assert token_of(browser.get("/tour"))


def test_hospitals_left_out_are_told_one_by_one(spoken, context):
    from edge_app.model import card

    assert finding_view.hospitals(context.points) == {}
    context = replace(context, card=card.parse(left_out.card(dict(context.card.raw))))
    told = finding_view.hospitals(context.points)
    assert set(told) == set(context.points)
    for label, rows in told.items():
        hospitals = context.points[label].left_out.hospitals
        assert [(one.name, one.films) for one in rows] == [(one.name, one.films) for one in hospitals]
        assert [bool(one.caught) for one in rows] == [bool(one.figures["sensitivity"]) for one in hospitals]
    assert [one.name for one in finding_view.figures(context.row())] == ["COVID-19", "Other pneumonia"]


def test_a_film_of_a_patient_is_no_trial(browser):
    from tests.support.forms import classify

    page = browser.get(f"/readings/{classify(browser, png()).json['id']}").text
    assert "not of a patient here" not in page and "Delete it now" in page
