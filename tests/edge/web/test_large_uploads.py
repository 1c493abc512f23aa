"""An upload that is too large is answered from its headers, in JSON, and the answer reaches who goes on sending."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest

from edge_app.web import serving
from edge_app.web.app import create_app
from edge_app.web.views.api import MOST_BYTES
from tests.support.processes import serve_in_thread

PATIENCE = 60
FILM = {"Content-Type": "application/dicom"}
PIECE = bytes(1 << 20)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def connect(kept, request):
    """Return a function that opens a connection to a served page."""
    settings = serving.secured(replace(kept.settings, port=0, tls=request.param))
    context = ssl._create_unverified_context()
    with serving.listening(create_app(settings, kept), settings) as (forever, address):
        serve_in_thread(forever)
        port = int(address.rstrip("/").rpartition(":")[2])
        if request.param:
            yield lambda: http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
        else:
            yield lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)


def pieces(count: int) -> Iterator[bytes]:
    """Yield megabytes."""
    yield from (PIECE for _ in range(count))


def refused(answer: http.client.HTTPResponse) -> dict:
    """Return the JSON of a refusal."""
    assert (answer.status, answer.getheader("Content-Type")) == (413, "application/json")
    return json.loads(answer.read())


@pytest.mark.parametrize("size", [MOST_BYTES + 1, MOST_BYTES + (2 << 20), 5 << 30])
def test_the_answer_comes_before_the_body(connect, size):
    asked = connect()
    asked.putrequest("POST", "/api/v1/classify")
    for name, value in (FILM | {"Content-Length": str(size)}).items():
        asked.putheader(name, value)
    asked.endheaders()
    assert refused(asked.getresponse())["error"]["status"] == 413
    asked.close()


@pytest.mark.parametrize("chunked", [False, True])
def test_who_sends_all_of_it_first_reads_the_answer_too(connect, chunked):
    asked, size = connect(), MOST_BYTES + (8 << 20)
    headers = FILM if chunked else FILM | {"Content-Length": str(size)}
    asked.request("POST", "/api/v1/classify", pieces(size >> 20), headers, encode_chunked=chunked)
    assert refused(asked.getresponse())["error"]["status"] == 413
    asked.close()


def test_the_pages_script_gets_its_own_words(connect):
    asked, size = connect(), MOST_BYTES + (8 << 20)
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(size)}
    asked.request("POST", "/readings", pieces(size >> 20), headers | {"Accept": "application/json"})
    assert refused(asked.getresponse())["title"] == "The file is too large"
    asked.close()


def test_what_follows_a_refused_body_is_no_request(connect):
    asked = connect()
    asked.connect()
    head = "POST /api/v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/dicom\r\n"
    head += f"Content-Length: {5 << 30}\r\n\r\n"
    asked.sock.sendall(head.encode() + b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
    if not isinstance(asked.sock, ssl.SSLSocket):
        asked.sock.shutdown(socket.SHUT_WR)
    said = b""
    while piece := asked.sock.recv(1 << 16):
        said += piece
    assert said.startswith(b"HTTP/1.1 413 ") and said.count(b"HTTP/1.1 ") == 1
    asked.close()


def test_a_film_of_an_allowed_size_is_read_afterwards(connect, film_path):
    asked = connect()
    asked.request("POST", "/api/v1/classify", film_path.read_bytes(), {"Content-Type": "image/jpg"})
    answer = asked.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]) == (200, None)
    asked.close()
