"""The preview in a browser, for a Pi without a display: live picture, advice, shutter and the last verdict.

It listens on this machine alone; `ssh -L 8080:localhost:8080 pi` shows it elsewhere. The clinic's page is `serve`.
"""

import secrets
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from edge_app.camera.loop.loop import Moment
from edge_app.camera.ui import screen
from edge_app.errors import WrongUsage
from edge_app.outputs import overlay
from edge_app.screening import phrasing
from edge_app.screening.run_context import RunContext

HOST = "127.0.0.1"
# Pictures a second at most, to each of so many browsers at most.
RATE, MOST_WATCHING = 10, 4
BOUNDARY = "frame"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chest film camera</title><link rel="stylesheet" href="/style.css"></head>
<body><h1>Chest film camera</h1><p>{notice}</p>
<img src="/live" alt="live picture of the camera with the outline of the film and advice" width="{width}">
<form method="post" action="/shutter"><input type="hidden" name="token" value="{token}">
<button>Judge this film</button></form>
<h2 id="verdict">{verdict}</h2>{picture}</body></html>
"""
STYLE = """body{font:1.1rem sans-serif;max-width:70rem;margin:1rem auto;padding:0 1rem;background:#fafaf8;color:#141418}
img{max-width:100%;height:auto;display:block}button{font-size:1.4rem;padding:.6rem 2rem;margin:1rem 0}"""


class Page:
    """Serves what the loop shows, in threads of its own."""

    def __init__(self, terms: RunContext, press, port: int):
        """Begin to serve.

        Args:
            terms: of the run.
            press: called when somebody presses the shutter.
            port: to listen on; 0 for any that is free.

        Raises:
            WrongUsage: the port cannot be had.
        """
        self.terms, self.press, self.token = terms, press, secrets.token_urlsafe(16)
        self.moment: Moment | None = None
        self.result, self.picture = None, b""
        self.number = 0
        self.news = threading.Condition()
        self.watching = threading.BoundedSemaphore(MOST_WATCHING)
        self.closed = False
        try:
            self._server = ThreadingHTTPServer((HOST, port), type("Handler", (_Handler,), {"page": self}))
        except (OSError, OverflowError) as error:
            raise WrongUsage(f"--port: {port} cannot be listened on ({error}); name another.") from error
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://{HOST}:{self._server.server_port}/"

    def show(self, moment: Moment) -> None:
        """Show a moment to all who watch."""
        with self.news:
            self.moment, self.number = moment, self.number + 1
            if moment.result:
                self.result, self.picture = moment.result, screen.jpeg(screen.judged(moment.result, self.terms), 88)
            self.news.notify_all()

    def close(self) -> None:
        """Stop serving."""
        with self.news:
            self.closed = True
            self.news.notify_all()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    page: Page
    timeout = 30

    def do_GET(self):
        """Answer the page, its style, the live picture, or the last film."""
        if not self._ours():
            return
        if self.path == "/":
            self._page()
        elif self.path == "/style.css":
            self._answer(STYLE.encode(), "text/css")
        elif self.path.startswith("/film.jpg") and self.page.picture:
            self._answer(self.page.picture, "image/jpeg")
        elif self.path == "/live":
            self._live()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_POST(self):
        """Press the shutter, and go back to the page once there is a verdict."""
        if not self._ours():
            return
        length = self.headers.get("Content-Length", "")
        said = self.rfile.read(int(length)) if length.isdigit() and int(length) < 1000 else b""
        if self.path != "/shutter" or f"token={self.page.token}".encode() != said:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        page, before = self.page, self.page.result
        page.press()
        with page.news:
            page.news.wait_for(lambda: page.closed or page.result is not before, timeout=10)
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", "/#verdict")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):
        """Say nothing: what is asked for is nobody's business."""

    def _ours(self) -> bool:
        """Refuse a page of elsewhere that was made to point here by its name (DNS rebinding)."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host in (HOST, "localhost"):
            return True
        self.send_error(HTTPStatus.FORBIDDEN)
        return False

    def _page(self) -> None:
        page, result = self.page, self.page.result
        verdict = overlay.sentence(phrasing.outcome(result.row())) if result else ""
        picture = f'<img src="/film.jpg?{result.sha256[:8]}" alt="the film and its heat map">' if result else ""
        text = PAGE.format(
            notice=phrasing.NOT_A_DIAGNOSIS, width=screen.LIVE, token=page.token, verdict=verdict, picture=picture
        )
        self._answer(text.encode(), "text/html; charset=utf-8")

    def _live(self) -> None:
        """Send pictures one after another (multipart/x-mixed-replace) until the browser goes."""
        page = self.page
        if not page.watching.acquire(blocking=False):
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST_WATCHING} browsers watch already")
            return
        try:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
            self._end_headers()
            shown = -1
            while not page.closed:
                with page.news:
                    page.news.wait_for(lambda seen=shown: page.closed or page.number != seen, timeout=5)
                    moment, shown = page.moment, page.number
                if moment:
                    picture = screen.jpeg(screen.live(moment))
                    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    self.wfile.write(head.encode() + picture + b"\r\n")
                time.sleep(1 / RATE)
        except OSError:  # the browser has gone
            pass
        finally:
            page.watching.release()
            self.close_connection = True

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self._end_headers()
        self.wfile.write(content)

    def _end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
        self.end_headers()
