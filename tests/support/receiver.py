"""A receiver of webhooks on the loopback that writes down what it is sent."""

import http.server
import json
import threading
from collections.abc import Callable


def whole_body(request: http.server.BaseHTTPRequestHandler) -> bytes | None:
    """Return the body of a request; None if its sender was killed in the middle, so that nothing has come."""
    length = int(request.headers["Content-Length"])
    body = request.rfile.read(length)
    if len(body) == length:
        return body
    request.close_connection = True
    return None


class Receiver:
    """An HTTP server in a thread.

    Attributes:
        url: to post to.
        requests: (path, headers with small letters, body) of every request so far.
        status: of its answers; a function of the number of the request, from 0 on, or one number.
        headers: of its answers.
    """

    def __init__(self, status: int | Callable[[int], int] = 204, port: int = 0, **headers: str):
        """Listen on a free port, or on `port`."""
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.headers = status, headers
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                if (body := whole_body(self)) is None:
                    return
                told = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append((self.path, told, body))
                status = outer.status
                self.send_response(status if isinstance(status, int) else status(len(outer.requests) - 1))
                for name, value in outer.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/events"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop to listen."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def events(self) -> list[dict]:
        """The bodies of all requests, parsed."""
        return [json.loads(body) for _, _, body in list(self.requests)]


def until(true: Callable[[], object], seconds: float = 100) -> None:
    """Wait until something is true; fail if it never is."""
    import time

    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.01)
