"""From a decoded film to what both networks say of it, with the small real model of `tests/golden`."""

import numpy as np
import pytest

from edge_app.gate import refusal, view_classes
from edge_app.imaging import lung_field, preprocess
from edge_app.screening import screening
from edge_app.screening.result import Rejection
from tests.support.films import draw_film, draw_lungs

SEEDS = (1000, 1001, 1002, 1003)
HEIGHT, WIDTH = 300, 260


def _film(seed, opacity=0.0):
    return draw_film(seed, HEIGHT, WIDTH, opacity=opacity)


def _drawn(seed):
    """Return where the lungs are drawn, bool (FINE, FINE) over the whole film."""
    return preprocess.shrink(draw_lungs(seed, HEIGHT, WIDTH), lung_field.FINE) > 127


def _extent(mask):
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1]) / lung_field.FINE


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("opacity", [0.0, 0.5])
def test_the_lungs_are_found_where_they_are_drawn(classifier, seed, opacity):
    field, drawn = screening.infer(_film(seed, opacity), classifier).field, _drawn(seed)
    found = field.mask > 127
    assert (found & drawn).sum() / (found | drawn).sum() > 0.8
    assert np.abs(np.subtract(field.box, _extent(drawn))).max() < 0.05  # of the side, the margin in it
    assert field.parts == 2


def test_a_reading_holds_what_was_seen_and_said(classifier):
    seen = screening.infer(_film(1000, 1.0), classifier)
    assert list(seen.scores) == list(classifier.card.labels)
    assert all(type(score) is float and 0 <= score <= 1 for score in seen.scores.values())
    assert seen.pixels.shape == (32, 32, 1)
    assert seen.pixels.dtype == np.uint8
    heat = seen.heats["covid"]
    assert heat.logits.shape == (4, 4)
    assert 0 <= heat.inside <= 1
    # Each part follows from the one before it.
    assert np.array_equal(seen.pixels, preprocess.lungs_to_pixels(_film(1000, 1.0), seen.field, 32))
    scores, maps = classifier.scores(seen.pixels)
    assert seen.scores == dict(zip(classifier.card.labels, scores.tolist(), strict=True))
    assert np.array_equal(heat.logits, maps[..., classifier.card.labels.index("covid")])
    assert heat.inside == lung_field.inside(heat.logits, seen.field)


@pytest.mark.parametrize("seed", SEEDS)
def test_opaque_lungs_are_told_from_clear_ones(classifier, seed):
    clear, opaque = (screening.infer(_film(seed, opacity), classifier) for opacity in (0.0, 1.0))
    assert clear.scores["normal"] > 0.8 > 0.3 > opaque.scores["normal"]
    # The least opaque one has 0.50 in one runtime and 0.56 in the other; clear ones have less than 0.01.
    assert opaque.scores["covid"] > 0.25 > clear.scores["covid"]
    assert opaque.heats["covid"].logits.mean() > -2 > clear.heats["covid"].logits.mean()


@pytest.mark.parametrize("opacity", [0.0, 1.0])
@pytest.mark.parametrize("seed", [1000, 1002])
def test_a_wider_frame_moves_the_box_and_hardly_the_scores(classifier, seed, opacity):
    film = _film(seed, opacity)
    frame = np.zeros((HEIGHT + 60, WIDTH + 50), np.uint8)
    frame[60:, 50:] = film
    plain, framed = screening.infer(film, classifier), screening.infer(frame, classifier)
    shape, start = np.array([HEIGHT, WIDTH] * 2), np.array([60, 50] * 2)
    expected = (plain.field.box * shape + start) / (shape + start)
    assert np.abs(framed.field.box - expected).max() < 0.03
    assert np.abs(np.subtract(framed.field.box, plain.field.box)).max() > 0.1
    for label, score in plain.scores.items():
        assert framed.scores[label] == pytest.approx(score, abs=0.2)
    # What the classifier sees is the same chest; without a crop the frame would shift it by a sixth of the picture.
    difference = np.abs(plain.pixels.astype(int) - framed.pixels).mean()
    uncropped = [preprocess.to_pixels(picture, 32).astype(int) for picture in (film, frame)]
    assert np.abs(uncropped[0] - uncropped[1]).mean() > 2 * difference


@pytest.mark.parametrize("grain", [3, 10, 40, 300])
def test_noise_shows_no_lungs(classifier, grain):
    noise = np.random.default_rng(grain).integers(0, 256, (grain, grain)).astype(np.uint8)
    seen = screening.infer(preprocess.shrink(noise, HEIGHT), classifier)
    assert seen.refusal.kind == refusal.NO_LUNGS
    assert "no lung field is to be seen" in seen.refusal.sentence
    assert seen.inference is None


def test_a_blank_film_is_refused_before_lungs_are_looked_for(classifier):
    seen = screening.infer(np.full((HEIGHT, WIDTH), 120, np.uint8), classifier)
    assert seen.refusal.kind == refusal.BLANK
    assert "the picture is blank" in seen.refusal.sentence
    assert seen.field is None


def test_a_small_film_is_refused(classifier):
    seen = screening.infer(preprocess.shrink(_film(1000), 120), classifier)
    assert seen.refusal.kind == refusal.SMALL
    assert seen.field is not None  # it is shown what there is, and no score
    assert seen.inference is None


def test_the_film_is_left_alone(classifier):
    film = _film(1000)
    kept = film.copy()
    screening.infer(film, classifier)
    assert np.array_equal(film, kept)


@pytest.mark.parametrize(
    ("kind", "words", "put_right"),
    [
        (view_classes.INVERTED, "greys inverted", [[254, 253], [252, 251]]),
        (view_classes.UPSIDE_DOWN, "turned by 180 degrees", [[4, 3], [2, 1]]),
        (view_classes.HEAD_LEFT, "turned by 90 degrees clockwise", [[3, 1], [4, 2]]),
        (view_classes.HEAD_RIGHT, "turned by 90 degrees counter-clockwise", [[2, 4], [1, 3]]),
    ],
)
def test_what_is_turned_or_inverted_is_put_right_by_its_likeliest_kind(kind, words, put_right):
    grey, chances = np.array([[1, 2], [3, 4]], np.uint8), {kind: 0.4, view_classes.FRONTAL: 0.5, view_classes.CT: 0.45}
    for why in (refusal.TURNED, refusal.INVERTED):
        rejection = Rejection(refusal.Refusal(why, "x"), view_classes=chances)
        change, film = screening.righted(grey, rejection)
        assert (change, film.tolist(), film.flags.c_contiguous) == (words, put_right, True)
    assert screening.righted(grey, Rejection(refusal.Refusal(refusal.CT, "x"), view_classes=chances)) is None
