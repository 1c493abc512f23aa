"""The pictures of a reading: drawn anew, of one shape, transparent where they must be, small enough for a page."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_app.gate import refusal
from edge_app.gate.refusal import Refusal
from edge_app.imaging import lung_field
from edge_app.imaging.lung_field import LungField
from edge_app.model import model_file
from edge_app.outputs import pictures
from edge_app.screening import decision, run_context, screening
from edge_app.screening.result import Refused
from edge_app.web.readings import layers
from tests.support import results
from tests.support.films import draw_film


@pytest.fixture
def of_run(model_path):
    """Return what holds for a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer")


def _judged(heat=None, chances=False):
    mask = np.zeros((lung_field.FINE, lung_field.FINE), np.uint8)
    mask[60:200, 40:110] = mask[60:200, 150:220] = 255
    field = LungField(mask, (0.2, 0.1, 0.8, 0.9), 0.3, 0.9, 2)
    heat = np.zeros((5, 5), np.float32) if heat is None else heat
    found = results.inference(field=field, heat=heat, heat_inside=1.0, chances=chances)
    return results.judged(Path("film.png"), "0" * 64, found=found)


def _open(content):
    return Image.open(io.BytesIO(content))


def test_layers_have_the_shape_of_the_film(of_run):
    found = layers.layers(_judged(chances=True), draw_film(1, 480, 360), of_run)
    assert set(found) == set(layers.NAMES)
    sizes = {name: _open(found[name]).size for name in layers.NAMES if name != layers.SHEET}
    assert sizes[layers.FILM] == sizes[layers.LUNGS]
    for width, height in sizes.values():
        assert width / height == pytest.approx(360 / 480, rel=0.01)


def test_heat_is_seen_where_the_map_is_hot_and_nowhere_else(of_run):
    heat = np.full((6, 6), -3, np.float32)
    heat[0, 0] = 20
    alpha = np.asarray(_open(layers.layers(_judged(heat), draw_film(1, 480, 480), of_run)[layers.HEAT]))[..., 3]
    top, left, bottom, right = pictures.pixels_of_box(_judged().field, alpha.shape)
    assert alpha[top:bottom, left:right][2, 2] > 200
    assert alpha[bottom - 5, right - 5] == 0
    assert alpha[: top - 1].max() == 0 and alpha[:, right + 1 :].max() == 0


def test_each_finding_has_its_own_map_on_one_scale(of_run):
    cold, hot = np.full((6, 6), -9, np.float32), np.full((6, 6), -9, np.float32)
    hot[0, 0] = 9
    result = _judged(cold, chances=True)
    result.inference.heats["pneumonia"] = replace(result.heat, label="pneumonia", logits=hot)
    found = layers.layers(result, draw_film(1, 480, 480), of_run)
    most = {label: int(np.asarray(_open(found[name]))[..., 3].max()) for label, name in layers.HEATS.items()}
    assert most["covid"] == 0 and most["pneumonia"] > 240
    assert found[layers.HEAT] == found[layers.HEATS["covid"]]  # the verdict is about COVID-19
    about = replace(result, findings=results.findings(decision.PNEUMONIA))
    found = layers.layers(about, draw_film(1, 480, 480), of_run)
    assert found[layers.HEAT] == found[layers.HEATS["pneumonia"]]


def test_a_model_with_one_map_has_one_picture_of_it(of_run):
    found = layers.layers(_judged(), draw_film(1, 480, 480), of_run)
    assert layers.HEATS["covid"] in found and layers.HEATS["pneumonia"] not in found


def test_the_outline_leaves_the_film_to_be_seen(of_run):
    lungs = np.asarray(_open(layers.layers(_judged(), draw_film(1, 480, 480), of_run)[layers.LUNGS]))
    assert 0.002 < np.mean(lungs[..., 3] > 0) < 0.05
    drawn = lungs[lungs[..., 3] == 255][:, :3]
    assert {tuple(colour) for colour in drawn} == {pictures.LUNGS, pictures.BOX}


def test_a_refused_film_has_neither_heat_nor_outline(of_run):
    rejection = _judged().inference.rejected(Refusal(refusal.DARK, "dark"))
    refused = Refused(Path("film.png"), "0" * 64, rejection)
    assert set(layers.layers(refused, draw_film(1, 300, 300), of_run)) == {layers.FILM, layers.SHEET}


def test_a_film_that_is_all_noise_still_fits_a_page(of_run):
    noise = np.random.default_rng(1).integers(0, 256, (1500, 1500), dtype=np.uint8)
    assert len(layers.layers(_judged(), noise, of_run)[layers.FILM]) <= layers.MOST_BYTES


def test_a_film_that_was_really_judged_is_drawn(of_run, classifier):
    grey = draw_film(1000, 240, 200, opacity=0.9)
    found = layers.layers(screening.judge(grey, classifier, of_run.limits, path=Path("film.png")), grey, of_run)
    film = np.asarray(_open(found[layers.FILM]))
    assert film.ndim == 2 and abs(float(film.mean()) - float(grey.mean())) < 3
