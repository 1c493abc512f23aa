"""The picture of a verdict: left stays left, the heat lies where the map says, the warning appears when it must."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_app.errors import WrongUsage
from edge_app.gate import refusal
from edge_app.model import model_file
from edge_app.outputs import overlay, pictures
from edge_app.outputs.overlays import Overlays
from edge_app.screening import decision, phrasing, run_context
from edge_app.screening.heat import Heat
from edge_app.screening.result import Corrected, Failed, Known
from tests.support import results
from tests.support.films import draw_film
from tests.support.results import SCORES


@pytest.fixture
def of_run(model_path):
    """Return what holds for a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer")


def _result(heat, inside=0.9, grey=None, name="film.png"):
    grey = draw_film(1000, 600, 500) if grey is None else grey
    found = results.inference(heat=np.float32(heat), heat_inside=inside)
    return results.judged(Path("ward") / name, "ab" * 32, found=found, ms=3.0, grey=grey)


def _panels(result, of_run):
    """Return the film and the film with heat as they stand in the picture, float (h, w, 3)."""
    drawn = overlay.draw(result, result.grey, of_run).astype(float)
    height, width = pictures.shown(result.grey).shape[:2]
    rows = slice(overlay.HEADER, overlay.HEADER + height)
    right = overlay.MARGIN + max(width, overlay.LEAST_PLACE) + overlay.GAP
    return drawn[rows, overlay.MARGIN : overlay.MARGIN + width], drawn[rows, right : right + width]


def test_left_stays_left(of_run):
    film = np.zeros((600, 500), np.uint8)
    film[20:60, 10:50] = 255  # a mark in the upper left corner, far from lungs and heat
    for panel in _panels(_result(-np.ones((5, 5)), grey=film), of_run):
        bright = panel.mean(axis=2) > 200
        assert bright[20:60, 10:50].all()
        assert not bright[20:60, -50:].any()


def test_heat_lies_where_the_map_says(of_run):
    heat = -np.ones((5, 5))
    heat[0, 0], heat[4, 4] = 20, -20  # hot at the upper left of the box, against COVID-19 at the lower right
    film, heated = _panels(_result(heat, grey=np.full((600, 500), 100, np.uint8)), of_run)
    changed = np.abs(heated - film).sum(axis=2)
    assert changed[125:150, 80:130].min() > 60
    assert changed[300:440, 436:448].max() == 0  # in the box, beside the outline
    assert changed[:100].max() == 0  # nothing outside the box
    assert changed[:, :50].max() == 0


def test_the_outline_follows_the_mask(of_run):
    _, heated = _panels(_result(-np.ones((5, 5)), grey=np.full((512, 512), 100, np.uint8)), of_run)
    line = (np.abs(heated - np.array(pictures.LUNGS)).sum(axis=2) < 60).nonzero()
    assert (line[0].min(), line[0].max()) == pytest.approx((120, 400), abs=4)
    assert (line[1].min(), line[1].max()) == pytest.approx((80, 440), abs=4)


@pytest.mark.parametrize(("share", "warned"), [(0.9, False), (0.5, False), (0.49, True), (0.0, True), (None, False)])
def test_the_warning_appears_when_most_of_the_heat_is_outside(of_run, share, warned):
    result = _result(np.ones((5, 5)), inside=share)
    assert overlay.warning(result) == (phrasing.OUTSIDE if warned else None)
    assert _has_band(result, of_run) == warned
    result = replace(result, findings=results.findings(decision.NORMAL))
    assert overlay.warning(result) == (phrasing.ASIDE if warned else None)
    assert not _has_band(result, of_run)


def _has_band(result, of_run):
    red = (overlay.draw(result, result.grey, of_run) == np.array(pictures.WARNING)).all(axis=2)
    return (red.mean(axis=1) > 0.9).any()


@pytest.mark.parametrize("shape", [(200, 180), (600, 500), (3000, 1200), (150, 440)])
def test_films_of_any_size(of_run, shape):
    film = draw_film(1, *shape)
    drawn = overlay.draw(_result(np.ones((5, 5))), film, of_run)
    height, width = pictures.shown(draw_film(1, *shape)).shape[:2]
    assert pictures.LEAST_SHOWN <= max(height, width) <= pictures.MOST_SHOWN
    assert height / width == pytest.approx(shape[0] / shape[1], rel=0.02)
    assert drawn.dtype == np.uint8
    assert drawn.shape[1] >= 2 * width


def test_a_refused_film_shows_no_heat(of_run):
    offered = Corrected("greys inverted", results.findings(), SCORES)
    more = {"rejection": {"field": results.two_lungs()}, "corrected": offered, "grey": draw_film(1000, 600, 500)}
    result = results.refused(Path("film.png"), "ab" * 32, refusal.INVERTED, "black and white are exchanged", **more)
    _, right = _panels(result, of_run)
    paper = np.array(pictures.PAPER)
    assert (np.abs(right - paper).sum(axis=2) < 3).mean() > 0.8  # words on paper
    small = overlay.small(result, result.grey, 200)
    assert max(small.shape) == 200
    assert np.ptp(small.astype(int), axis=2).max() == 0  # grey: no colour was laid over it


def test_a_picture_a_film_in_a_folder(of_run, tmp_path):
    sink = Overlays(tmp_path / "new" / "folder", of_run)
    sink.add(_result(np.ones((5, 5)), name="a b.png"))
    sink.add(Failed(Path("broken.png"), "broken.png: is damaged."))
    sink.add(Known(Path("old.png"), _result(np.ones((5, 5))).row()))
    sink.close()
    (made,) = (tmp_path / "new" / "folder").iterdir()
    assert made.name == "a b-abababab.png"
    with Image.open(made) as picture:
        assert picture.mode == "RGB"


def test_a_folder_that_cannot_be_made(of_run, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WrongUsage, match=r"--overlays: '.*' cannot be made"):
        Overlays(tmp_path / "file" / "folder", of_run)


@pytest.mark.parametrize("chances", [False, True])
def test_a_colour_means_the_same_on_every_film(chances):
    """A hotter place elsewhere on the film takes nothing from a place's colour: the scale is not stretched."""
    film = np.full((500, 500, 3), 100, np.uint8)
    mild = np.full((8, 8), -9, np.float32)
    mild[:, 4:] = 1.5 if chances else 10
    hot = mild.copy()
    hot[:, :3] = 30
    shown = [
        pictures.heated(film, results.two_lungs(), Heat("covid", logits, chances, None)).astype(int)
        for logits in (mild, hot)
    ]
    _, left, _, right = pictures.pixels_of_box(results.two_lungs(), film.shape)
    at = left + (right - left) * 6 // 8
    assert np.abs(shown[0][250, at] - film[250, at]).sum() > 30
    assert np.array_equal(shown[0][250, at], shown[1][250, at])
    assert not np.array_equal(shown[0][250, left + 20], shown[1][250, left + 20])
