"""The live page of the command `camera`: that of `serve`, by itself, for a browser on this machine.

`ssh -L 8080:localhost:8080 pi` shows it on another machine. It keeps nothing and asks for no password.
"""

import contextlib
import hmac
import secrets
import socket
import threading
from io import BufferedIOBase
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Flask, Response, abort, request, url_for

from edge_app.camera.loop.loop import Moment
from edge_app.camera.ui import screen
from edge_app.camera.ui.live_view import LastFilm, LiveView
from edge_app.errors import WrongUsage
from edge_app.screening.result import Outcome
from edge_app.screening.run_context import RunContext
from edge_app.web.http import security
from edge_app.web.text import languages
from edge_app.web.views import live

HOST = "127.0.0.1"
# Browsers that may watch the stream at once, and bytes of a form: the button's, with its token.
MOST_WATCHING, MOST_BYTES = 4, 1000
BOUNDARY = "frame"
# Seconds that a browser without scripts waits for the verdict after it pressed the shutter.
PATIENCE = 10
QUALITY = 88


class CameraPage(LiveView):
    """Serves what the loop shows, in threads of its own."""

    def __init__(self, context: RunContext, press, port: int):
        """Begin to serve.

        Args:
            context: of the run.
            press: called when a browser presses the shutter.
            port: to listen on; 0 for any that is free.

        Raises:
            WrongUsage: the port cannot be listened on.
        """
        super().__init__()
        self._context, self._press = context, press
        self._result: Outcome | None = None
        self._film = b""
        try:
            self._server = make_server(HOST, port, create_app(self), _Server, _Handler)
        except (OSError, OverflowError) as error:
            raise WrongUsage(f"--port: {port} cannot be listened on ({error}); name another.") from error
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://{HOST}:{self._server.server_port}/"

    @property
    def film(self) -> bytes:
        """The film that was judged last, with its heat map, as JPEG; empty before the first."""
        return self._film

    def show(self, moment: Moment) -> None:
        """Show a moment to everybody who watches."""
        if moment.result:
            film = screen.jpeg(screen.judged(moment.result, self._context), QUALITY)
            with self._news:
                self._result, self._film = moment.result, film
        super().show(moment)

    def press(self, label: str = "") -> None:
        """Press the shutter, and wait a little for the verdict."""
        before = self._result
        self._press()
        with self._news:
            self._news.wait_for(lambda: self._closed or self._result is not before, PATIENCE)

    def last(self) -> LastFilm | None:
        """Return the film that was judged last; None before the first."""
        result = self._result
        if result is None:
            return None
        row = self._context.line(result.row())
        url = url_for("film", film=(row["sha256"] or "")[:8])
        return LastFilm(row, url, url)

    def close(self) -> None:
        """Stop serving."""
        super().close()
        self._server.shutdown()
        self._server.server_close()


def create_app(view: CameraPage) -> Flask:
    """Return the application: the live page at `/`, its stream at `/live`, and the last film at `/film.jpg`."""
    app = Flask("edge_app.web", static_url_path="/static")
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES, SEND_FILE_MAX_AGE_DEFAULT=3600)
    token = secrets.token_urlsafe(16)
    watching = threading.BoundedSemaphore(MOST_WATCHING)
    security.init_app(app, frozenset({"localhost"}))
    languages.init_app(app)
    live.init_app(app, view, "/")
    app.jinja_env.globals.update(csrf_token=lambda: token, standalone=True)

    @app.before_request
    def check_token():
        """Refuse a form that does not come from this page."""
        sent = request.form.get("csrf_token", "")
        if request.method == "POST" and not hmac.compare_digest(sent.encode(), token.encode()):
            abort(403)

    @app.get("/live")
    def stream():
        """Send pictures one after another, for a viewer of streams or a browser without scripts."""
        if not watching.acquire(blocking=False):
            abort(503, f"{MOST_WATCHING} browsers are watching already; close one of them.")
        answer = Response(_parts(view), content_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        answer.call_on_close(watching.release)
        return answer

    @app.get("/film.jpg")
    def film():
        """Send the film that was judged last."""
        return Response(view.film or abort(404), mimetype="image/jpeg")

    return app


def _parts(view: LiveView):
    for picture in view.stream():
        head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
        yield head.encode() + picture + b"\r\n"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 30

    def setup(self):
        """Write through `_Writer`."""
        super().setup()
        self.wfile = _Writer(self.connection)

    def handle(self):
        """Answer; a browser that has gone, or that opened a connection and sends nothing, is not our fault."""
        with contextlib.suppress(OSError):
            super().handle()

    def log_message(self, format, *args):
        """Write no log: a request's line is private."""


class _Writer(BufferedIOBase):
    """Writes to a browser. One that reads nothing for `_Handler.timeout` counts as gone, as wsgiref knows it."""

    def __init__(self, connection: socket.socket):
        self._connection = connection

    def writable(self) -> bool:
        return True

    def write(self, content) -> int:
        try:
            self._connection.sendall(content)
        except TimeoutError as error:
            raise BrokenPipeError from error
        return len(content)
