"""Stillness and movement are rules about time: the same film gives the same answer at every frame rate."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_app.camera.capture import feed
from edge_app.camera.capture.camera import Camera
from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect import film_view, frame_quality
from edge_app.camera.detect.advice import MOVING
from edge_app.camera.loop.stability import MOST_HELD, STILL, Stability
from edge_app.errors import CameraEnded
from tests.support.films import draw_film
from tests.support.light_box import FILM, SIZE, box

RATES = (5, 10, 15, 18, 19, 25, 30, 60)
# A phone whose rate falls in the dark, and a stream that comes in bursts; seconds from frame to frame.
CHANGING = {"falling": (1 / 60, 1 / 30, 1 / 24, 1 / 15, 1 / 8), "bursts": (0.01, 0.01, 0.01, 0.01, 0.2)}


def steady(rate: float, seconds: float = 3.0) -> list[float]:
    """Return the times of frames at a rate."""
    return [number / rate for number in range(round(seconds * rate))]


def changing(gaps: tuple[float, ...], seconds: float = 3.0) -> list[float]:
    """Return the times of frames whose gaps come round and round."""
    return np.cumsum([0.0, *gaps * round(seconds / sum(gaps))]).tolist()


@pytest.fixture(scope="module")
def seen():
    """Return a frame of a film that is seen well, and what is seen on it."""
    frame = Frame(box(FILM), 0, 0.0)
    view = film_view.look(frame.pixels)
    assert view.ready
    return frame, view


def first_full(hold: Stability, seen, times: list[float], bad: set[int] = frozenset()) -> float | None:
    """Return the time of the frame with which a reading can be taken, None for never; `bad` ones show no film well."""
    frame, view = seen
    blurred = replace(view, advice=[film_view.advice.Advice(MOVING, "hold still")])
    for number, time in enumerate(times):
        hold.add(replace(frame, number=number, time=time), blurred if number in bad else view)
        if hold.progress == 1:
            return time
    return None


@pytest.mark.parametrize("times", [*map(steady, RATES), *map(changing, CHANGING.values())])
@pytest.mark.parametrize("frames", [1, 5, MOST_HELD])
def test_a_film_freezes_after_the_same_time_at_every_rate(seen, times, frames):
    hold = Stability(frames, STILL if frames > 1 else 0)
    gap = max(np.diff(times))
    # Twelve frames of a camera of five a second take longer than the film must be still.
    latest = max(STILL, (frames - 1) * gap) + gap + 1e-6 if frames > 1 else 0
    first = first_full(hold, seen, times)
    assert first is not None and (STILL if frames > 1 else 0) - 1e-6 <= first <= latest
    good = hold.take()
    assert len(good) == frames
    if frames > 1 and gap < 0.2:  # the frames of a reading are spread over the time
        assert np.ptp([one.frame.time for one in good]) > STILL / 2


@pytest.mark.parametrize("rate", [30, 60])
def test_a_frame_in_between_that_is_not_good_costs_nothing(seen, rate):
    every_fifth = set(range(2, 3 * rate, 5))
    assert first_full(Stability(), seen, steady(rate), every_fifth) == pytest.approx(STILL, abs=2.1 / rate)


@pytest.mark.parametrize("rate", RATES)
def test_a_film_that_is_not_seen_well_for_a_while_begins_again(seen, rate):
    bad = {number for number, time in enumerate(steady(rate)) if 0.4 <= time < 0.7}
    assert first_full(Stability(), seen, steady(rate), bad) >= 0.6 + STILL


def test_frames_on_both_sides_of_a_long_silence_are_not_one_reading(seen):
    assert first_full(Stability(), seen, [0.0, 0.1, 0.2, 0.3, 5.0, 5.1, 5.2, 5.3]) is None


def test_another_film_at_the_same_place_is_never_judged_by_frames_of_the_one_before(seen):
    hold, (frame, view) = Stability(), seen
    other = Frame(box(draw_film(9, 720, 600, opacity=0.9)), 0, 0.0)
    theirs = film_view.look(other.pixels)
    assert theirs.ready
    for time in steady(30, 0.5):
        hold.add(replace(frame, time=time), view)
    assert first_full(hold, (other, theirs), [0.5 + time for time in steady(30)]) >= 0.5 + STILL - 1e-6
    assert all(one.frame.pixels is other.pixels for one in hold.take())


@pytest.mark.parametrize("rate", [5, 15, 60])
@pytest.mark.parametrize(("speed", "moves"), [(0.05, False), (0.5, True)])
def test_movement_is_told_by_the_second_not_by_the_frame(rate, speed, moves):
    width = 450
    view, ends = None, []
    for time in steady(rate, 0.61):
        view = film_view.look(box(FILM, left=round(300 + speed * width * time)), view, time)
        ends.append(view)
    moved = ends[-1].figures[frame_quality.MOVED]
    assert moved == pytest.approx(speed * frame_quality.STEP, rel=0.5, abs=0.01)
    assert (MOVING in [one.kind for one in ends[-1].advice]) == moves


@pytest.mark.parametrize(
    ("stamp", "came", "taken"),
    [(99.9, 100.0, 99.9), (0.0, 100.0, 100.0), (1.7e9, 100.0, 100.0), (98.9, 100.0, 100.0), (100.0, 100.0, 100.0)],
)
def test_a_stamp_of_the_driver_counts_if_it_is_of_the_same_clock(stamp, came, taken):
    assert feed.taken_at(stamp, came) == taken


def test_a_video_whose_rate_changes_keeps_the_times_that_its_file_gives(tmp_path):
    path, ticks = tmp_path / "phone.mkv", [0, 4, 8, 12, 40, 60, 62, 64, 90]  # hundredths of a second
    settings = [cv2.VIDEOWRITER_PROP_RAW_VIDEO, 1]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 100, SIZE, settings)
    for at, tick in enumerate(ticks):
        writer.set(cv2.VIDEOWRITER_PROP_PTS, tick)
        coded = cv2.imencode(".jpg", np.full((SIZE[1], SIZE[0], 3), 20 * at, np.uint8))[1]
        writer.write(coded.reshape(1, -1))
    writer.release()
    with Camera(str(path)) as camera, pytest.raises(CameraEnded):
        for tick in [*ticks, None]:
            assert camera.newest(1).time == pytest.approx(tick / 100, abs=0.001)
