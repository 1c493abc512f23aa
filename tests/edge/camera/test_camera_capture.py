"""Capture of recordings: videos, folders and patterns of pictures; and what goes wrong with live pictures."""

import threading
import time

import cv2
import numpy as np
import pytest

from edge_app.camera.capture import camera, feed, watchdog
from edge_app.camera.capture.camera import LIVE, Camera
from edge_app.errors import CameraEnded, CameraLost, WrongUsage
from tests.support.camera_pictures import SIZE, picture, until


@pytest.fixture
def video(tmp_path):
    """Return the path of a video of 12 pictures."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, SIZE)
    for number in range(12):
        writer.write(picture(number)[..., ::-1])
    writer.release()
    return path


def all_of(name: str, **options) -> tuple[list, Exception]:
    """Return every frame of a recording, and how it ended."""
    frames = []
    with Camera(name, SIZE, **options) as one, pytest.raises((CameraEnded, CameraLost)) as end:
        while True:
            frames.append(one.newest(1))
    return frames, end.value


def test_a_video_gives_every_picture_once_and_says_that_it_has_ended(video):
    frames, end = all_of(str(video))
    assert [frame.number for frame in frames] == list(range(12))
    assert [frame.time for frame in frames] == pytest.approx([number / 10 for number in range(12)])
    assert isinstance(end, CameraEnded)
    assert f"{end}" == f"{video}: has ended after 12 pictures."


def test_pictures_are_red_green_blue_and_never_mirrored(video):
    with Camera(str(video), SIZE) as one:
        pixels = one.newest(1).pixels
    left, right = pixels[:, :200].mean(axis=(0, 1)), pixels[:, -200:].mean(axis=(0, 1))
    assert left[0] > 200 > 100 > left[2]
    assert np.ptp(right) < 20


def test_a_folder_and_a_pattern_of_pictures(tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number)[..., ::-1])
    (tmp_path / "notes.txt").write_text("no picture")
    for name in (str(tmp_path), str(tmp_path / "*.png")):
        frames, end = all_of(name)
        assert [frame.pixels[0, -1, 1] for frame in frames] == [60, 70, 80]
        assert isinstance(end, CameraEnded)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("broken.mp4", b"no video at all", "it is not a video that can be read"),
        ("broken.png", b"no picture", "'broken.png' in it is not a picture that can be read"),
    ],
)
def test_a_damaged_recording_is_named(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CameraLost, match=said), Camera(str(tmp_path / name), SIZE) as one:
        one.newest(1)


def test_a_damaged_picture_in_a_sequence_is_named(tmp_path):
    cv2.imwrite(str(tmp_path / "0.png"), picture())
    (tmp_path / "1.png").write_bytes(b"no picture")
    frames, end = all_of(str(tmp_path))
    assert len(frames) == 1
    assert "'1.png' in it is not a picture that can be read" in f"{end}"


def test_pictures_too_small_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "0.png"), picture(size=(160, 90)))
    assert "160 x 90 pixels; 320 x 240 are needed" in f"{all_of(str(tmp_path))[1]}"


def test_a_video_without_a_picture_is_named(tmp_path):
    path = tmp_path / "empty.avi"
    cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, SIZE).release()
    frames, end = all_of(str(path))
    assert (frames, type(end)) == ([], CameraLost) and f"{path}: it " in f"{end}"


def test_an_empty_file_and_one_that_went_away_are_named(tmp_path):
    (tmp_path / "0.png").write_bytes(b"")
    for name in ("0.png", "gone.png"):
        with pytest.raises(feed.FeedFault, match=f"^'{name}' in it is not a picture that can be read$"):
            feed.Pictures([tmp_path / name]).read()


@pytest.mark.parametrize("name", ["no-such-thing", "pi:first", ""])
def test_a_name_that_means_no_camera_is_refused_with_a_sentence(name):
    with pytest.raises(WrongUsage, match=r"^camera: .*\.$"):
        Camera(name)


def test_a_raw_buffer_is_no_picture():
    with pytest.raises(feed.FeedFault, match=r"raw buffers of shape \(1, 921600\)"):
        feed.checked(np.zeros((1, 921600), np.uint8))


def test_a_picture_of_a_broken_device_is_too_large():
    with pytest.raises(feed.FeedFault, match="its pictures have 8193 x 240 pixels; 8192 x 8192 are allowed"):
        feed.checked(np.zeros((240, 8193, 3), np.uint8))


class Made:
    """A feed of our own making, live as a device is."""

    live = noisy = True
    made: tuple = ()

    def __init__(self, give):
        self.give, self.number, self.closed = give, 0, False

    def open(self):
        """Begin."""

    def read(self):
        """Return what was ordered."""
        self.number += 1
        time.sleep(0.01)
        return self.give(self.number), time.monotonic()

    def close(self):
        """Take note."""
        self.closed = True


@pytest.mark.parametrize(
    ("limit", "give", "said"),
    [
        ("FROZEN", lambda number: picture(1), "has not changed"),
        ("BLACK", lambda number: np.full((360, 640, 3), number % 5, np.uint8), "pictures are black"),
    ],
)
def test_frozen_and_black_pictures_are_a_fault(monkeypatch, limit, give, said):
    monkeypatch.setattr(watchdog, limit, 1.0)
    good = threading.Event()
    feeds = []

    def named(name, size):
        feeds.append(Made(lambda number: picture(number) if good.is_set() else give(number)))
        return feeds[-1]

    monkeypatch.setattr(camera, "named", named)
    with Camera("/dev/video7", SIZE) as one:
        assert until(lambda: said in one.status.sentence)
        good.set()
        assert until(lambda: one.status.state == LIVE)
        assert until(lambda: feeds[0].closed)
        restarts, frames = one.status.restarts, one.status.frames
        assert until(lambda: one.status.frames > frames + 150)  # which take longer than the limit
        assert one.status.restarts == restarts


def test_another_size_than_asked_for_is_said(monkeypatch):
    monkeypatch.setattr(camera, "named", lambda name, size: Made(picture))
    with Camera("/dev/video7", (1280, 720)) as one:
        assert one.newest(60).pixels.shape == (360, 640, 3)
        assert one.status.sentence == "/dev/video7: gives 640 x 360 pixels"


def test_a_read_that_hangs_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(watchdog, "STALLED", 0.3)
    hang, ended = threading.Event(), []

    def give(number):
        if number == 3:
            ended.append(hang.wait(200))
        return picture(number)

    monkeypatch.setattr(camera, "named", lambda name, size: Made(give))
    with Camera("/dev/video7", SIZE) as one:
        assert until(lambda: "no picture came for" in one.status.sentence)
    assert not ended  # the camera was left while the read hung
    hang.set()
