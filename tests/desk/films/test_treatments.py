"""Treatments of a crop that experiments tried: what each shows, and that the fingerprint tells it from the contract."""

import inspect

import numpy as np
import pytest

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import lung_field, preprocess
from tests.support.films import draw_film, draw_lungs
from train.films import treatments

OTHERS = [
    (outside, levels)
    for outside in treatments.OUTSIDE
    for levels in treatments.LEVELS
    if (outside, levels) != (preprocess.OUTSIDE, preprocess.LEVELS)
]


def _field(seed=4):
    """Return the lungs of a drawn film, found in its drawing."""
    return lung_field.find(preprocess.shrink(draw_lungs(seed, 480, 400), preprocess.MASK_SIZE) / 255)


def _parts(size=64, seed=4):
    """Return a drawn film and its mask in the box round the lungs, uint8 (size, size) each."""
    field = _field(seed)
    film = draw_film(seed)
    return preprocess.shrink(film, size, field.box), preprocess.shrink(field.mask, size, field.box)


@pytest.mark.parametrize("seed", range(4))
def test_the_default_treatment_is_the_contract(seed):
    given = inspect.signature(treatments.finish).parameters
    assert (given["outside"].default, given["levels"].default) == (preprocess.OUTSIDE, preprocess.LEVELS)
    crop, mask = _parts(seed=seed)
    assert np.array_equal(treatments.finish(crop, mask), preprocess.finish(crop))
    assert np.array_equal(treatments.finish(crop, mask), preprocess.lungs_to_pixels(draw_film(seed), _field(seed), 64))


@pytest.mark.parametrize(("outside", "levels"), OTHERS)
def test_the_fingerprint_notices_every_treatment(monkeypatch, outside, levels):
    def treated(grey, field, size):
        crop, mask = (preprocess.shrink(part, size, field.box) for part in (grey, field.mask))
        return treatments.finish(crop, mask, outside, levels)

    ours = preprocess.fingerprint(32)
    with monkeypatch.context() as patch:
        patch.setattr(preprocess, "lungs_to_pixels", treated)
        assert not preprocess.same_fingerprint(ours, preprocess.fingerprint(32))
    assert preprocess.same_fingerprint(ours, preprocess.fingerprint(32))


@pytest.mark.parametrize("unknown", [("white", "crop"), ("keep", "film")])
def test_an_unknown_treatment_is_named(unknown):
    with pytest.raises(ValueError, match=r"treatment is outside '\w+', levels '\w+'; known treatments are"):
        treatments.finish(*_parts(), *unknown)


def test_outside_is_kept_or_black_or_flat():
    crop, mask = _parts()
    kept = treatments.finish(crop, mask, "keep", "crop")[..., 0]
    assert np.array_equal(kept, preprocess.stretch(crop))
    rim = (mask > 0) & (mask < 255)
    assert rim.any()
    for outside, level in (("black", 0), ("flat", int(kept[mask <= 127].mean()))):
        done = treatments.finish(crop, mask, outside, "crop")[..., 0]
        assert (done[mask == 0] == level).all()
        assert np.array_equal(done[mask == 255], kept[mask == 255])
        # Soft at the rim: lung by the share of the mask, rounded to the nearest level.
        share = mask[rim] / 255
        assert np.abs(done[rim] - (kept[rim] * share + level * (1 - share))).max() <= 0.5
    assert level > 100  # what lies beside drawn lungs is bright: flat is not black


def test_a_crop_that_is_all_lung_has_no_outside():
    crop, mask = _parts()
    full = np.full_like(mask, 255)
    for outside in ("black", "flat"):
        assert np.array_equal(treatments.finish(crop, full, outside, "crop")[..., 0], preprocess.stretch(crop))


def test_grey_levels_by_the_lungs_alone():
    crop, mask = _parts()
    seen = crop[mask > 127]
    pixels = treatments.finish(crop, mask, "keep", "lungs")[..., 0]
    assert np.array_equal(pixels, preprocess.stretching_table(seen)[crop])
    # What is not lung must have no say: as bright as can be, it leaves the lungs as they were.
    bright = np.where(mask > 127, crop, 255).astype(np.uint8)
    assert np.array_equal(treatments.finish(bright, mask, "keep", "lungs")[mask > 127], pixels[mask > 127, np.newaxis])
    assert not np.array_equal(treatments.finish(bright, mask, "keep", "crop")[mask > 127], pixels[mask > 127])


def test_equal_levels_are_spread_evenly():
    _, mask = _parts(192)
    crop = (np.random.default_rng(0).beta(2, 6, mask.shape) * 255).astype(np.uint8)
    levels = treatments.finish(crop, mask, "keep", "equal")[..., 0][mask > 127]
    counts = np.histogram(levels, bins=8, range=(0, 256))[0] / levels.size
    assert np.abs(counts - 1 / 8).max() < 0.02  # a level is never split, and the commonest hold 1.2 % of the lungs
    table = treatments.equalizing_table(crop[mask > 127])
    assert (np.diff(table.astype(int)) >= 0).all()
    assert table[-1] == 255


@pytest.mark.parametrize("levels", ["crop", "lungs", "equal"])
def test_blank_lungs_are_refused(levels):
    crop, mask = _parts()
    blank = np.full_like(crop, 90) if levels == "crop" else np.where(mask > 127, 90, crop).astype(np.uint8)
    with pytest.raises(UnreadableRadiograph, match="the picture is blank: 98 % of it lies within 1 of 256 grey levels"):
        treatments.finish(blank, mask, "keep", levels)
