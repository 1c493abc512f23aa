"""A camera of the network, served on the loopback."""

import base64
import http.server
import threading
import time

import cv2
import numpy as np

from tests.support.camera_pictures import picture


class Server:
    """A camera on the network: MJPEG over HTTP, which can stall, end and come back."""

    def __init__(self, shows: np.ndarray | None = None, login: str = ""):
        """Serve on any free port.

        Args:
            shows: uint8 RGB (H, W, 3), the picture of every frame; None for `picture`, each another.
            login: `user:password` without which it answers 401; empty for none.
        """
        self.go, self.number, self.still = threading.Event(), 0, False
        self.let_in, self.pace = 0, 0.02  # clients, and seconds from picture to picture
        shown = None if shows is None else _jpeg(shows)
        wanted = f"Basic {base64.b64encode(login.encode()).decode()}" if login else None
        self.cut = False
        self.go.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                if wanted and self.headers.get("Authorization") != wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.end_headers()
                    return
                outer.let_in += 1
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    while not outer.cut:
                        outer.go.wait(300)
                        outer.number += not outer.still
                        coded = shown or _jpeg(picture(outer.number))
                        head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(coded)
                        self.wfile.write(head + coded + b"\r\n")
                        time.sleep(outer.pace)
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


def _jpeg(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", pixels[..., ::-1])[1].tobytes()
