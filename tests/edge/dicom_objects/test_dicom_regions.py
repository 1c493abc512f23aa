"""Opacities as outlines: they lie on the stored image where the map says, whatever the film was shrunk by."""

import cv2
import numpy as np
import pytest

from edge_app.dicom_objects import regions
from edge_app.imaging import radiograph
from edge_app.screening.heat import Heat
from tests.support import results

FIELD = results.two_lungs()  # its box: rows 0.2 to 0.8, columns 0.15 to 0.9


def _heat(*hot: tuple[int, int], chances: bool = True) -> Heat:
    logits = -3 * np.ones((5, 5), np.float32)
    for place in hot:
        logits[place] = 3
    return Heat("covid", logits, chances, 0.9)


def _middle(region: regions.Region) -> np.ndarray:
    outline = np.float32(region.outline)
    return outline.min(axis=0) / 2 + outline.max(axis=0) / 2


def test_an_outline_lies_round_its_place():
    (one,) = regions.found(_heat((3, 1)), FIELD, (600, 500), 600, 500)
    # The middle of the second of five columns and of the fourth of five rows of the box.
    expected = 500 * (0.15 + 0.75 * 1.5 / 5), 600 * (0.2 + 0.6 * 3.5 / 5)
    assert _middle(one) == pytest.approx(expected, abs=1)
    assert one.chance == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-3)
    area = cv2.contourArea(np.float32(one.outline))
    place = 500 * 0.75 / 5 * 600 * 0.6 / 5
    assert 0.4 * place < area < 1.2 * place


@pytest.mark.parametrize("least_side", [0, 300, 100])
def test_a_film_that_was_shrunk_is_outlined_in_pixels_of_the_stored_image(least_side):
    rows, columns = 1807, 1511  # not whole multiples: what is left over is cut off at both edges
    whole = np.zeros((rows, columns), np.uint8)
    whole[1100:1200, 400:500] = 255
    from PIL import Image

    film = np.asarray(radiograph.reduce(Image.fromarray(whole), least_side))
    places = np.argwhere(film > 127)
    factor = rows // film.shape[0]
    top, left = places.min(axis=0) / film.shape
    bottom, right = (places.max(axis=0) + 1) / film.shape
    field = FIELD.with_box((top, left, bottom, right))
    logits = np.full((2, 2), 3, np.float32)
    (one,) = regions.found(Heat("covid", logits, True, 0.9), field, film.shape, rows, columns)
    assert _middle(one) == pytest.approx((450, 1150), abs=factor)


def test_the_hottest_comes_first():
    heat = _heat((0, 0), (4, 4))
    heat.logits[4, 4] = 5
    first, second = regions.found(heat, FIELD, (600, 500), 600, 500)
    assert first.chance > second.chance and _middle(first)[1] > _middle(second)[1]


def test_a_map_of_no_chances_and_a_cold_one_have_no_regions():
    assert regions.found(_heat((2, 2), chances=False), FIELD, (600, 500), 600, 500) == []
    assert regions.found(_heat(), FIELD, (600, 500), 600, 500) == []


def test_a_place_at_the_edge_stays_on_the_film():
    field = FIELD.with_box((0, 0, 1, 1))
    (one,) = regions.found(Heat("covid", np.full((5, 5), 3, np.float32), True, 0.9), field, (600, 500), 600, 500)
    outline = np.float32(one.outline)
    assert outline.min() >= 0 and (outline.max(axis=0) <= (500, 600)).all()
