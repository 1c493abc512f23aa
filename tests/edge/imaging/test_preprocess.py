import hashlib

import cv2
import numpy as np
import pytest

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import lung_field, preprocess
from edge_app.imaging.resample import WHOLE, resample
from tests.golden import make_golden
from tests.support.films import draw_film, draw_lungs
from tests.support.golden import GOLDEN

# Of the fingerprint at 192 pixels; see `test_fingerprint_has_not_changed`.
FINGERPRINT = "5ce3e3d17c6d1f62554faed7be0cf4af7143679cc37c94dd3a4caea508b2ef00"


def test_golden_films_become_the_same_pixels():
    # Exactly equal, on an emulated Cortex-A72 too: nothing between file and pixels is left to a library's taste.
    made = {}
    for path in sorted((GOLDEN / "films").iterdir()):
        made |= make_golden.expected(path)
    with np.load(GOLDEN / "expected.npz") as expected:
        assert len(expected.files) == 25  # five films; whole at three sizes and lungs at two
        assert set(expected.files) == set(made)
        for key in expected.files:
            assert np.array_equal(made[key], expected[key]), key


def test_fingerprint_has_not_changed():
    # A new value here means that every trained model must be trained again: raise CONTRACT_VERSION with it.
    text = preprocess.fingerprint(192)
    assert preprocess.CONTRACT_VERSION == 5
    assert hashlib.sha256(text.encode()).hexdigest() == FINGERPRINT


def test_fingerprints_one_level_apart_agree_and_two_do_not():
    samples = bytearray.fromhex(preprocess.fingerprint(32))
    text = bytes(samples).hex()
    place = next(i for i, level in enumerate(samples) if 2 < level < 253)
    samples[place] += 1
    assert preprocess.same_fingerprint(text, bytes(samples).hex())
    assert preprocess.same_fingerprint(bytes(samples).hex(), text)
    samples[place] += 1
    assert not preprocess.same_fingerprint(text, bytes(samples).hex())


@pytest.mark.parametrize("other", ["", "00", "not hex", preprocess.fingerprint(32)[:-2], preprocess.fingerprint(33)])
def test_fingerprint_of_another_kind_does_not_agree(other):
    assert not preprocess.same_fingerprint(preprocess.fingerprint(32), other)


def _resized(how):
    """Return what stands for `resample`: OpenCV's resize of whole pixels."""

    def resized(grey, rows, columns, box=WHOLE):
        top, left, bottom, right = (round(share * side) for share, side in zip(box, grey.shape * 2, strict=True))
        part = grey[top : max(bottom, top + 1), left : max(right, left + 1)]
        return cv2.resize(part, (columns, rows), interpolation=how)

    return resized


RULES = {
    "area average": (preprocess, "resample", _resized(cv2.INTER_NEAREST)),
    "box between whole pixels": (preprocess, "resample", _resized(cv2.INTER_AREA)),
    "how far films are reduced": (preprocess, "LEAST_SIDE", 640),
    "tail of the histogram": (preprocess, "TAIL_PERCENT", 2),
    "side of the whole film": (preprocess, "LUNG_SIZE", 96),
    "margin of the box": (lung_field, "MARGIN", 0.0),
    "detail of the mask": (lung_field, "FINE", 128),
    "where a lung begins": (lung_field, "LEAST_WIDTH", 1 / 8),
    "crop": (preprocess, "resample", lambda grey, rows, columns, box=WHOLE: resample(grey, rows, columns)),
}


@pytest.mark.parametrize("rule", RULES)
def test_fingerprint_notices_every_rule(monkeypatch, rule):
    ours = preprocess.fingerprint(32)
    with monkeypatch.context() as patch:
        patch.setattr(*RULES[rule])
        assert not preprocess.same_fingerprint(ours, preprocess.fingerprint(32))
    assert preprocess.same_fingerprint(ours, preprocess.fingerprint(32))


@pytest.mark.parametrize(("down", "across"), [(2, 2), (3, 5), (7, 4)])
def test_shrinking_by_a_whole_factor_is_the_mean_of_each_block(down, across):
    size = 24
    grey = np.random.default_rng(down).integers(0, 256, (size * down, size * across)).astype(np.uint8)
    means = grey.reshape(size, down, size, across).mean(axis=(1, 3))
    # Half a level: rounding to uint8 is the only freedom.
    assert np.abs(preprocess.shrink(grey, size) - means).max() <= 0.5 + 1e-6


def test_stretch_maps_the_percentiles_to_black_and_white():
    # 1000 pixels: 10 at level 0 and 10 at level 255 are the 1 % that may saturate at each end; the rest is between.
    grey = np.repeat([0, 50, 100, 150, 255], [10, 300, 380, 300, 10]).astype(np.uint8).reshape(20, 50)
    levels = dict(zip(grey.ravel().tolist(), preprocess.stretch(grey).ravel().tolist(), strict=True))
    # Pixels of one level lie evenly half a level about it: the percentiles are 49.5 and 150.5, 101 levels apart.
    assert levels == {0: 0, 50: 1, 100: 127, 150: 254, 255: 255}


def test_stretch_keeps_more_than_one_percent_at_the_ends():
    grey = np.repeat([0, 50, 150, 255], [11, 489, 489, 11]).astype(np.uint8).reshape(20, 50)
    assert np.array_equal(preprocess.stretch(grey), grey)


def test_exposure_does_not_matter():
    film = draw_film(5, 200, 180)
    darker = (film // 2 + 40).astype(np.uint8)
    apart = np.abs(preprocess.to_pixels(film, 32).astype(int) - preprocess.to_pixels(darker, 32))
    assert apart.max() <= 6  # halving loses one bit, and the stretch of about 1.4 doubles it twice


@pytest.mark.parametrize("levels", [(0, 0), (255, 255), (100, 107)])
def test_a_blank_picture_is_refused(levels):
    grey = np.random.default_rng(0).integers(levels[0], levels[1] + 1, (100, 100)).astype(np.uint8)
    with pytest.raises(
        UnreadableRadiograph, match=r"the picture is blank: 98 % of it lies within \d of 256 grey levels"
    ):
        preprocess.to_pixels(grey, 100)


def test_more_pixels_of_one_level_than_float32_can_count():
    counts = preprocess.counted(np.full((4097, 4097), 7, np.uint8))
    assert (counts[7], counts.sum(), len(counts)) == (4097**2, 4097**2, 256)


def test_eight_levels_are_contrast_enough():
    grey = np.random.default_rng(0).integers(100, 109, (100, 100)).astype(np.uint8)
    pixels = preprocess.to_pixels(grey, 100)
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_one_bright_marker_on_black_is_still_blank():
    grey = np.zeros((200, 200), np.uint8)
    grey[:15, :15] = 255  # 0.6 % of the film
    with pytest.raises(UnreadableRadiograph, match="blank"):
        preprocess.to_pixels(grey, 100)


@pytest.mark.parametrize(
    "grey",
    [
        np.zeros((64, 64), np.float32),
        np.zeros((64, 64), np.uint16),
        np.zeros((64, 64, 1), np.uint8),
        np.zeros((64, 64, 3), np.uint8),
        np.zeros(64, np.uint8),
    ],
)
def test_anything_but_grey_is_our_own_bug(grey):
    with pytest.raises(ValueError, match=r"grey is .*; the contract takes uint8 \(H, W\)"):
        preprocess.to_pixels(grey, 32)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 190), (500, 70), (192, 192), (700, 600), (191, 193)])
@pytest.mark.parametrize("size", [32, 192])
def test_every_film_becomes_uint8_of_the_models_size(height, width, size):
    pixels = preprocess.to_pixels(draw_film(3, height, width), size)
    assert pixels.shape == (size, size, 1)
    assert pixels.dtype == np.uint8
    assert pixels.min() == 0
    assert pixels.max() == 255


def test_a_small_film_is_enlarged_without_being_moved():
    small = draw_film(4, 64, 64)
    large = preprocess.to_pixels(small, 192)[..., 0]
    # Every third pixel from the middle of a block sits on a pixel of the small film, up to the stretch.
    assert np.abs(large[1::3, 1::3].astype(int) - preprocess.to_pixels(small, 64)[..., 0]).mean() < 4


def test_input_is_left_alone_and_the_answer_is_the_same_again():
    film = draw_film(6, 300, 260)
    kept = film.copy()
    first = preprocess.to_pixels(film, 64)
    assert np.array_equal(film, kept)
    assert np.array_equal(preprocess.to_pixels(np.asfortranarray(film), 64), first)


# --- lungs ----------------------------------------------------------------------------------------


def _field(seed=4):
    """Return the lungs of a drawn film, found in its drawing."""
    return lung_field.find(preprocess.shrink(draw_lungs(seed, 480, 400), preprocess.MASK_SIZE) / 255)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 190), (500, 70), (700, 600), (191, 193), (1, 1000)])
@pytest.mark.parametrize("size", [32, 192])
def test_lungs_become_uint8_of_the_models_size(height, width, size):
    grey = np.random.default_rng(0).integers(0, 256, (height, width)).astype(np.uint8)
    pixels = preprocess.lungs_to_pixels(grey, _field(), size)
    assert pixels.shape == (size, size, 1)
    assert pixels.dtype == np.uint8


def test_what_lies_outside_the_box_is_never_seen():
    field, film = _field(), draw_film(4)
    expected = preprocess.lungs_to_pixels(film, field, 64)
    top, left, bottom, right = field.box
    rows, columns = np.arange(480) / 480, np.arange(400) / 400
    seen = np.ix_((rows > top - 1 / 480) & (rows < bottom), (columns > left - 1 / 400) & (columns < right))
    for level in (0, 255):
        other = np.full_like(film, level)
        other[seen] = film[seen]
        assert np.array_equal(preprocess.lungs_to_pixels(other, field, 64), expected)


def test_a_blank_crop_is_refused():
    with pytest.raises(UnreadableRadiograph, match="the picture is blank: 98 % of it lies within 1 of 256 grey levels"):
        preprocess.finish(np.full((64, 64), 90, np.uint8))


def test_lungs_of_anything_but_grey_are_our_own_bug():
    with pytest.raises(ValueError, match=r"grey is float32 \(64, 64\); the contract takes uint8 \(H, W\)"):
        preprocess.lungs_to_pixels(np.zeros((64, 64), np.float32), _field(), 32)
