"""The cheap checks on pictures of which each figure can be worked out by hand, too small to be shrunk first."""

import numpy as np
import pytest

from edge_app.gate import picture_checks, refusal
from edge_app.gate.picture_checks import (
    CONTRAST,
    EMPTY,
    LUNGS_BLACK,
    LUNGS_WHITE,
    MIDDLE_BLACK,
    MIDDLE_WHITE,
    NEIGHBOURS,
    SHARPNESS,
    measure,
)
from edge_app.imaging.lung_field import LungField

SIDE = 200
ROWS, COLUMNS = np.mgrid[0:SIDE, 0:SIDE]


def plain(level: int) -> np.ndarray:
    """Return a picture of one grey level."""
    return np.full((SIDE, SIDE), level, np.uint8)


def test_contrast_is_what_the_middle_98_percent_span():
    levels = np.repeat([10, 100, 200], [400, 39_200, 400]).astype(np.uint8)
    assert measure(levels.reshape(SIDE, SIDE))[CONTRAST] == 90
    levels = np.repeat([10, 100, 200], [399, 39_200, 401]).astype(np.uint8)
    assert measure(levels.reshape(SIDE, SIDE))[CONTRAST] == 100


@pytest.mark.parametrize(
    ("picture", "likeness"),
    [
        ((ROWS + COLUMNS) % 2, -1),  # each neighbour is the opposite: twice the variance twice over
        (COLUMNS % 2, -1),  # down they are all alike: the lower counts
        (ROWS % 2, -1),
        (COLUMNS >= 100, 1 - 2 / 199),  # of 199 steps one
        (ROWS >= 100, 1 - 2 / 199),
        (ROWS < 0, 1),  # no variance
    ],
)
def test_the_likeness_of_neighbours(picture, likeness):
    assert measure((255 * picture).astype(np.uint8))[NEIGHBOURS] == pytest.approx(likeness)


@pytest.mark.parametrize(("level", "black", "white"), [(5, 1, 0), (6, 0, 0), (249, 0, 0), (250, 0, 1)])
def test_from_which_level_the_middle_is_black_or_white(level, black, white):
    found = measure(plain(level))
    assert (found[MIDDLE_BLACK], found[MIDDLE_WHITE]) == (black, white)


@pytest.mark.parametrize(
    ("row", "share"),
    [
        (49, 1),  # beyond the middle, which begins a quarter of the side from the rim
        (50, 0.96),  # one of the 25 rows of its upper quarter
        (74, 0.96),
        (75, 0.99),  # between the quarters: one of the 100 rows at its left
        (124, 0.99),
        (125, 0.96),
        (149, 0.96),
        (150, 1),
    ],
)
def test_the_middle_is_as_black_as_the_side_that_is_least(row, share):
    for turn in range(2):
        picture = plain(0)
        picture[row] = 255
        assert measure(np.rot90(picture, turn))[MIDDLE_BLACK] == pytest.approx(share)


@pytest.mark.parametrize(("level", "stripes", "black"), [(40, 10, 1), (41, 1, 1), (41, 2, 0)])
def test_hard_edges_make_a_document_of_what_is_black(level, stripes, black):
    """A stripe beside the middle has two edges of 200 steps, one at the rim a single; 1 % of all steps are 796."""
    for turn in range(2):
        picture = plain(0)
        picture[:, 0] = level
        for stripe in range(stripes):
            picture[:, 3 + 4 * stripe] = level
        assert measure(np.rot90(picture, turn))[MIDDLE_BLACK] == black


def _textured(spans: int, first: int, last: int) -> np.ndarray:
    """Return soft noise of which the first `first` and last `last` rows span `spans` levels."""
    noise = np.random.default_rng(0).integers(100, 131, (SIDE, SIDE)).astype(np.uint8)
    noise[:first] = noise[SIDE - last :] = np.where(COLUMNS[0] % 2, 100, 100 + spans)
    return noise


@pytest.mark.parametrize(
    ("spans", "first", "last", "empty"),
    [(5, 40, 0, 0.2), (6, 40, 0, 0), (5, 40, 30, 0.2), (5, 40, 31, 0), (0, 1, 0, 1 / SIDE), (0, 0, 0, 0)],
)
def test_how_far_a_picture_is_empty_from_one_side_on(spans, first, last, empty):
    picture = _textured(spans, first, last)
    for turn in range(4):
        assert measure(np.rot90(picture, turn))[EMPTY] == pytest.approx(empty)


def _field(mask: np.ndarray) -> LungField:
    return LungField(mask.astype(np.uint8), (0.0, 0.0, 1.0, 1.0), 0.5, 0.9, 1)


@pytest.mark.parametrize(("level", "black", "white"), [(5, 0.25, 0), (6, 0, 0), (249, 0, 0), (250, 0, 0.25)])
def test_of_the_lungs_alone_a_share_is_black_or_white(level, black, white):
    rows, columns = np.mgrid[0:256, 0:256]
    grey = np.full((256, 256), 128, np.uint8)
    grey[rows < 64] = level
    found = measure(grey, _field(np.where(columns < 128, 128, 127)))  # the right half is not lung
    assert (found[LUNGS_BLACK], found[LUNGS_WHITE]) == (black, white)
    grey[columns >= 128] = 0
    assert measure(grey, _field(np.where(columns < 128, 128, 127)))[LUNGS_BLACK] == black


def test_where_the_field_is_lost_the_box_is_looked_at():
    grey = np.full((256, 256), 128, np.uint8)
    grey[:64] = 0
    assert measure(grey, _field(np.zeros((256, 256))))[LUNGS_BLACK] == 0.25


def _waves(across: int, down: int) -> np.ndarray:
    """Return waves of these periods in pixels, each of 50 grey levels."""
    rows, columns = np.mgrid[0:256, 0:256]
    waves = np.cos(2 * np.pi * columns / across) + np.cos(2 * np.pi * rows / down)
    return np.rint(127.5 + 50 * waves).astype(np.uint8)


def _kept(angle: float) -> float:
    """Return what the difference of Gaussians of 1.5 and 3 pixels keeps of a wave of `angle` radians a pixel."""
    return np.exp(-(1.5**2) * angle**2 / 2) - np.exp(-(3**2) * angle**2 / 2)


@pytest.mark.parametrize(("across", "down"), [(32, 24), (24, 32)])
def test_sharpness_is_fine_detail_by_coarse_detail_where_it_is_lowest(across, down):
    angle = 2 * np.pi / 32  # of the longer wave, a pixel; of the picture of a quarter of the side four times as much
    quarter = np.sin(2 * angle) / (4 * np.sin(angle / 2))  # what the mean of four pixels keeps
    fine = _kept(angle) * np.sin(angle / 2)
    coarse = quarter * _kept(4 * angle) * np.sin(2 * angle)
    whole = _field(np.full((256, 256), 255))
    assert measure(_waves(across, down), whole)[SHARPNESS] == pytest.approx(fine / coarse, rel=0.05)


def test_where_there_is_no_coarse_detail_half_a_level_counts_as_some():
    # Waves of four pixels: none is left of them in the mean of four, and their steps are as high as they are.
    wanted = 50 * _kept(np.pi / 2) / 0.5
    assert measure(_waves(4, 4), _field(np.full((256, 256), 255)))[SHARPNESS] == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize(
    ("spanned", "level", "kind"),
    [
        (7, 90, refusal.BLANK),
        (8, 127, refusal.DARK),
        (52, 127, refusal.DARK),
        (52, 128, refusal.BRIGHT),
        (53, 128, None),
    ],
)
def test_too_little_contrast_is_blank_or_dark_or_bright(spanned, level, kind):
    why = picture_checks.judge({CONTRAST: spanned}, {CONTRAST: 53}, plain(level))
    assert (why and why.kind) == kind


def test_nine_grey_levels_are_enough():
    for levels, wanted in ((9, None), (8, "too few grey levels")):
        picture = (COLUMNS * levels // SIDE * 20).astype(np.uint8)
        why = picture_checks.check(picture, None, {})[1]
        assert (why and why.kind) == wanted
