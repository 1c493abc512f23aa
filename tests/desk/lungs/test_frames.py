"""What lies round a film: its lungs stay whole in a frame, and are lost under a cover."""

import numpy as np
import pytest

from tests.support.films import draw_film, draw_lungs
from train.lungs import film_photographs, frames
from train.lungs.examples import KEPT_SIZE
from train.photograph import simulator

MANY = 40


@pytest.fixture(scope="module")
def drawn():
    """Return a film and its lungs, uint8 (300, 260)."""
    return draw_film(3, 300, 260), draw_lungs(3, 300, 260)


def test_a_frame_keeps_the_lungs_whole_and_moves_them_with_the_film(drawn):
    mask, scales = drawn[1], []
    film = np.where(mask > 127, np.uint8(190), np.uint8(60))  # of two greys: in any frame they lie as the mask does
    for seed in range(MANY):
        framed, lungs = frames.framed(film, mask, np.random.default_rng(seed))
        assert framed.shape == lungs.shape == mask.shape
        inside, outside = framed[lungs > 200].astype(float), framed[lungs < 50].astype(float)
        assert np.median(inside) != np.median(outside)
        assert inside.std() < 12  # corners and lines may take a little of the lungs, never much
        scales.append((lungs > 127).mean() / (mask > 127).mean())
    assert 0.2 < min(scales) < 0.7 and max(scales) == pytest.approx(1, abs=0.01)


def test_a_film_in_a_frame_may_be_pale_and_the_frame_black_or_white(drawn):
    film, mask = drawn
    some = [frames.framed(film, mask, np.random.default_rng(seed))[0] for seed in range(MANY)]
    spans = [np.subtract(*np.percentile(one[60:240, 60:200], (95, 5))) for one in some]
    assert min(spans) < 60 and max(spans) > 150
    corners = {int(one[0, 0]) for one in some}
    assert {0, 255} <= corners


def test_the_same_generator_gives_the_same_frame(drawn):
    one, again = (frames.framed(*drawn, np.random.default_rng(5)) for _ in range(2))
    assert all(np.array_equal(*pair) for pair in zip(one, again, strict=True))


def test_a_cover_takes_a_part_of_the_lungs_from_any_side(drawn):
    film, mask = drawn
    sides = set()
    for seed in range(MANY):
        covered, lungs = frames.covered(film, mask, np.random.default_rng(seed))
        assert covered.shape == film.shape
        lost = 1 - (lungs > 0).sum() / (mask > 0).sum()
        assert frames.LOST[0] - 0.03 < lost < frames.LOST[1] + 0.03
        hidden = covered != film
        assert len(np.unique(covered[hidden])) == 1
        sides.add(tuple(bool(edge.mean() > 0.9) for edge in (hidden[0], hidden[-1], hidden[:, 0], hidden[:, -1])))
    assert len(sides) == 4


def test_photographs_are_sent_whole_or_cropped_and_always_show_what_lies_round_the_film(drawn):
    shapes = set()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        taken = simulator.photograph(drawn[0], rng, 1, (320, 240))
        sent = film_photographs.as_sent(taken, rng)
        shapes.add(sent.shape)
        assert sent.shape[1] > 1.05 * (taken.corners[:, 0].max() - taken.corners[:, 0].min())
    assert (240, 320) in shapes and len(shapes) > 1


def test_films_are_photographed_and_straightened_in_order_and_the_same_for_the_same_seed():
    films = np.stack([np.asarray(draw_film(seed, KEPT_SIZE, KEPT_SIZE)) for seed in range(2)])
    shown, straightened = film_photographs.take(films, 1)
    again, _ = film_photographs.take(films, 1)
    assert shown.shape == straightened.shape == films.shape
    assert np.array_equal(shown, again)
    for film, straight in zip(films, straightened, strict=True):
        assert np.corrcoef(film[20:-20:4, 20:-20:4].ravel(), straight[20:-20:4, 20:-20:4].ravel())[0, 1] > 0.7
    none = film_photographs.take(films[:0], 1)
    assert [len(part) for part in none] == [0, 0]
