"""What follows the judging: pictures after the answer, films at full depth, who gets them, and when they are gone."""

import gzip
import threading
from dataclasses import replace

import numpy as np
import pytest

from edge_app.web import serving
from edge_app.web.http.settings import Settings
from edge_app.web.readings import layers
from edge_app.web.readings.inference_queue import InferenceQueue
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film, png
from tests.support.forms import classify
from tests.support.state_folder import settled

PACKED = {"Accept-Encoding": "gzip"}


@pytest.fixture
def read(browser, kept):
    """Return the answer of the API to a film whose pictures are drawn and whose file is kept."""
    answer = classify(browser, png(seed=7)).json
    settled(kept, answer["id"])
    return answer


def _left(kept) -> list[str]:
    return sorted(path.name for path in kept.settings.films.iterdir())


def test_the_answer_comes_before_the_pictures_are_drawn(browser, kept, monkeypatch):
    go, drawn = threading.Event(), layers.layers

    def slowly(*words):
        assert go.wait(60)
        return drawn(*words)

    monkeypatch.setattr(layers, "layers", slowly)
    answer = classify(browser, png(seed=8)).json
    assert kept.reading_store.get(answer["id"]).has_pictures  # they will come
    assert browser.get(f"{answer['url']}/film.json").status_code == 202
    assert "data-full-depth" in browser.get(answer["url"]).text  # the viewer asks for it, and waits
    pictures: list = []
    asking = threading.Thread(target=lambda: pictures.append(kept.reading_store.picture(answer["id"], "film.jpg")))
    asking.start()
    go.set()
    asking.join()
    assert pictures[0].startswith(b"\xff\xd8")
    settled(kept, answer["id"])
    assert browser.get(f"{answer['url']}/film.json").status_code == 200


def test_a_reading_whose_pictures_cannot_be_drawn_has_none(browser, kept, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(layers, "layers", fail)
    answer = classify(browser, png(seed=9)).json
    settled(kept, answer["id"])
    assert not kept.reading_store.get(answer["id"]).has_pictures
    assert browser.get(answer["url"]).status_code == 200
    assert browser.get(f"{answer['url']}/film.jpg").status_code == 404


def test_a_film_deleted_before_it_is_drawn_leaves_nothing(browser, kept, monkeypatch):
    go, drawn = threading.Event(), layers.layers
    monkeypatch.setattr(layers, "layers", lambda *words: go.wait(60) and drawn(*words))
    answer = classify(browser, png(seed=10)).json
    kept.reading_store.delete(answer["id"])
    go.set()
    settled(kept, answer["id"])
    assert kept.reading_store.picture(answer["id"], "film.jpg") is None
    assert _left(kept) == []


def test_a_viewer_gets_the_values_of_a_dicom_film(browser, kept, tmp_path):
    film = draw_film(11, 400, 560)
    path = write_dicom(tmp_path / "f.dcm", film, WindowCenter=1600, WindowWidth=1500, ImagerPixelSpacing=[0.2, 0.2])
    answer = classify(browser, path.read_bytes(), "f.dcm").json
    settled(kept, answer["id"])
    facts = browser.get(f"{answer['url']}/film.json").json
    assert (facts["height"], facts["width"], facts["bytes"]) == (400, 560, 2)
    assert facts["window"] == {"centre": 1600, "width": 1500, "function": "LINEAR"}
    assert facts["spacing"] == {"row": 0.2, "column": 0.2, "source": "detector"}
    tile = browser.get(f"{answer['url']}/film/1-1-0", headers=PACKED)
    assert tile.headers["Content-Encoding"] == "gzip" and tile.headers["Cache-Control"] == "no-store"
    planes = np.frombuffer(gzip.decompress(tile.data), np.uint8).reshape(2, 400, 48).astype(np.uint16)
    values = np.cumsum(planes[0] << 8 | planes[1], axis=1, dtype=np.uint16)
    assert np.array_equal(values, (film[:, 512:].astype(np.uint16) << 4) - 16 * int(film.min()))


def test_a_client_without_gzip_gets_the_values_as_they_are(browser, read):
    packed = browser.get(f"{read['url']}/film/0-0-0", headers=PACKED)
    plain = browser.get(f"{read['url']}/film/0-0-0")
    assert "Content-Encoding" not in plain.headers
    assert plain.data == gzip.decompress(packed.data)


@pytest.mark.parametrize("place", ["0-0", "0-0-1", "0-1-0", "7-0-0", "a-0-0", "-1-0-0", "0-0-9999999", "0-0-0.png"])
def test_a_tile_that_does_not_exist(browser, read, place):
    assert browser.get(f"{read['url']}/film/{place}").status_code == 404


def test_films_go_with_their_readings(browser, kept):
    answers = [classify(browser, png(seed=seed)).json for seed in (12, 13, 14)]
    settled(kept, answers[-1]["id"])
    assert _left(kept) == sorted(answer["id"] for answer in answers)
    kept.reading_store.delete(answers[0]["id"])
    assert _left(kept) == sorted(answer["id"] for answer in answers[1:])
    kept.reading_store._base.execute("UPDATE readings SET kept_until = '2020' WHERE id = ?", (answers[1]["id"],))
    kept.reading_store.expire()
    assert _left(kept) == [answers[2]["id"]]
    kept.reading_store.erase()
    assert _left(kept) == []


def test_orphans_are_swept_at_the_start(tmp_path, model_path, film_path):
    settings = Settings(tmp_path, model=model_path)
    with serving.opened(settings, InferenceQueue(settings)) as services:
        reading = services.inference_queue.submit(film_path.read_bytes())
        settled(services, reading.id)
    (settings.films / "nobodys").write_bytes(b"film")
    with serving.opened(settings, InferenceQueue(settings)) as services:
        assert [path.name for path in settings.films.iterdir()] == [reading.id]
        assert services.reading_store.pictures.film(reading.id) is not None


def test_pictures_of_films_that_were_judged_are_drawn_before_it_ends(tmp_path, model_path, film_path):
    settings = Settings(tmp_path, model=model_path)
    with serving.opened(settings, InferenceQueue(settings)) as services:
        reading = services.inference_queue.submit(film_path.read_bytes())
    with serving.opened(settings, InferenceQueue(settings)) as services:
        assert services.reading_store.get(reading.id).has_pictures
        assert services.reading_store.picture(reading.id, "film.jpg")


def test_a_page_that_keeps_no_films_shows_the_smaller_pictures(tmp_path, model_path, film_path):
    settings = replace(Settings(tmp_path, model=model_path), films_mb=0)
    with serving.opened(settings, InferenceQueue(settings)) as services:
        reading = services.inference_queue.submit(film_path.read_bytes())
        assert services.reading_store.picture(reading.id, "film.jpg")
        settled(services, reading.id)
        assert list(settings.films.iterdir()) == []


def test_static_files_are_sent_as_gzip_to_who_takes_it(browser):
    address = "/static/vendor/openseadragon.min.js"
    plain, packed = browser.get(address), browser.get(address, headers=PACKED)
    assert "Content-Encoding" not in plain.headers and packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    assert packed.headers["ETag"] != plain.headers["ETag"] and "Accept-Encoding" in packed.headers["Vary"]
    again = browser.get(address, headers=PACKED | {"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304
    for answer in (plain, packed, again):
        answer.close()
