"""The examples that the lung network learns from: films and masks warped alike, and every kind of picture."""

import numpy as np
import pytest

from edge_app.gate import view_classes
from edge_app.imaging import preprocess
from tests.support.films import draw_lungs
from tests.support.lung_examples import draw_examples
from train.lungs import examples, masks, training_round, view_examples
from train.lungs.examples import KEPT_SIZE, Examples

SIDE, FIELD = preprocess.LUNG_SIZE, preprocess.MASK_SIZE


def _pools(some, films=None, **others):
    """Return pools of films with masks, of films without, and of other pictures by kind."""
    lungs = Examples(some.pictures[some.has_lungs], some.masks[some.has_lungs])
    films = lungs.pictures[:0] if films is None else films
    count, more = len(lungs.pictures), len(films)
    return examples.Pools(
        lungs, np.full(count, 1 / count), films, np.full(more, 1 / max(1, more)), others, view_examples.SHARES
    )


def _batches(some, steps=4, batch=16, seed=(1, 2, 3)):
    return list(examples.batches(_pools(some, picture=examples.photographs(1)[:4]), steps, batch, seed))


def test_film_and_mask_are_warped_alike(monkeypatch):
    """Pictures that are their own masks: after every warp and change of looks one must still lie on the other."""
    monkeypatch.setattr(view_examples, "FRAMED", 0)  # frames change what is bright; test_frames.py looks at them
    lungs = np.stack([preprocess.shrink(draw_lungs(seed), KEPT_SIZE) for seed in range(6)])
    overlaps, strayed = [], []
    for pictures, truth in _batches(Examples(lungs, lungs), steps=6):
        whole = truth["mask"].max(axis=(1, 2, 3)) > 0  # a film of another kind has no mask
        shown = np.stack([preprocess.shrink(picture[..., 0].astype(np.uint8), FIELD) for picture in pictures[whole]])
        shown, wanted = shown > 127, truth["mask"][whole][..., 0] > 0.5
        overlaps += [masks.overlap(*pair) for pair in zip(shown, wanted, strict=True)]
        strayed += [masks.overlap(*pair) for pair in zip(shown, np.roll(wanted, 1, axis=0), strict=True)]
    # Markers, borders and CLAHE may cover a part; a mask warped by itself would lie as another film's does.
    assert np.median(overlaps) > 0.93
    assert np.quantile(overlaps, 0.1) > 0.75
    assert np.median(strayed) < 0.75


def test_batches_are_float_pictures_and_masks_and_the_same_for_the_same_seed(monkeypatch):
    some = draw_examples(range(3), empty=2)
    first, again, other = _batches(some), _batches(some), _batches(some, seed=(1, 2, 4))
    for pictures, truth in first:
        assert pictures.dtype == truth["mask"].dtype == truth["kind"].dtype == np.float32
        assert pictures.shape == (16, SIDE, SIDE, 1)
        assert truth["mask"].shape == (16, FIELD, FIELD, 1)
        assert 0 <= pictures.min() < 50 < 200 < pictures.max() <= 255
        assert truth["mask"].min() == 0
        assert truth["mask"].max() == 1
        assert (truth["kind"].sum(axis=1) == 1).all()
    for (pictures, truth), (same, told) in zip(first, again, strict=True):
        assert np.array_equal(pictures, same)
        assert all(np.array_equal(truth[name], told[name]) for name in ("mask", "kind"))
    assert not np.array_equal(first[0][0], other[0][0])
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert np.array_equal(_batches(some)[0][0], first[0][0])


def test_a_film_whose_mask_is_not_known_teaches_its_kind_alone():
    pools = _pools(draw_examples(range(2)), draw_examples(range(10, 14)).pictures)
    made = list(examples.batches(pools, 6, 16, (1,)))
    kind = np.concatenate([truth["kind"].argmax(axis=1) for _, truth in made])
    unknown = np.concatenate([truth["mask"].min(axis=(1, 2, 3)) < 0 for _, truth in made])
    assert unknown.any()
    assert set(kind[unknown]) == {view_classes.CLASSES.index(view_classes.FRONTAL)}
    assert float(training_round.overlap_loss(np.full((1, 4, 4, 1), -1, "f4"), np.full((1, 4, 4, 1), 0.5, "f4"))[0]) == 0


def test_every_kind_is_shown_by_its_share():
    rng = np.random.default_rng(0)
    others = {kind: examples.photographs(1)[:3] for kind in (*view_examples.NEVER_MADE, view_classes.PART)}
    pools = _pools(draw_examples(range(6)), draw_examples(range(10, 14)).pictures, **others)
    drawn = [view_examples.draw(pools, rng) for _ in range(1500)]
    counts = {kind: sum(name == kind for name, *_ in drawn) / len(drawn) for kind in view_classes.CLASSES}
    for kind, share in view_examples.SHARES.items():
        assert counts[kind] == pytest.approx(share, abs=0.06), kind
    assert all(mask.any() for kind, _, mask, known in drawn if kind == view_classes.CUT)
    assert not any(mask.any() for kind, _, mask, _ in drawn if kind not in (view_classes.CUT, view_classes.FRONTAL))


def test_films_are_spoiled_as_their_kind_says():
    some, rng = draw_examples(range(1)), np.random.default_rng(0)
    film, mask = some.pictures[0], some.masks[0]
    assert np.array_equal(view_examples.spoil(view_classes.INVERTED, film, mask, rng)[0], 255 - film)
    left, _ = view_examples.spoil(view_classes.HEAD_LEFT, film, mask, rng)
    assert np.array_equal(np.rot90(left, -1), film)  # clockwise puts it right, as the gate says
    right, _ = view_examples.spoil(view_classes.HEAD_RIGHT, film, mask, rng)
    assert np.array_equal(np.rot90(right), film)
    # The upper edge of a film whose head points to the left is at the left.
    assert np.array_equal(left[:, 0], film[0, ::-1])
    cut, lungs = view_examples.spoil(view_classes.CUT, film, mask, rng)
    assert cut.shape == lungs.shape == film.shape
    assert view_examples.spoil(view_classes.CUT, film, np.zeros_like(mask), rng) is None


def test_photographs_and_patterns_look_like_much():
    some = examples.photographs(1)
    assert some.shape == (2 * examples.PATTERNS, KEPT_SIZE, KEPT_SIZE)
    assert len(np.unique(some.reshape(len(some), -1), axis=0)) == len(some)
    assert (np.ptp(some.reshape(len(some), -1), axis=1) > 200).mean() > 0.9
    assert np.array_equal(some, examples.photographs(1))


def test_plain_examples_are_what_the_edge_sees():
    some = draw_examples(range(2), empty=1)
    pictures, truth = examples.plain(some)
    assert pictures.shape == (3, SIDE, SIDE, 1)
    assert truth.dtype == bool
    assert np.array_equal(pictures[0, ..., 0], preprocess.shrink(some.pictures[0], SIDE))
    assert truth.any(axis=(1, 2)).tolist() == [True, True, False]
