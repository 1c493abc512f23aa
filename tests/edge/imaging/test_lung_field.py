"""The lung field on computed chance maps: what is kept, what is refused, what is cropped. No network, no film."""

import re

import cv2
import numpy as np
import pytest

from edge_app.errors import NoLungField, UnreadableRadiograph
from edge_app.imaging import lung_field
from edge_app.imaging.lung_field import LungField, find, inside
from edge_app.imaging.resample import resample

SIDE = 64
ROWS, COLUMNS = np.mgrid[0:SIDE, 0:SIDE]
# A place of the map is four of the mask; a cut between two places may fall anywhere in between.
PLACE = 1 / SIDE


def _ellipse(row, column, high, wide, chance=1.0):
    """Return a chance map with one ellipse of these half axes, in places of 64 x 64."""
    return chance * (((ROWS - row) / high) ** 2 + ((COLUMNS - column) / wide) ** 2 <= 1).astype(np.float32)


LEFT, RIGHT = _ellipse(30, 19, 18, 9), _ellipse(28, 45, 16, 8)
BOTH = LEFT + RIGHT


def _extent(chance):
    """Return (top, left, bottom, right) of what is above one half and no mere tip, as shares of the side."""
    least = lung_field.LEAST_WIDTH * SIDE
    rows, columns = (np.flatnonzero((chance >= 0.5).sum(axis=axis) > least) for axis in (1, 0))
    return rows[0] / SIDE, columns[0] / SIDE, (rows[-1] + 1) / SIDE, (columns[-1] + 1) / SIDE


def test_two_lungs_are_found():
    field = find(BOTH)
    assert field.mask.dtype == np.uint8
    assert field.mask.shape == (lung_field.FINE, lung_field.FINE)
    assert set(np.unique(field.mask)) == {0, 255}
    assert field.parts == 2
    assert field.share == pytest.approx(BOTH.mean(), rel=0.05)
    assert field.share == pytest.approx((field.mask == 255).mean())
    assert 0.9 < field.certainty <= 1
    # The mask is the map at four times its side, but for the rim.
    rim = cv2.dilate(BOTH, np.ones((3, 3))) - cv2.erode(BOTH, np.ones((3, 3)))
    certain = np.kron(rim == 0, np.ones((4, 4), bool))
    assert np.array_equal((field.mask == 255)[certain], (np.kron(BOTH, np.ones((4, 4))) == 1)[certain])


def test_the_box_is_the_lungs_and_a_margin():
    top, left, bottom, right = find(BOTH).box
    wanted = _extent(BOTH)
    high, wide = wanted[2] - wanted[0], wanted[3] - wanted[1]
    margin = lung_field.MARGIN
    beyond = (wanted[0] - top, wanted[1] - left, bottom - wanted[2], right - wanted[3])
    for found, expected in zip(beyond, (margin * high, margin * wide) * 2, strict=True):
        assert abs(found - expected) < PLACE / 2
    assert min(beyond) > 0
    assert all(isinstance(side, float) for side in (top, left, bottom, right))  # they go into JSON


@pytest.mark.parametrize("turns", range(4))
def test_rows_and_columns_are_not_mixed_up(turns):
    """Tall lungs in one corner: turned about, top, left, bottom and right go round."""
    chance = np.rot90(_ellipse(22, 12, 20, 10), turns)
    top, left, bottom, right = find(np.ascontiguousarray(chance)).box
    found, wanted = np.array([top, left, bottom, right]), np.array(_extent(chance))
    assert np.abs(found - wanted).max() < lung_field.MARGIN
    assert (bottom - top > right - left) == (turns % 2 == 0)


@pytest.mark.parametrize("shift", [(-12, 0), (20, 0), (0, -10), (0, 10), (-12, -10), (20, 10)])
def test_the_box_ends_where_the_film_does(shift):
    moved = cv2.warpAffine(BOTH, np.float32([[1, 0, shift[1]], [0, 1, shift[0]]]), (SIDE, SIDE))
    box = find(moved).box
    assert 0 <= box[0] < box[2] <= 1
    assert 0 <= box[1] < box[3] <= 1
    wanted = _extent(moved)
    assert np.abs(np.subtract(box, wanted)).max() < lung_field.MARGIN
    for i, end in enumerate((0, 0, 1, 1)):
        if wanted[i] == end:
            assert box[i] == end


@pytest.mark.parametrize(
    ("wide", "rim", "first", "last"),
    [
        (12, 0, 100, 156),  # of less than 16 places half counts: it is reached half a place beyond the first
        (40, 0, 99.7, 156.3),  # of more, 8 places: a fifth of the way up to 40
        (16, 0, 100, 156),
        (40, 4, 99 + 11 / 18, 156 + 7 / 18),  # from 4 up to 40, 8 is a ninth of the way
    ],
)
def test_lungs_begin_where_they_are_wide_enough_between_two_places(wide, rim, first, last):
    widths = np.zeros(lung_field.FINE)
    widths[100:156] = wide
    widths[[99, 156]] = rim
    margin = 0.06 * (last - first)
    found = lung_field._extent(widths)
    assert found == pytest.approx(((first - margin) / 256, (last + margin) / 256), abs=1e-9)


def test_one_lung_alone_is_a_field_of_one_part():
    field = find(LEFT)
    assert field.parts == 1
    assert field.share == pytest.approx(LEFT.mean(), rel=0.05)


def test_lungs_that_run_together_are_one_part():
    bridge = np.zeros((SIDE, SIDE), np.float32)
    bridge[28:32, 19:45] = 1
    assert find(np.maximum(BOTH, bridge)).parts == 1


def test_a_third_part_is_left_out_however_large():
    stray = _ellipse(56, 32, 6, 7)
    field = find(BOTH + stray)
    alone = find(BOTH)
    assert field.parts == 2
    assert np.array_equal(field.mask, alone.mask)
    assert (field.box, field.share, field.certainty) == (alone.box, alone.share, alone.certainty)


def test_a_second_part_that_is_too_small_is_no_lung():
    small = _ellipse(50, 50, 4, 4)
    assert small.sum() < lung_field.LEAST_PART * LEFT.sum()
    assert np.array_equal(find(LEFT + small).mask, find(LEFT).mask)
    larger = _ellipse(50, 50, 6, 6)
    assert larger.sum() > lung_field.LEAST_PART * LEFT.sum()
    assert find(LEFT + larger).parts == 2


def test_parts_that_touch_at_a_corner_only_are_two():
    """What touches at a corner is as far apart as can be said: a lung and the stomach below it."""
    chance = np.zeros((lung_field.FINE, lung_field.FINE), np.float32)
    chance[20:120, 20:120] = chance[120:200, 120:200] = 1
    assert find(chance).parts == 2


def test_a_field_of_another_resolution_is_the_same_field():
    large = cv2.resize(BOTH, (256, 256), interpolation=cv2.INTER_NEAREST)
    one, other = find(BOTH), find(large.astype(np.float64))
    assert (one.mask != other.mask).mean() < 0.01
    assert np.abs(np.subtract(one.box, other.box)).max() < PLACE


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chance", "share", "certainty"),
    [
        (np.zeros((SIDE, SIDE), np.float32), "0%", "0.00"),
        (np.full((SIDE, SIDE), 0.49, np.float32), "0%", "0.00"),
        (np.ones((SIDE, SIDE), np.float32), "100%", "1.00"),
        (_ellipse(32, 32, 8, 8), "5%", "0.9"),
        (BOTH * (lung_field.LEAST_CERTAINTY - 0.01), r"2\d%", r"0\.7"),
    ],
    ids=["nothing", "below one half", "everything", "too small", "unsure"],
)
def test_what_cannot_be_lungs_is_refused(chance, share, certainty):
    with pytest.raises(NoLungField) as caught:
        find(chance)
    sentence = str(caught.value)
    words = rf"^no lung field is to be seen: {share} of the picture looks like lung, with certainty {certainty}"
    assert re.match(words, sentence)
    wanted = f"6% to 75% with {lung_field.LEAST_CERTAINTY} are needed; show a frontal chest radiograph"
    assert sentence.endswith(wanted)
    assert isinstance(caught.value, UnreadableRadiograph)  # so that it ends one film and never a folder


def test_the_limits_of_share_and_certainty():
    assert find(BOTH * 0.95).certainty == pytest.approx(0.93, abs=0.03)
    wide = np.zeros((SIDE, SIDE), np.float32)
    wide[:48] = 1  # three quarters, and a rim that is cut halfway
    assert find(wide[:, ::-1].copy()).share == pytest.approx(0.75, abs=0.003)
    wide[:52] = 1
    with pytest.raises(NoLungField, match="81%"):
        find(wide)


def test_specks_are_no_lungs():
    rng = np.random.default_rng(0)
    with pytest.raises(NoLungField):
        find((rng.random((SIDE, SIDE)) > 0.7).astype(np.float32))


# --- the box --------------------------------------------------------------------------------------


@pytest.mark.parametrize("less", [0.002, 0.01, 0.03])
def test_a_chance_that_changes_a_little_moves_the_box_a_little(less):

    soft = cv2.GaussianBlur(BOTH, (0, 0), 1.5)
    moved = np.abs(np.subtract(find(soft).box, find(soft - less * soft).box))
    assert 0 < moved.max() < 16 * less / lung_field.FINE  # the chance falls from 1 to 0 over some 16 places of the mask


def test_a_thin_tip_does_not_move_the_box():
    tip = BOTH.copy()
    tip[2:12, 19] = 1
    assert np.abs(np.subtract(find(tip).box, find(BOTH).box)).max() < PLACE / 4


def test_crops_of_film_and_mask_show_the_same_place():
    """A film that is the mask, at another size: cropped and laid over each other they must be one picture."""
    field = find(BOTH)
    for height, width in ((256, 256), (300, 260), (901, 1201), (2000, 1700)):
        film = cv2.resize(field.mask, (width, height), interpolation=cv2.INTER_LINEAR)
        film, mask = (resample(part, 192, 192, field.box) > 127 for part in (film, field.mask))
        assert (film & mask).sum() / (film | mask).sum() > 0.99
        assert mask[:, 0].sum() == mask[0].sum() == 0  # the margin
        assert mask[:, 12].any()
        assert mask[12].any()


# --- heat -----------------------------------------------------------------------------------------


def _left_half():
    """Return a field over the whole film whose left half is lung."""
    mask = np.zeros((256, 256), np.uint8)
    mask[:, :128] = 255
    return LungField(mask, (0.0, 0.0, 1.0, 1.0), 0.5, 1.0, 1)


@pytest.mark.parametrize(
    ("columns", "share"), [(slice(0, 3), 1.0), (slice(3, 6), 0.0), (slice(0, 6), 0.5), (slice(2, 4), 0.5)]
)
def test_the_share_of_heat_inside(columns, share):
    heat = np.full((6, 6), -1.0, np.float32)
    heat[:, columns] = 2
    assert inside(heat, _left_half()) == pytest.approx(share)


def test_heat_counts_by_its_strength_and_cold_places_not_at_all():
    heat = np.zeros((4, 4), np.float32)
    heat[1, 0], heat[2, 3], heat[0] = 3, 1, -100
    assert inside(heat, _left_half()) == pytest.approx(0.75)


@pytest.mark.parametrize("heat", [np.zeros((4, 4)), np.full((4, 4), -2.0)])
def test_nothing_hot_is_no_share(heat):
    assert inside(heat.astype(np.float32), _left_half()) is None


def test_heat_lies_over_the_box_and_not_over_the_film():
    mask = np.zeros((256, 256), np.uint8)
    mask[128:, :128] = 255
    field = LungField(mask, (0.5, 0.0, 1.0, 1.0), 0.25, 1.0, 1)  # in the box, the left half is lung
    heat = np.zeros((4, 6), np.float32)
    heat[0, 0] = heat[3, 5] = 1
    assert inside(heat, field) == pytest.approx(0.5)
    heat[3, 5] = 0
    assert inside(heat, field) == pytest.approx(1)


def test_a_place_that_is_half_lung_counts_half():
    heat = np.zeros((1, 3), np.float32)
    heat[0, 1] = 5
    assert inside(heat, _left_half()) == pytest.approx(0.5, abs=0.01)
