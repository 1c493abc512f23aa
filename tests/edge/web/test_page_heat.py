"""What the page says of a heat map: of a model that tells chances, of one that does not, of readings kept before."""

import copy
import io

import pytest
from flask_babel import force_locale
from PIL import Image

from edge_app.model import model_file
from edge_app.web import serving
from edge_app.web.app import create_app
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.text import heat_view
from tests.support.films import draw_film
from tests.support.forms import classify, token_of

MEASURED = {
    "hottest_in_box": {"value": 0.8, "low": 0.76, "high": 0.84},
    "random_place": 0.27,
    "best_fixed_place": 0.67,
    "films": 443,
}
PNEUMONIA = {"heat_inside": 0.9, "heat_label": "pneumonia", "heat_peak": 0.876}


@pytest.fixture
def with_places(model_path, tmp_path):
    """Return the path of the small model with chances of places in its card."""
    model = model_file.read(model_path)
    raw = copy.deepcopy(dict(model.card.raw)) | {"localisation": MEASURED}
    raw["places"] = {"covid": {"scale": 0.1, "offset": -1.0}, "pneumonia": {"scale": 0.1, "offset": -1.0}}
    path = tmp_path / "places.tflite"
    path.write_bytes(model_file.pack(model.scores, model.lungs, raw))
    return path


def _shown(model, tmp_path):
    """Return a reading's row, its page, and the status page, of a film with opaque lungs."""
    settings = Settings(tmp_path / "state", model=model)
    with serving.opened(settings, InferenceQueue(settings)) as kept:
        client = create_app(kept.settings, kept).test_client()
        client.token = token_of(client.get("/"))
        film = io.BytesIO()
        Image.fromarray(draw_film(1003, 300, 260, opacity=1.0)).save(film, "PNG")
        row = classify(client, film.getvalue()).json
        return row, client.get(f"/readings/{row['id']}").text, client.get("/status").text


def test_a_model_that_tells_chances(with_places, tmp_path):
    row, page, status = _shown(with_places, tmp_path)
    assert row["lungs"]["heat_label"] == "covid" and 0 < row["lungs"]["heat_peak"] < 1
    assert 'alt="Heat map, COVID-19: how likely a radiologist would box an opacity in each place"' in page
    assert '<div class="scale"><span>0.5</span>' in page
    assert "Chance at the hottest place" in page and f"<dd>{row['lungs']['heat_peak']:.2f}</dd>" in page
    assert "raise the COVID-19 score" not in page
    assert "lies in a radiologist&#39;s box on 80% of the films (95 % confidence interval: 76% to 84%)" in status
    assert "A place at random would on 27%, the best fixed place on 67%." in status


def test_a_model_that_does_not(model_path, tmp_path):
    row, page, status = _shown(model_path, tmp_path)
    assert row["lungs"]["heat_peak"] is None
    assert "Warm colours show which parts of the film raise the COVID-19 score." in page
    assert '<div class="scale"><span>weak</span>' in page
    assert "radiologist would" not in page and "hottest place" not in page
    assert "radiologist&#39;s box" not in status


def test_each_finding_has_a_map_to_be_chosen(with_places, tmp_path):
    row, page, _ = _shown(with_places, tmp_path)
    assert list(row["lungs"]["heats"]) == ["covid", "pneumonia"]
    for label in row["lungs"]["heats"]:
        assert f'data-heat-{label}="/readings/{row["id"]}/heat-{label}.png"' in page
    assert f'src="/readings/{row["id"]}/heat.png"' in page  # without scripts, the map of the verdict
    assert page.count("data-show-map=") == 2 and "There is no map of this finding" not in page


def test_a_finding_without_a_map_is_said_to_have_none(model_path, tmp_path):
    row, page, _ = _shown(model_path, tmp_path)
    assert list(row["lungs"]["heats"]) == ["covid"]
    assert page.count("data-show-map=") == 1 and page.count("There is no map of this finding on this film.") == 1
    assert "data-maps" not in page  # there is nothing to choose


def test_a_reading_of_before_there_were_two_maps_shows_its_one(spoken):
    row = {"lungs": PNEUMONIA, "findings": {"covid": {}, "pneumonia": {}}}
    assert heat_view.maps(row) == []
    row["lungs"] = PNEUMONIA | {
        "heats": {"covid": {"inside": None, "peak": 0.2}, "pneumonia": {"inside": 1, "peak": 1}}
    }
    covid, pneumonia = heat_view.maps(row)
    assert covid.told.empty and not covid.shown and pneumonia.shown and not pneumonia.told.empty


@pytest.mark.parametrize(
    ("code", "finding", "low"),
    [("en", "Other pneumonia", "0.5"), ("es", "Otra neumonía", "0,5"), ("fr", "Autre", "0,5")],
)
def test_the_finding_is_named_in_every_language(spoken, code, finding, low):
    with force_locale(code):
        told = heat_view.told({"lungs": PNEUMONIA})
        assert finding in told.alt and finding in told.hint and low in told.hint
        assert told.low == low and told.high == "1" and not told.empty
        assert told.peak == low.replace("5", "88")


def test_an_empty_map_is_told_with_its_hottest_place(spoken):
    told = heat_view.told({"lungs": PNEUMONIA | {"heat_inside": None, "heat_peak": 0.312}})
    assert told.empty == "The heat map is empty: no place reaches 0.5; the hottest has 0.31."


@pytest.mark.parametrize("inside", [None, 0.9])
def test_a_reading_that_an_older_program_kept(spoken, inside):
    told = heat_view.told({"lungs": {"heat_inside": inside}})
    assert "radiologist" not in told.hint + told.alt
    assert bool(told.empty) == (inside is None)
    assert told.peak == ""
