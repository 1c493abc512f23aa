"""Cameras of the network, which stall, end and come back: MJPEG over HTTP."""

import pytest

from edge_app.camera.capture import watchdog
from edge_app.camera.capture.camera import LIVE, RESTARTING, Camera
from edge_app.errors import CameraLost
from tests.support.camera_pictures import SIZE, until
from tests.support.camera_server import Server


@pytest.fixture
def server():
    """Return a running camera of the network."""
    one = Server()
    yield one
    one.close()


def test_of_a_stream_the_newest_frame_wins(server):
    with Camera(server.address, SIZE) as one:
        first = one.newest(60)
        assert until(lambda: one.status.frames > first.number + 10)
        second = one.newest(60)
        assert second.number > first.number + 5
        assert one.status.dropped >= second.number - 1 - first.number
        assert one.status.state == LIVE


def test_a_stream_that_breaks_off_is_opened_again_and_says_so(server, monkeypatch):
    with Camera(server.address, SIZE) as one:
        assert one.newest(60)
        server.cut = True
        assert until(lambda: one.status.state == RESTARTING)
        assert "trying again" in one.status.sentence
        server.cut = False
        assert until(lambda: one.status.state == LIVE)
        before = one.status.frames
        assert until(lambda: one.status.frames > before)
        assert one.status.restarts >= 1


def test_a_stream_that_stalls_is_left_behind(server, monkeypatch):
    monkeypatch.setattr(watchdog, "STALLED", 0.5)
    with Camera(server.address, SIZE) as one:
        assert one.newest(60)
        server.go.clear()
        assert until(lambda: one.status.state == RESTARTING)
        assert "no picture came for" in one.status.sentence
        server.go.set()
        assert until(lambda: one.status.state == LIVE)


def test_a_camera_that_never_comes_is_given_up_if_that_is_asked(server):
    server.close()
    with (
        Camera(server.address, SIZE, give_up=1.0) as one,
        pytest.raises(CameraLost, match=r"no picture for \d s; it c"),
    ):
        while True:
            assert one.newest(0.1) is None
