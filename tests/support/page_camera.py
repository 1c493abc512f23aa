"""A network camera that shows a drawn film on a light box, and the page that looks through it."""

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2

from edge_app.model import model_file
from tests.support.browser import Served
from tests.support.golden import GOLDEN
from tests.support.light_box import box

# Pictures a second, as a slow camera gives them.
RATE = 10


class Camera(BaseHTTPRequestHandler):
    """A network camera that shows `picture`, JPEG, as a stream of pictures."""

    picture = b""

    def do_GET(self):
        """Send pictures until whoever looks has gone."""
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while True:
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(type(self).picture)}\r\n\r\n"
                self.wfile.write(head.encode() + type(self).picture + b"\r\n")
                time.sleep(1 / RATE)
        except OSError:
            pass

    def log_message(self, format, *args):
        """Say nothing."""


def shows(film) -> None:
    """Let the camera show a film on a light box, uint8 (H, W), or None for a bare one."""
    Camera.picture = cv2.imencode(".jpg", box(film)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


@contextlib.contextmanager
def camera():
    """Serve the camera; yield its address."""
    shows(None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def model_for_photographs(folder: Path) -> Path:
    """Write a small model whose card has thresholds for photographs; return its path."""
    model = model_file.read(GOLDEN / "tiny-int8.tflite")
    raw = dict(model.card.raw)
    raw["camera"] = {"temperature": 2.0, "operating_points": raw["operating_points"], "gate": None}
    path = folder / "camera.tflite"
    path.write_bytes(model_file.pack(model.scores, model.lungs, raw))
    return path


@contextlib.contextmanager
def page_with_camera(folder: Path):
    """Serve the page with that camera and that model, its state in a folder; yield the program."""
    with camera() as address:
        program = Served(folder / "state", "--camera", address, "--model", str(model_for_photographs(folder)))
        yield program
        program.close()
