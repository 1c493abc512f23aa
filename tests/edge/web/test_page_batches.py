"""Batches: films that are sent at once are told one by one, labelled, and recognised when they are sent again."""

import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_app.gate import refusal
from edge_app.web import serving
from edge_app.web.app import create_app
from edge_app.web.readings import batches, sent_again
from edge_app.web.readings.batches import Batches
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.text import wording
from tests.support import results
from tests.support.films import draw_film, png
from tests.support.forms import classify, token_of
from tests.support.state_folder import files

JSON = {"Accept": "application/json"}
FILM = draw_film(4, 480, 400)


def begin(browser, *names, label="P-1"):
    """Begin a batch as the script does."""
    data = {"csrf_token": browser.token, "names": json.dumps(names), "label": label}
    return browser.post("/batches", data=data, headers=JSON)


def send(browser, content, name="a.png", **fields):
    """Send a film as the script does."""
    data = {"csrf_token": browser.token, "film": (io.BytesIO(content), name), **fields}
    return browser.post("/readings", data=data, headers=JSON, content_type="multipart/form-data")


def test_a_batch_tells_of_each_film_what_became_of_it(browser, kept):
    told = begin(browser, "one.png", "two.png", "C:\\three.png", "<four>").json
    first = send(browser, png(seed=70), "one.png", batch=told["id"], number="1").json
    assert send(browser, b"no film", "two.png", batch=told["id"], number="2").status_code == 422
    kept.batches.tell(told["id"], 3, batches.SENT)
    batch = kept.batches.get(told["id"])
    assert [film.state for film in batch.films] == ["read", "unread", "sent", "waiting"]
    assert [film.name for film in batch.films] == ["one.png", "two.png", "three.png", "<four>"]
    assert (batch.done, batch.now.number, batch.waiting) == (2, 3, 1)
    assert batch.films[0].reading.label == "P-1" and batch.films[0].reading.batch == told["id"]
    page = browser.get(told["url"]).text
    assert "Film 3 of 4 is being read" in page and "&lt;four&gt;" in page and "<four>" not in page
    assert first["url"] in page and "two.png: is text that begins" in page
    assert browser.get(told["rows"]).text.count("<tr data-number=") == 4
    assert browser.get("/batches/none").status_code == browser.get("/batches/none/rows").status_code == 404


def test_a_batch_tells_why_a_film_was_refused_and_what_to_do(browser, kept):
    told = begin(browser, "one.png").json
    black = cv2.imencode(".png", np.zeros((500, 400), np.uint8))[1].tobytes()
    send(browser, black, "one.png", batch=told["id"], number="1")
    [film] = kept.batches.get(told["id"]).films
    assert str(wording.of_refusal(film.reading.row["refusal"]["kind"])[1]) in browser.get(told["url"]).text


def test_after_a_restart_films_on_their_way_wait_again(browser, kept):
    id = begin(browser, "one.png").json["id"]
    kept.batches.tell(id, 1, batches.SENT)
    assert [film.state for film in Batches(kept.reading_store, 30, True).get(id).films] == ["waiting"]


def test_each_row_of_a_batch_has_a_label_of_its_own(browser, kept):
    told = begin(browser, "one.png", "two.png").json
    url = send(browser, png(seed=71), batch=told["id"], number="1").json["url"]
    data = {"csrf_token": browser.token, "label-1": " A-1\n", "label-2": "x" * 500, "label-9": "none"}
    assert browser.post(f"{told['url']}/labels", data=data).location == told["url"]
    assert [film.label for film in kept.batches.get(told["id"]).films] == ["A-1", "x" * 64]
    assert kept.reading_store.get(url.rsplit("/", 1)[1]).label == "A-1"
    send(browser, png(seed=72), batch=told["id"], number="2", label="typed before")
    assert kept.batches.get(told["id"]).films[1].reading.label == "x" * 64  # as the row says
    assert browser.post(f"{told['url']}/labels", data={"label-1": "B"}).status_code == 403
    assert browser.post(f"{told['url']}/labels", data=data, headers=JSON).json == {"saved": True}


def test_the_label_of_a_reading_is_changed_on_its_page(browser, kept):
    url = send(browser, png(seed=73)).json["url"]
    data = {"csrf_token": browser.token, "label": "<b>A-2"}
    assert browser.post(f"{url}/label", data=data).location == url
    assert kept.reading_store.search()[0].label == "<b>A-2"
    assert "&lt;b&gt;A-2" in browser.get(url).text
    assert browser.post(f"{url}/label", data={"label": "B"}).status_code == 403
    assert browser.post("/readings/none/label", data=data).status_code == 404


@pytest.mark.parametrize(
    "names", ["", "{}", "[1]", "no JSON", "[]", "[" * 100_000, json.dumps(["x"] * (batches.MOST + 1))]
)
def test_a_batch_of_nonsense_is_refused(browser, names):
    data = {"csrf_token": browser.token, "names": names}
    assert browser.post("/batches", data=data, headers=JSON).status_code in (400, 413)


@pytest.mark.parametrize("number", ["", "-1", "99", "1e9", "٣", "999999999999999999999"])
def test_a_film_of_no_place_in_a_batch_is_read_by_itself(browser, kept, number):
    id = begin(browser, "one.png").json["id"]
    assert send(browser, png(seed=74), batch=id, number=number, again="1").status_code == 200
    assert kept.batches.get(id).films[0].state == "waiting"


def test_a_film_sent_again_is_recognised(browser, kept):
    content = png(seed=75)
    first = send(browser, content, label="").json
    again = send(browser, content, "renamed.png", label="P-7").json
    assert again["url"] == f"{first['url']}?sent=again" and "was read before" in again["sentence"]
    assert [one.label for one in kept.reading_store.search()] == ["P-7"]  # it had none
    assert "This film was read before" in browser.get(again["url"]).text
    told = begin(browser, "one.png", label="").json
    send(browser, content, batch=told["id"], number="1")
    assert kept.batches.get(told["id"]).films[0].state == "known"
    assert "read before: not read again" in browser.get(told["url"]).text
    assert send(browser, content, again="1").json["url"] != first["url"]
    assert kept.reading_store.count() == 2


def test_the_same_film_under_another_label_is_read_and_told(browser, kept):
    content = png(seed=76)
    first, second = (send(browser, content, label=label).json["url"] for label in ("P-1", "P-2"))
    assert first != second
    page = browser.get(second).text
    assert "sent under another patient label" in page and first in page and "P-1" in page


def test_what_is_read_again(kept):
    made = results.refused(Path("x"), "ab" * 32, refusal.DARK, time=datetime.now(UTC) - timedelta(hours=1), grey=FILM)
    reading = kept.reading_store.keep(made, kept.context, "P-1")
    earlier = lambda one, label="", photograph=False, context=kept.context: sent_again.earlier(  # noqa: E731
        [one], context, label, photograph
    )
    assert earlier(reading) is earlier(reading, "P-1") is reading
    assert earlier(reading, "P-2") is earlier(reading, photograph=True) is None
    assert earlier(replace(reading, has_pictures=False)) is None
    assert earlier(reading, context=replace(kept.context, sha256="another")) is None
    assert earlier(reading, context=replace(kept.context, rule="sensitive")) is None


def test_what_is_deleted_is_gone_from_its_batch(browser, kept):
    told = begin(browser, "Zebrafink-1.png", "two.png").json
    url = send(browser, png(seed=77), "Zebrafink-1.png", batch=told["id"], number="1").json["url"]
    kept.reading_store.delete(url.rsplit("/", 1)[1])
    assert [film.number for film in kept.batches.get(told["id"]).films] == [2]
    kept.reading_store.erase()
    assert kept.batches.get(told["id"]) is None
    folder = Path(kept.settings.state_dir)
    assert not any(b"Zebrafink" in path.read_bytes() for path in files(folder))


def test_batches_end_with_their_time(kept):
    held = Batches(kept.reading_store, 30, True)
    id = held.begin(["one.png"], "")
    with kept.reading_store.opened(write=True) as base:
        base.execute("UPDATE batches SET kept_until = '2020-01-01'")
    assert held.get(id) is None
    kept.reading_store.expire()
    with kept.reading_store.opened() as base:
        assert base.execute("SELECT count(*) FROM batch_films").fetchone() == (0,)


def test_a_name_is_kept_nowhere_where_the_site_forbids_it(kept, browser, tmp_path):
    settings = replace(kept.settings, state_dir=tmp_path, keep_names=False)
    with serving.opened(settings, InferenceQueue(settings)) as services:
        client = create_app(settings, services).test_client()
        client.token = token_of(client.get("/"))
        assert classify(client, png(seed=7), "Zebrafink.png").json["name"] == ""
        films = [(io.BytesIO(content), "Zebrafink.png") for content in (png(seed=8), b"no film")]
        data = {"csrf_token": client.token, "film": films}
        page = client.get(client.post("/readings", data=data, content_type="multipart/form-data").location)
        assert "is text that begins" in page.text and "Zebrafink" not in page.text
        assert not any(b"Zebrafink" in path.read_bytes() for path in files(tmp_path))


def test_limits_are_told_by_the_form(browser):
    page = browser.get("/").text
    assert "at most 32 MiB a film" in page and "At most 10 films at once, together at most 32 MiB." in page
    assert "At most 100 films at once." in page and "DICOM, PNG, JPEG, TIFF, BMP, WebP, JPEG 2000 or PNM" in page


def test_bytes_alone_tell_a_film(browser, kept):
    content = png(seed=78)
    send(browser, content)
    assert kept.reading_store.search(film=hashlib.sha256(content).hexdigest())
    assert "was read before" not in send(browser, content + b"\0").json.get("sentence", "")
