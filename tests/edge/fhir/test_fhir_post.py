"""Posting to a FHIR server: taken once, told apart whether another try can help, and sent nowhere else."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from edge_app.fhir.post import NotPosted, post

BUNDLE = {"resourceType": "Bundle", "type": "transaction", "entry": []}


@pytest.fixture
def server():
    """Return a server on the loopback that answers `status` and keeps what it got in `got`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.got.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(self.server.status)
            if self.server.status == 307:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        made.got, made.status = [], 200
        made.base = f"http://127.0.0.1:{made.server_port}/fhir"
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_a_transaction_arrives_whole(server):
    post(BUNDLE, f"{server.base}/", token="secret")
    ((path, headers, body),) = server.got
    assert path == "/fhir" and body == BUNDLE
    assert headers["Content-Type"] == "application/fhir+json" and headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(("status", "lasting"), [(400, True), (404, True), (422, True), (429, False), (503, False)])
def test_a_refusal_says_whether_another_try_can_help(server, status, lasting):
    server.status = status
    with pytest.raises(NotPosted, match=f"answered {status}; 200 is needed; ") as refused:
        post(BUNDLE, server.base)
    assert refused.value.lasting is lasting


def test_a_redirection_is_not_followed(server):
    server.status = 307
    with pytest.raises(NotPosted, match="answered 307"):
        post(BUNDLE, server.base)
    assert len(server.got) == 1


def test_a_server_that_is_away_is_tried_again(server):
    base = server.base
    server.server_close()
    with pytest.raises(NotPosted, match=r"cannot be reached .*; it is tried again") as away:
        post(BUNDLE, base, patience=5)
    assert away.value.lasting is False


def test_another_kind_of_address_is_refused():
    with pytest.raises(NotPosted, match="https:// and http:// are allowed") as refused:
        post(BUNDLE, "file:///etc/passwd")
    assert refused.value.lasting
