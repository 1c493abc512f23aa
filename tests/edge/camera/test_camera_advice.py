"""What is said to who holds a film: it can be read, follows what is seen, and ends in "done"."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from edge_app.camera.capture.camera import LIVE, Status
from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect import advice, film_view
from edge_app.camera.loop.loop import Loop, Moment
from edge_app.camera.loop.steady import STAYS, SteadyAdvice
from edge_app.errors import CameraEnded
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from tests.support.films import draw_film
from tests.support.light_box import FILM, box

NONE, READY = advice.plain(advice.NO_FILM), advice.plain(advice.READY)


def said(kinds: list, rate: float) -> list[tuple[float, str]]:
    """Return the times at which the sentence changes, and to what, if frames by themselves give these."""
    steady, told = SteadyAdvice(), []
    for number, one in enumerate(kinds):
        sentence = steady.say(number / rate, [one])[0].sentence
        if not told or told[-1][1] != sentence:
            told.append((number / rate, sentence))
    return told


@pytest.mark.parametrize("rate", [5, 15, 30, 60])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_film_at_the_edge_of_being_found_does_not_make_the_advice_flicker(rate, share):
    drawn = np.random.default_rng(7).random(10 * rate) < share
    told = said([READY if one else NONE for one in drawn], rate)
    gaps = np.diff([time for time, _ in told])
    assert all(gap >= STAYS - 1e-6 for gap in gaps)
    every_other = said(list(itertools.islice(itertools.cycle([NONE, READY]), 10 * rate)), rate)
    assert len(every_other) == 1


@pytest.mark.parametrize("rate", [1, 5, 15, 30, 60])
def test_what_changed_for_good_is_said_soon(rate):
    told = said([NONE] * (3 * rate) + [READY] * (3 * rate), rate)
    assert [sentence for _, sentence in told] == [NONE.sentence, READY.sentence]
    assert told[1][0] - 3 <= max(0.6, 1 / rate)


def test_figures_in_a_sentence_change_once_a_second():
    frames = [advice.Advice(advice.FAR, f"move closer: the film is {number} pixels wide") for number in range(90)]
    assert [time for time, _ in said(frames, 30)] == pytest.approx([0, 1, 2])


def test_another_clock_begins_again():
    steady = SteadyAdvice()
    assert steady.say(1000.0, [NONE]) == (NONE,)
    assert steady.say(0.0, [READY]) == (READY,)


class Played:
    """A camera that plays pictures at a rate, as `Camera` gives a recording."""

    live, name = False, "played"

    def __init__(self, pictures: list, rate: float):
        self.status = Status(LIVE)
        self._frames = iter([Frame(pixels, number, number / rate) for number, pixels in enumerate(pictures)])

    def newest(self, wait: float) -> Frame:
        """Return the next frame."""
        try:
            return next(self._frames)
        except StopIteration:
            raise CameraEnded("played: has ended.") from None


@pytest.fixture
def moments(camera_model, monkeypatch):
    """Return a function that plays pictures to a loop, and gives its moments; `press` is pressed at that moment."""
    look, seen = film_view.look, {}

    def cached(pixels, before=None, time=0.0):  # the same picture gives the same view: the rules about time are tested
        view = seen.setdefault(id(pixels), look(pixels))
        return replace(view, places=())

    monkeypatch.setattr(film_view, "look", cached)
    model = model_file.read(camera_model).for_camera()
    classifier, limits = Classifier(model, 1), model.card.limits("refer")

    def play(pictures: list, rate: float, automatic: bool = True, press: int | None = None) -> list[Moment]:
        loop = Loop(Played(pictures, rate), classifier, limits, automatic)
        found = []
        with pytest.raises(CameraEnded):
            for moment in loop.moments():
                found.append(moment)
                if len(found) == press:
                    loop.press()
        return found

    return play


def kinds(found: list[Moment]) -> list[str]:
    """Return what was said first, one after another."""
    return [kind for kind, _ in itertools.groupby(moment.advice[0].kind for moment in found)]


@pytest.mark.parametrize("rate", [10, 30])
def test_hold_still_gives_way_to_done_and_the_next_film_begins_again(moments, rate):
    bare, first, second = box(None), box(FILM), box(draw_film(9, 720, 600, opacity=0.9))
    found = moments([bare] * rate + [first] * (3 * rate) + [bare] * (2 * rate) + [second] * (2 * rate), rate)
    assert sum(moment.result is not None for moment in found) == 2
    assert kinds(found) == [advice.NO_FILM, advice.READY, advice.DONE] * 2
    judged = next(at for at, moment in enumerate(found) if moment.result)
    assert found[judged].advice[0].kind == advice.DONE  # with the verdict, not a second later


def test_after_a_shutter_it_asks_to_press_then_to_hold_still(moments):
    found = moments([box(FILM)] * 90, 30, automatic=False, press=45)
    assert kinds(found)[0] == advice.PRESS and kinds(found)[-1] == advice.DONE
    assert sum(moment.result is not None for moment in found) == 1


def test_a_film_that_was_refused_keeps_its_reason_while_it_is_in_view(moments, monkeypatch):
    from edge_app.camera.loop import loop
    from tests.support import results

    monkeypatch.setattr(loop, "judge", lambda *words: results.refused("", "", "lungs cut off"))
    found = moments([box(FILM)] * 60, 30)
    reason = next(moment.result for moment in found if moment.result).refusal.sentence
    assert found[-1].advice == (advice.Advice(advice.DONE, reason),)
