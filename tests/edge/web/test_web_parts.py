"""Parts of the page by themselves: sessions, limits, credentials, the reading store, and the limited server."""

import contextlib
import csv
import io
import socket
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_app.errors import WrongUsage
from edge_app.gate import refusal
from edge_app.model import model_file
from edge_app.screening import decision, run_context
from edge_app.screening.result import Refused
from edge_app.store.store import Store
from edge_app.web.access import credentials, sessions
from edge_app.web.access.credentials import Credentials
from edge_app.web.access.sessions import BrowserSessions
from edge_app.web.http import limited_server, rate_limits
from edge_app.web.http.rate_limits import Bucket, Guesses
from edge_app.web.readings.reading_store import ReadingStore
from tests.support import results

PATIENCE = 60


class Clock:
    """Tells the seconds that it was set to."""

    now = 1000.0

    def __call__(self):
        return self.now


def test_a_session_dies_of_idleness_and_of_age():
    clock = Clock()
    held = BrowserSessions(clock)
    idle, busy = held.new(logged_in=True), held.new(logged_in=True)
    for _ in range(sessions.MOST_AGE // sessions.MOST_IDLE):
        clock.now += sessions.MOST_IDLE
        assert held.get(busy.id) is busy
    assert held.get(idle.id) is None
    clock.now += 1
    assert held.get(busy.id) is None


def test_what_asks_by_itself_keeps_no_session_alive():
    clock = Clock()
    held = BrowserSessions(clock)
    one = held.new()
    clock.now += sessions.MOST_IDLE - 1
    assert held.get(one.id, use=False) is one
    clock.now += 2
    assert held.get(one.id) is None


def test_strangers_push_out_strangers():
    held = BrowserSessions()
    nurse, first = held.new(logged_in=True), held.new()
    for _ in range(sessions.MOST):
        held.new()
    assert held.get(nurse.id) is nurse
    assert held.get(first.id) is None


def test_a_bucket_fills_again_for_each_address():
    clock = Clock()
    bucket = Bucket(2, 0.5, clock)
    assert [bucket.take("a") for _ in range(3)] == [0, 0, 2]
    assert bucket.take("b") == 0
    clock.now += 2
    assert bucket.take("a") == 0
    assert bucket.take("a") > 0
    clock.now += 1000
    assert [bucket.take("a") for _ in range(3)] == [0, 0, 2]


def test_the_wait_after_guesses_doubles_up_to_a_bound_and_ends_with_the_right_one():
    clock = Clock()
    guesses, waits = Guesses(clock), []
    for _ in range(rate_limits.FREE):
        assert guesses.wait("a") == 0
        guesses.wrong("a")
    for _ in range(12):
        waits.append(guesses.wait("a"))
        clock.now += waits[-1]
        assert guesses.wait("a") == 0
        guesses.wrong("a")
    assert waits[0] >= rate_limits.FIRST
    assert waits == sorted(waits)
    assert rate_limits.LONGEST <= waits[-1] <= rate_limits.LONGEST + 1
    assert guesses.wait("b") == 0
    guesses.right("a")
    assert guesses.wait("a") == 0


def test_a_password_is_known_again_and_no_other(tmp_path):
    held = Credentials(tmp_path)
    assert not held.has_password
    assert not held.is_password("")
    held.set_password("ten letters")
    version = held.version
    assert held.is_password("ten letters")
    assert not held.is_password("ten letter")
    assert not held.is_password("x" * (credentials.MOST + 1))
    held.set_password("ten letters")
    assert held.version != version  # another salt: whoever sets it anew ends all sessions
    for wrong in ("short", "x" * (credentials.MOST + 1)):
        with pytest.raises(WrongUsage, match="are allowed"):
            held.set_password(wrong)


@pytest.fixture
def agreed(model_path):
    """Return the context of a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer", None)


def result(number=0, kind=refusal.DARK, **more) -> Refused:
    """Return a film that was refused."""
    time = datetime.now(UTC).replace(microsecond=0)  # the store keeps milliseconds
    return results.refused(Path("upload"), f"{number:064d}", kind, time=time, **more)


def test_a_reading_is_found_by_what_it_is(tmp_path, agreed):
    with contextlib.closing(ReadingStore(tmp_path / "store", agreed, 30)) as reading_store:
        labels = ("A-1", "a-12", "b", "%")
        made = [reading_store.keep(result(number), agreed, label) for number, label in enumerate(labels)]
        assert reading_store.get(made[0].id) == made[0]
        assert reading_store.get("nothing") is None
        assert [one.label for one in reading_store.search(label="A-1")] == ["A-1"]
        assert {one.label for one in reading_store.search(text="A-1")} == {"A-1", "a-12"}
        assert [one.label for one in reading_store.search(text="%")] == ["%"]
        reading_store.keep(result(9), agreed, "ÉTAGE 2")
        assert [one.label for one in reading_store.search(text="étage")] == ["ÉTAGE 2"]
        reading_store.delete(reading_store.search(text="étage")[0].id)
        assert reading_store.count(verdict=decision.REFUSED) == 4
        assert reading_store.count(verdict=decision.COVID) == 0
        assert reading_store.count(since=datetime.now(UTC) + timedelta(hours=1)) == 0
        assert reading_store.count(until=datetime.now(UTC) + timedelta(hours=1)) == 4
        pages = [reading_store.search(limit=3, offset=offset) for offset in (0, 3)]
        assert sorted(one.id for page in pages for one in page) == sorted(one.id for one in made)
        assert all(one.row.get("path", "") == "" for one in made)
        assert made[0].kept_until - made[0].time == timedelta(days=30)


def test_readings_go_when_their_time_is_over_and_take_the_result_along(tmp_path, agreed):
    with contextlib.closing(ReadingStore(tmp_path / "store", agreed, 1)) as reading_store:
        old = replace(result(1), time=datetime.now(UTC) - timedelta(days=1, seconds=1))
        gone, stays = reading_store.keep(old, agreed, "gone"), reading_store.keep(result(2), agreed, "stays")
        assert reading_store.get(gone.id) is None
        assert [one.id for one in reading_store.search()] == [stays.id]
        assert reading_store.expire() == 1
        assert reading_store.expire() == 0
    with sqlite3.connect(tmp_path / "store") as base:
        assert base.execute("SELECT film FROM films").fetchall() == [(f"{2:064d}",)]
    base.close()
    assert b"gone" not in (tmp_path / "store").read_bytes()


def test_a_film_stays_in_the_store_while_another_reading_is_of_it(tmp_path, agreed):
    with contextlib.closing(ReadingStore(tmp_path / "store", agreed, 30)) as reading_store:
        one, two = reading_store.keep(result(1), agreed, "one"), reading_store.keep(result(1), agreed, "two")
        with contextlib.closing(Store(tmp_path / "store")) as store:
            assert len(list(store.search())) == 1
        reading_store.delete(one.id)
        assert reading_store.get(two.id)
        with contextlib.closing(Store(tmp_path / "store")) as store:
            assert len(list(store.search())) == 1
        reading_store.delete(two.id)
        with contextlib.closing(Store(tmp_path / "store")) as store:
            assert not list(store.search())


def test_a_label_that_a_spreadsheet_would_run_is_exported_as_text(tmp_path, agreed):
    with contextlib.closing(ReadingStore(tmp_path / "store", agreed, 30)) as reading_store:
        reading_store.keep(result(), agreed, "=cmd|' /C calc'!A0")
        (row,) = csv.DictReader(io.StringIO(reading_store.export_csv()))
        assert not row["label"].startswith("=")
        assert "=cmd" in row["label"]
        assert reading_store.export_csv(label="nobody").startswith("reading,label")


HEAD = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n"


def test_who_sends_most_gives_way_and_who_finds_no_room_is_told_when_to_come_again():
    def app(environ, start_response):
        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    server = limited_server.serve(app, 50, 1000, host="127.0.0.1", port=0, threads=1)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    with contextlib.ExitStack() as stack:
        stack.callback(server.close)

        def begin(address, size):
            there = ("127.0.0.1", server.effective_port)
            made = stack.enter_context(socket.create_connection(there, PATIENCE, source_address=(address, 0)))
            made.sendall(HEAD.format(size).encode() + b"a")
            return made

        def answer(made, size=0):
            made.sendall(bytes(size))
            return made.recv(10_000).decode()

        greedy = [begin("127.0.0.2", 450), begin("127.0.0.2", 450)]
        # As much as it has itself: it has to wait.
        refused = answer(begin("127.0.0.2", 450))
        assert refused.startswith("HTTP/1.1 503")
        assert f"Retry-After: {limited_server.RETRY}" in refused
        # Another address has less: it gets in, and the oldest of who has most is out.
        assert answer(begin("127.0.0.3", 450), 449).startswith("HTTP/1.1 200")
        assert greedy[0].recv(10) == b""
        assert answer(greedy[1], 449).startswith("HTTP/1.1 200")
