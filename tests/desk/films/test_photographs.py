"""Simulated photographs of films: the truth about them, both simulators, what is kept of them, what a card gets."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from edge_app.camera.detect import outline, straighten
from tests.support.drawn_index import LABELS
from tests.support.films import draw_film
from tests.support.golden import LUNGS
from train.camera import second_simulator
from train.camera.fit_quad_scorer import error
from train.films import photographs
from train.photograph import optics, photograph
from train.photograph.severity import SEVERITIES

RENDERERS = (photograph.photograph, second_simulator.photograph)


@pytest.mark.parametrize("render", RENDERERS)
def test_the_same_seed_gives_the_same_photograph(render):
    film = draw_film(1, 480, 400)
    one, same, other = (render(film, np.random.default_rng(seed), 2) for seed in (5, 5, 6))
    assert np.array_equal(one.pixels, same.pixels) and np.array_equal(one.corners, same.corners)
    assert not np.array_equal(one.pixels, other.pixels)
    assert one.pixels.shape == (720, 1280, 3) and one.pixels.dtype == np.uint8


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("render", RENDERERS)
def test_the_corners_are_where_the_film_is(render, severity):
    film = np.full((480, 400), 255, np.uint8)
    film[24:-24, 20:-20] = 0
    for seed in range(4):
        taken = render(film, np.random.default_rng(seed), severity)
        assert (taken.corners > 0).all() and (taken.corners < (1280, 720)).all()
        flat = straighten.straighten(taken.pixels, taken.corners).astype(float)
        height, width = flat.shape
        rim = [flat[5 : height // 25].mean(), flat[-height // 25 : -5].mean()]
        rim += [flat[:, 5 : width // 25].mean(), flat[:, -width // 25 : -5].mean()]
        inner = flat[height // 12 : -height // 12, width // 12 : -width // 12]
        assert min(rim) > 1.3 * np.median(inner), (seed, rim, np.median(inner))


@pytest.mark.parametrize("render", RENDERERS)
def test_left_stays_left(render):
    film = np.full((480, 400), 40, np.uint8)
    film[:, 200:] = 220
    taken = render(film, np.random.default_rng(3), 1)
    flat = straighten.straighten(taken.pixels, taken.corners)
    assert flat[:, flat.shape[1] // 2 :].mean() > flat[:, : flat.shape[1] // 2].mean() + 20


def test_points_of_the_scene_and_pixels_of_the_frame_belong_together():
    view = optics.place(
        np.array([[[0, 0], [400, 0], [400, 500], [0, 500]]], float), np.random.default_rng(1), SEVERITIES[3], (640, 360)
    )
    across, down = view.to_scene()
    points = np.array([[100.0, 100.0], [320.0, 180.0], [500.0, 300.0]])
    scene = np.array([[across[int(y), int(x)], down[int(y), int(x)]] for x, y in points])
    assert np.abs(view.to_frame(scene) - points).max() < 0.05


def test_several_films_and_none():
    films = [draw_film(seed, 480, 400) for seed in (1, 2)]
    taken = photograph.several(films, np.random.default_rng(2), 1, kind="light box")
    assert taken.all_corners.shape == (2, 4, 2)
    assert taken.all_corners[0, 1, 0] < taken.all_corners[1, 0, 0]
    assert len(outline.find(taken.pixels)) == 2
    bare = photograph.photograph(films[0], np.random.default_rng(2), 1, kind="light box", empty=True)
    assert outline.find(bare.pixels) == []


@pytest.mark.parametrize("render", RENDERERS)
def test_the_edge_finds_careful_photographs_and_their_corners(render):
    off = []
    for seed in range(12):
        taken = render(draw_film(seed, 600, 500), np.random.default_rng(seed), 1)
        found = outline.find(taken.pixels)
        off.append(error(found[0].corners, taken.corners) if found else 9)
    assert np.mean(np.array(off) <= 0.02) >= 0.75, off


@pytest.mark.parametrize("frame", [(1280, 720), (640, 480)])
def test_the_proportion_of_a_film_is_told_from_its_perspective(frame):
    for seed in range(6):
        wide, high = 300, 380
        square = np.array([[[0, 0], [wide, 0], [wide, high], [0, high]]], float)
        view = optics.place(square, np.random.default_rng(seed), SEVERITIES[2], frame)
        flat = optics.View(view.homography, 0.0, frame)
        corners = flat.to_frame(square[0])
        assert straighten.proportion(corners, frame) == pytest.approx(wide / high, rel=0.03)


@pytest.fixture
def films(tmp_path):
    """Return rows of an index and the folder of its films."""
    rows = []
    for at in range(4):
        path = tmp_path / "data" / f"{at}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(draw_film(at, 480, 400)).save(path)
        rows.append({"path": path.name, "source": "clinic-a", "label": LABELS[at % 3], "group": path.name})
    return pd.DataFrame(rows), tmp_path / "data"


def test_photographs_are_taken_once_and_kept(films, tmp_path, monkeypatch):
    table, data = films
    first = photographs.load(table, data, 48, tmp_path, "0" * 64, LUNGS)
    assert first.crops.pictures.shape == (4, 48, 48) and set(first.severity) <= set(SEVERITIES)
    assert first.crops.found.any()  # the judge learnt from real films: it does not take every drawn one for a film
    assert not first.crops.pictures[~first.crops.found].any()
    monkeypatch.setattr(photographs, "take", None)
    again = photographs.load(table, data, 48, tmp_path, "0" * 64, LUNGS)
    assert np.array_equal(first.crops.pictures, again.crops.pictures)
    assert np.array_equal(first.values, again.values, equal_nan=True)
    some = again.at(np.array([True, False, False, True]))
    assert np.array_equal(some.crops.pictures, again.crops.pictures[[0, 3]])
