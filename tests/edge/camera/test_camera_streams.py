"""Cameras of the network, which stall, end and come back: MJPEG over HTTP."""

import http.server
import threading
import time

import cv2
import pytest

from edge_app.camera.capture import watchdog
from edge_app.camera.capture.camera import LIVE, RESTARTING, Camera
from edge_app.errors import CameraLost
from tests.support.camera_pictures import SIZE, picture, until


class Server:
    """A camera on the network: MJPEG over HTTP, which can stall, end and come back."""

    def __init__(self):
        self.go, self.number, self.still = threading.Event(), 0, False
        self.cut = False
        self.go.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    while not outer.cut:
                        outer.go.wait(20)
                        outer.number += not outer.still
                        coded = cv2.imencode(".jpg", picture(outer.number)[..., ::-1])[1].tobytes()
                        head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(coded)
                        self.wfile.write(head + coded + b"\r\n")
                        time.sleep(0.02)
                except OSError:
                    pass
                self.close_connection = True

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/film.mjpg"

    def close(self):
        """Stop it."""
        self.cut = True
        self.go.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server():
    """Return a running camera of the network."""
    one = Server()
    yield one
    one.close()


def test_of_a_stream_the_newest_frame_wins(server):
    with Camera(server.address, SIZE) as one:
        first = one.newest(20)
        assert until(lambda: one.status.frames > first.number + 10)
        second = one.newest(5)
        assert second.number > first.number + 5
        assert one.status.dropped >= second.number - 1 - first.number
        assert one.status.state == LIVE


def test_a_stream_that_breaks_off_is_opened_again_and_says_so(server, monkeypatch):
    with Camera(server.address, SIZE) as one:
        assert one.newest(20)
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
        assert one.newest(20)
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
