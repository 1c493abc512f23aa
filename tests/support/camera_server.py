"""A camera of the network, served on the loopback."""

import http.server
import threading
import time

import cv2

from tests.support.camera_pictures import picture


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
