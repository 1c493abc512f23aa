"""What the pages answer to odd questions: nothing that is typed into an address or a form is a fault of ours."""

import io
import re
import time
from datetime import datetime
from pathlib import Path

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from edge_app.gate import refusal
from edge_app.web.app import create_app
from edge_app.web.http.rate_limits import Bucket
from edge_app.web.http.request_helpers import MOST_LABEL
from edge_app.web.views.history import A_PAGE
from edge_app.web.views.upload import MOST_AT_ONCE
from tests.support import results
from tests.support.films import png
from tests.support.forms import token_of

JSON = {"Accept": "application/json"}


def film(seed=1000) -> io.BytesIO:
    """Return a drawn film as a PNG file."""
    return io.BytesIO(png(seed=seed))


def send(browser, *files, headers=None, **fields):
    """Send files, (content, name) each, as the form does."""
    data = {"csrf_token": browser.token, "film": list(files), **fields}
    return browser.post("/readings", data=data, headers=headers, content_type="multipart/form-data")


def fill(kept, count, label=""):
    """Keep refused films."""
    for number in range(count):
        kept.reading_store.keep(results.refused(Path("film"), f"{number:064d}", refusal.DARK), kept.context, label)


def test_a_form_leads_to_the_reading(browser, kept):
    answer = send(browser, (film(), "a.png"), label="  W-1\n ")
    assert answer.status_code == 303
    assert kept.reading_store.search()[0].label == "W-1"
    assert browser.get(answer.location).status_code == 200


def test_a_script_is_answered_in_json(browser):
    answer = send(browser, (film(), "a.png"), headers=JSON)
    assert answer.json["url"].startswith("/readings/") and answer.json["kind"] in (
        "covid",
        "unsure",
        "normal",
        "pneumonia",
    )
    assert answer.json["sentence"].startswith("COVID-19: ") and "Other pneumonia: " in answer.json["sentence"]
    refused = send(browser, (io.BytesIO(b"no film"), "a.png"), headers=JSON)
    assert refused.status_code == 422 and refused.json["kind"] == "error" and "a.png" in refused.json["sentence"]


def test_without_scripts_several_films_become_a_batch(browser):
    answer = send(browser, (film(), "a.png"), (io.BytesIO(b"no film"), "<b>.png"))
    assert answer.status_code == 303
    page = browser.get(answer.location)
    assert page.status_code == 200
    assert page.text.count("<tr data-number=") == 2 and "&lt;b&gt;.png" in page.text and "<b>.png" not in page.text
    assert "All 2 films are done." in page.text


def test_no_file_at_all_is_said(browser):
    answer = send(browser)
    assert answer.status_code == 400 and "Choose a film first" in answer.text
    assert send(browser, headers=JSON).json["sentence"].startswith("No file was sent")


def test_a_label_is_cut_and_never_markup(browser, kept):
    send(browser, (film(), "a.png"), label="<script>" + "x" * 500)
    reading = kept.reading_store.search()[0]
    assert len(reading.label) == MOST_LABEL
    for path in (f"/readings/{reading.id}", "/history"):
        assert "<script>x" not in browser.get(path).text


@pytest.mark.parametrize(
    "query",
    [
        "page=99999999999999999999999",
        "page=-3",
        "page=x",
        "since=0001-01-01&until=9999-12-31",
        "since=yesterday",
        "verdict=nonsense",
        "endpoint=a&_external=1&_anchor=b&filename=c",
        "q=%25%27%22%00",
        "label=%C3%A4",
    ],
)
def test_any_question_to_the_history_is_answered(browser, kept, query):
    fill(kept, 2, "Ä-1")
    assert browser.get(f"/history?{query}").status_code == 200
    assert browser.get(f"/history.csv?{query}").status_code == 200


def test_the_history_is_turned_page_by_page(browser, kept):
    fill(kept, A_PAGE + 2, "many")
    first, second = (browser.get(f"/history?label=many&page={page}").text for page in (1, 2))
    assert first.count('type="checkbox"') == A_PAGE and second.count('type="checkbox"') == 2
    assert 'rel="next"' in first and 'rel="prev"' not in first
    assert 'rel="prev"' in second and "label=many" in second
    assert browser.get("/history?label=many&page=77").text.count('type="checkbox"') == 2


def test_days_of_the_history_are_whole(browser, kept):
    today = lambda: datetime.now().astimezone().date().isoformat()  # noqa: E731
    before = today()
    fill(kept, 1)
    assert "1 reading" in browser.get(f"/history?since={before}&until={today()}").text
    assert "0 readings" in browser.get("/history?until=2020-01-01").text


@pytest.fixture
def central_europe(monkeypatch):
    """Have the clock of central Europe, by the rule itself: the machine need not know any zone."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("moment", "day", "other"),
    [
        ("2090-10-29T22:30:00+00:00", "2090-10-29", "2090-10-30"),  # the last hour of a day of 25
        ("2090-03-26T22:30:00+00:00", "2090-03-27", "2090-03-26"),  # the first hour after a day of 23
    ],
)
def test_a_day_on_which_clocks_change_is_whole_too(browser, kept, central_europe, moment, day, other):
    made = results.refused(Path("film"), f"{1:064d}", refusal.DARK, time=datetime.fromisoformat(moment))
    kept.reading_store.keep(made, kept.context)
    assert "1 reading" in browser.get(f"/history?since={day}&until={day}").text
    assert "0 readings" in browser.get(f"/history?since={other}&until={other}").text


def test_those_ticked_are_deleted_or_compared(browser, kept):
    fill(kept, 3, "one")
    ids = [reading.id for reading in kept.reading_store.search()]
    post = lambda do, *chosen: browser.post(  # noqa: E731
        "/history/selected", data={"csrf_token": browser.token, "do": do, "reading": list(chosen)}
    )
    assert post("compare", ids[0]).status_code == 400
    assert browser.get(post("compare", *ids[:2]).location).status_code == 200
    assert post("delete", ids[0], "no such reading").status_code == 303
    assert kept.reading_store.count() == 2


def test_erasing_asks_to_be_sure(browser, kept):
    fill(kept, 1)
    assert browser.post("/privacy/erase", data={"csrf_token": browser.token}).status_code == 400
    assert kept.reading_store.count() == 1
    assert (
        "1 reading was erased" in browser.post("/privacy/erase", data={"csrf_token": browser.token, "sure": "1"}).text
    )
    assert kept.reading_store.count() == 0


def test_the_language_is_kept_in_a_cookie_of_this_site_alone(browser):
    answer = browser.post("/language", data={"csrf_token": browser.token, "language": "es", "next": "//evil.example"})
    assert answer.location == "/"
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("language="))
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert '<html lang="es">' in browser.get("/").text
    browser.post("/language", data={"csrf_token": browser.token, "language": "../../xx"})
    assert '<html lang="es">' in browser.get("/").text


def test_pictures_and_data_of_no_reading_are_not_there(browser, kept):
    fill(kept, 1)
    id = kept.reading_store.search()[0].id
    for path in (
        "/readings/x",
        "/readings/x.json",
        "/readings/x/film.jpg",
        f"/readings/{id}/film.jpg",
        f"/readings/{id}/a",
    ):
        assert browser.get(path).status_code == 404
    assert browser.get(f"/readings/{id}.json").json["verdict"] == "refused"


def test_without_a_camera_there_is_no_live_page(browser):
    assert browser.get("/live").status_code == 404
    assert "/live" not in browser.get("/").text


def test_a_photograph_is_never_judged_as_a_film(browser, kept):
    assert "Photographs of films cannot be read here" in browser.get("/").text
    answer = send(browser, (film(), "photo.png"), photograph="1")
    assert answer.status_code == 422 and "send the film&#39;s own file" in answer.text
    assert kept.reading_store.count() == 0


def test_who_sends_too_fast_is_told_when_to_come_again(browser, kept):
    browser.application.extensions["guard"].uploads = Bucket(2, 0.001)
    said = [send(browser, (io.BytesIO(b"no film"), "a.png"), headers=JSON) for _ in range(3)]
    assert [answer.status_code for answer in said] == [422, 422, 429]
    assert int(said[2].headers["Retry-After"]) > 1 and said[2].json["title"] == "Too many attempts"
    plain = send(browser, (io.BytesIO(b"no film"), "a.png"))
    assert plain.status_code == 429 and "Retry-After" in plain.headers


def test_one_form_holds_so_many_films(browser, kept):
    answer = send(browser, *((io.BytesIO(b"no film"), "a.png") for _ in range(MOST_AT_ONCE + 1)))
    assert answer.status_code == 413 and "11 films were sent at once; 10 are allowed." in answer.text


def test_behind_a_proxy_with_a_prefix_every_address_has_it(kept):
    app = create_app(kept.settings, kept)
    app.wsgi_app = ProxyFix(app.wsgi_app, 1, 1, 1, x_prefix=1)  # as `wsgi.py` does
    client, headers = app.test_client(), {"X-Forwarded-Prefix": "/xray"}
    page = client.get("/", headers=headers)
    found = re.findall(r' (?:href|src|action|data-\w+)="(/[^"]*)"', page.text)
    assert len(found) > 5
    assert [address for address in found if not address.startswith("/xray/")] == []
    data = {"csrf_token": token_of(page), "language": "es", "next": "/history?label=a"}
    action = re.search(r'action="/xray(/[^"]*language[^"]*)"', page.text)[1]
    assert client.post(action, data=data, headers=headers).location == "/xray/history?label=a"
    assert "/xray/readings" in page.text


def test_the_file_picker_offers_every_file(browser):
    """DICOM files often have no suffix, and a browser's picker greys out what `accept` does not name."""
    assert "accept" not in re.search(r'<input type="file" id="film"[^>]*>', browser.get("/").text)[0]
