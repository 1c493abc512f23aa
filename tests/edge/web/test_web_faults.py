"""What a served page must bear: a slow crowd, a lost thread, no memory, many guesses at once, a reader of its store."""

import contextlib
import http.client
import os
import re
import socket
import sqlite3
import ssl
import threading
import time
from dataclasses import replace

import pytest

from edge_app.errors import EdgeError, StoreFault
from edge_app.web import serving
from edge_app.web.access import auth
from edge_app.web.access.credentials import Credentials
from edge_app.web.app import create_app
from edge_app.web.http import rate_limits
from edge_app.web.http.settings import Settings
from edge_app.web.readings import inference_queue, pace
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.readings.pace import Busy
from tests.support.processes import serve_in_thread
from tests.support.state_folder import files

PASSWORD = "three rays and a lead apron"
# Seconds for an answer; a machine may be busy.
PATIENCE = 60


@pytest.fixture
def kept(tmp_path, model_path):
    """Return the services of a page that asks for a password."""
    settings = Settings(tmp_path / "state", port=0, model=model_path, open=False)
    settings.state_dir.mkdir()
    Credentials(settings.state_dir).set_password(PASSWORD)
    with serving.opened(settings, InferenceQueue(settings)) as services:
        yield services


def client(app):
    """Return a browser that has seen the login page, and the token of its forms."""
    browser = app.test_client()
    return browser, re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/login").text)[1]


def log_in(app, password):
    """Return a browser after its try, and the answer."""
    browser, token = client(app)
    return browser, browser.post("/login", data={"csrf_token": token, "password": password})


def test_a_password_that_was_changed_ends_the_sessions_of_the_old_one(kept):
    app = create_app(kept.settings, kept)
    browser, answer = log_in(app, PASSWORD)
    assert answer.status_code == 303
    assert browser.get("/history").status_code == 200
    Credentials(kept.settings.state_dir).set_password("quite another one")
    assert browser.get("/history").status_code == 303
    assert log_in(app, PASSWORD)[1].status_code == 401
    assert log_in(app, "quite another one")[1].status_code == 303


def test_guesses_that_come_at_once_are_not_free_together(kept, monkeypatch):
    # The clock stands still: on a busy machine a wait that is over would let one more in.
    monkeypatch.setattr(auth, "Guesses", lambda: rate_limits.Guesses(lambda: 0.0))
    app, told = create_app(kept.settings, kept), []
    browsers = [client(app) for _ in range(3 * rate_limits.FREE)]

    def guess(browser, token):
        told.append(browser.post("/login", data={"csrf_token": token, "password": "wrong"}).status_code)

    threads = [threading.Thread(target=guess, args=one) for one in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(told) == {401, 429}
    assert told.count(401) == rate_limits.FREE


@pytest.mark.parametrize("origin", ["http://[", "null", "http://other.example", "http://localhost.other.example"])
def test_an_origin_of_elsewhere_is_refused_however_odd(kept, origin):
    app = create_app(kept.settings, kept)
    browser, token = client(app)
    data = {"csrf_token": token, "password": PASSWORD}
    assert browser.post("/login", data=data, headers={"Origin": origin}).status_code == 403
    assert browser.post("/login", data=data, headers={"Origin": "http://localhost"}).status_code == 303


def test_no_memory_for_a_film_costs_no_room_in_the_queue(kept, film_path, monkeypatch):
    def none(name):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "memfd_create", none)
        for _ in range(2 * inference_queue.MOST_WAITING):
            with pytest.raises(EdgeError, match="there is not enough memory for it"):
                kept.inference_queue.submit(film_path.read_bytes(), "a.png")
    assert kept.inference_queue.waiting == 0
    assert kept.inference_queue.submit(film_path.read_bytes(), "a.png").row["sha256"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nobody_waits_for_a_reader_that_has_died(kept, film_path, monkeypatch):
    def die(*_):
        raise RuntimeError("of the test")

    monkeypatch.setattr(kept.inference_queue._pool, "_ask", die)
    # Without an end by itself: an answer shows that it is not patience that ends the wait.
    monkeypatch.setattr(inference_queue, "PATIENCE", 10**6)
    for _ in range(2):
        with pytest.raises(Busy):
            kept.inference_queue.submit(film_path.read_bytes(), "a.png")
    assert not kept.inference_queue.alive
    assert create_app(kept.settings, kept).test_client().get("/ready").status_code == 503


def test_erasing_says_so_if_another_program_keeps_the_log(kept, film_path, monkeypatch):
    label = "Zebrafink-77"
    kept.inference_queue.submit(film_path.read_bytes(), "a.png", label)

    def left():
        return [path.name for path in files(kept.settings.state_dir) if label.encode() in path.read_bytes()]

    assert left()
    kept.reading_store._base.execute("PRAGMA busy_timeout=50")
    with contextlib.closing(sqlite3.connect(kept.settings.store)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM films").fetchone()
        with pytest.raises(StoreFault, match="another program is reading the store"):
            kept.reading_store.erase()
    assert kept.reading_store.erase() == 0
    assert left() == []


@pytest.mark.parametrize("tls", [False, True])
def test_a_slow_crowd_blocks_nobody(kept, monkeypatch, tls):
    monkeypatch.setattr(serving, "CONNECTIONS", 20)
    settings = serving.secured(replace(kept.settings, tls=tls))
    app = create_app(settings, kept)
    context = ssl._create_unverified_context()
    with serving.listening(app, settings) as (forever, address), contextlib.ExitStack() as stack:
        port = int(address.rstrip("/").rpartition(":")[2])
        serve_in_thread(forever)
        crowd = []
        for _ in range(60):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))
            if tls:
                slow = stack.enter_context(context.wrap_socket(slow))
            slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            crowd.append(slow)
        for _ in range(5):
            for slow in crowd:
                with contextlib.suppress(OSError):  # those that had to go
                    slow.sendall(b"s")
            if tls:
                asked = http.client.HTTPSConnection("127.0.0.1", port, timeout=PATIENCE, context=context)
            else:
                asked = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            stack.callback(asked.close)
            asked.request("GET", "/health")
            assert asked.getresponse().status == 200
            time.sleep(0.01)


def test_the_time_to_wait_counts_each_film_once(kept, film_path):
    content, started = film_path.read_bytes(), time.monotonic()
    threads = [
        threading.Thread(target=kept.inference_queue.submit, args=(content,))
        for _ in range(inference_queue.MOST_WAITING)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # All of them together took no longer than they did; their times from arrival to answer add up to far more.
    assert len(kept.inference_queue.pace.each) == inference_queue.MOST_WAITING
    assert sum(kept.inference_queue.pace.each) <= time.monotonic() - started
    kept.inference_queue.pace.each.extend([3.0] * pace.NEWEST)
    kept.inference_queue._waiting = 4
    assert kept.inference_queue.retry_after() in (12, 13)
    kept.inference_queue._waiting = 0
    assert kept.inference_queue.retry_after() == 1
