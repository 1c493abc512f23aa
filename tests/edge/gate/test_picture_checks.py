"""The cheap checks: what is blank, noise, badly exposed or blurred, and that nothing else is."""

import cv2
import numpy as np
import pytest
from PIL import Image

from edge_app.gate import picture_checks, refusal
from edge_app.imaging import lung_field, preprocess
from tests.support.films import draw_film, draw_lungs

# About what `train gate-limits` finds on the films of the public collections; drawn ribs are softer than real ones.
LIMITS = {
    picture_checks.CONTRAST: 53,
    picture_checks.NEIGHBOURS: 0.25,
    picture_checks.MIDDLE_BLACK: 0.1,
    picture_checks.MIDDLE_WHITE: 0.14,
    picture_checks.EMPTY: 0.25,
    picture_checks.LUNGS_BLACK: 0.23,
    picture_checks.LUNGS_WHITE: 0.22,
    picture_checks.SHARPNESS: 0.08,
}


@pytest.fixture(scope="module")
def film():
    return draw_film(3, 640, 540)


@pytest.fixture(scope="module")
def field():
    return lung_field.find(preprocess.shrink(draw_lungs(3, 640, 540), preprocess.MASK_SIZE) / 255)


def levels(values):
    return np.clip(values, 0, 255).astype(np.uint8)


def test_a_film_passes_and_tells_what_was_looked_at(film, field):
    whole = [picture_checks.CONTRAST, picture_checks.LEVELS, *list(LIMITS)[1:5]]
    for lungs, names in ((None, whole), (field, list(LIMITS)[5:])):
        checks, why = picture_checks.check(film, lungs, LIMITS)
        assert why is None
        assert [check.name for check in checks] == names
        assert all(check.ok for check in checks)


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda film: np.full_like(film, 90), refusal.BLANK),
        (lambda film: levels(film / 255.0 * 20), refusal.DARK),
        (lambda film: levels(film / 255.0 * 20 + 230), refusal.BRIGHT),
        (lambda film: levels(film.astype(int) - 110), refusal.DARK),
        (lambda film: levels(film * 1.0 + 190), refusal.BRIGHT),
        (lambda film: np.random.default_rng(0).integers(0, 256, film.shape, dtype=np.uint8), refusal.NOISE),
    ],
)
def test_what_is_wrong_with_a_whole_picture(film, spoil, kind):
    _, why = picture_checks.check(spoil(film), None, LIMITS)
    assert why.kind == kind


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda film: levels(film.astype(int) - 80), refusal.DARK),
        (lambda film: levels(film.astype(int) + 200), refusal.BRIGHT),
        (lambda film: cv2.GaussianBlur(film, (0, 0), 0.02 * len(film)), refusal.BLURRED),
        (lambda film: cv2.blur(film, (1, len(film) // 10)), refusal.BLURRED),
    ],
)
def test_what_is_wrong_with_the_lungs(film, field, spoil, kind):
    _, why = picture_checks.check(spoil(film), field, LIMITS)
    assert why.kind == kind


def test_the_sentence_says_what_was_found_and_what_is_allowed(film):
    _, why = picture_checks.check(levels(film / 255.0 * 20), None, LIMITS)
    assert "of 256 grey levels; 53 are needed" in why.sentence


def test_black_borders_do_not_count(film):
    bordered = np.zeros((900, 700), np.uint8)
    bordered[130:770, 80:620] = film
    values = picture_checks.measure(bordered)
    assert values[picture_checks.MIDDLE_BLACK] < 0.01


@pytest.mark.parametrize("side", [slice(320, None), slice(None, 260)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_covered_half_is_cut_off_and_no_matter_of_exposure(film, side, level):
    covered = film.copy()
    covered[side] = level
    assert picture_checks.check(covered, None, LIMITS)[1].kind == refusal.CUT


def test_an_icon_is_no_film_that_is_cut(film):
    icon = np.zeros((500, 500), np.uint8)
    icon[200:330, 180:300] = cv2.resize(film, (120, 130))
    assert picture_checks.measure(icon)[picture_checks.EMPTY] == 0


def test_a_document_is_not_called_too_bright():
    page = np.full((600, 500), 255, np.uint8)
    for row in range(30, 580, 20):
        cv2.putText(page, "findings of the chest film", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1)
    assert picture_checks.measure(page)[picture_checks.MIDDLE_WHITE] == 0


def test_size_and_compression_change_little(film, field):
    small = cv2.resize(film, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    packed = cv2.imdecode(cv2.imencode(".jpg", film, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_GRAYSCALE)
    wanted = picture_checks.measure(film, field)[picture_checks.SHARPNESS]
    for other in (small, packed):
        assert picture_checks.measure(other, field)[picture_checks.SHARPNESS] == pytest.approx(wanted, rel=0.2)


def test_a_value_without_a_limit_is_not_judged(film):
    checks, why = picture_checks.check(film, None, {})
    assert ([check.name for check in checks], why) == ([picture_checks.LEVELS], None)


@pytest.mark.parametrize("levels", [2, 4, 8])
def test_a_film_of_few_grey_levels_is_refused_and_told_how_many_there_are(film, levels):
    coarse = (film.astype(int) * levels // 256 * 255 // (levels - 1)).astype(np.uint8)
    _, why = picture_checks.check(coarse, None, LIMITS)
    assert why.kind == refusal.LEVELS
    assert why.sentence.startswith(f"it has {levels} grey levels; 9 are needed; ")


def test_a_dithered_film_has_two_grey_levels(film):
    dithered = np.asarray(Image.fromarray(film).convert("1").convert("L"))
    assert picture_checks.check(dithered, None, LIMITS)[1].kind == refusal.LEVELS


def test_a_film_of_four_bits_passes(film):
    assert picture_checks.check(film // 16 * 17, None, LIMITS)[1] is None


@pytest.mark.parametrize("shape", [(64, 64), (64, 190), (65, 127)])
def test_the_smallest_pictures_are_measured(shape):
    values = picture_checks.measure(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    assert values[picture_checks.NEIGHBOURS] < 0.2
