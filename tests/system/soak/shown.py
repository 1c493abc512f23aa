"""A camera of the network that shows videos of films one after another, and once a minute the golden film, still."""

import http.server
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np

from tests.support import hand_camera

# Frames a second, as cheap cameras of the network have; seconds of a video; scenes of which videos are made.
RATE, SECONDS = 15.0, 3.0
VIDEOS = ("viewer", "light box", "desktop", "large light box")
# Seconds after which the camera's exposure has settled.
SETTLED = 1.0
# Seconds without a film between two: more than `stability.AWAY`, after which a film may be another one.
BLANK = 1.4
# Seconds for which the golden film is shown: a verdict needs less than one, on a machine that has time.
GOLDEN = 5.0
BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"


class Shown:
    """A server of MJPEG over HTTP.

    Attributes:
        address: of the video.
        began: time.monotonic() at which the present film came into view.
        is_golden: whether it is the golden film.
        films: how many were shown.
    """

    def __init__(self, greys: list[np.ndarray], golden: np.ndarray, minute: float):
        """Draw the videos, which takes a while, and serve them.

        Args:
            greys: uint8 (H, W), films; without any the golden film alone is shown, again and again.
            golden: uint8 (H, W).
            minute: seconds from one showing of the golden film to the next.
        """
        self._videos = [
            [
                _jpeg(frame)
                for frame in hand_camera.frames(hand_camera.scene(name, grey, one), RATE, SECONDS, one % 2, one)
            ]
            for one, (name, grey) in enumerate(zip(VIDEOS, greys, strict=False))
        ]
        still = list(hand_camera.frames(hand_camera.scene("viewer", golden, 26), RATE, SETTLED, True, 26))[-1]
        self._golden, self._blank = _jpeg(still), _jpeg(np.full_like(still, 40))
        self._minute, self._frame, self._news = minute, self._blank, threading.Condition()
        self.began, self.is_golden, self.films, self._ended = time.monotonic(), False, 0, False
        self._server = self._serve()
        self.address = f"http://127.0.0.1:{self._server.server_port}/film.mjpg"
        for work in (self._server.serve_forever, self._project):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._ended = True
        self._server.shutdown()
        self._server.server_close()

    def _serve(self) -> http.server.ThreadingHTTPServer:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    for frame in outer._frames():
                        self.wfile.write(BOUNDARY % len(frame) + frame + b"\r\n")
                except OSError:
                    pass
                self.close_connection = True

        made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        made.daemon_threads = True
        return made

    def _frames(self) -> Iterator[bytes]:
        while not self._ended:
            with self._news:
                self._news.wait(1)
                frame = self._frame
            yield frame

    def _project(self) -> None:
        last, turn = -self._minute, 0
        while not self._ended:
            self._show([self._blank] * round(BLANK * RATE))
            self.is_golden = not self._videos or time.monotonic() - last >= self._minute
            self.began, self.films = time.monotonic(), self.films + 1
            if self.is_golden:
                last = self.began
                self._show([self._golden] * round(GOLDEN * RATE))
            else:
                self._show(self._videos[turn % len(self._videos)])
                turn += 1

    def _show(self, frames: list[bytes]) -> None:
        for frame in frames:
            with self._news:
                self._frame = frame
                self._news.notify_all()
            time.sleep(1 / RATE)


def _jpeg(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
