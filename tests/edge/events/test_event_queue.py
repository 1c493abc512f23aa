"""The queue of events: its order, its bound, what is given up first, and what a killed program leaves."""

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from edge_app.errors import StoreFault
from edge_app.events import event, event_queue
from edge_app.events.event import Event
from edge_app.events.event_queue import EventQueue
from edge_app.screening import decision


def judged(verdict=decision.COVID, number=0) -> Event:
    return Event(event.JUDGED, {"verdict": verdict, "findings": {}, "refusal": None, "number": number})


@pytest.fixture
def queue(tmp_path):
    """Return a queue that is sent to both sinks."""
    made = EventQueue(tmp_path)
    made.use(["webhook", "mqtt"])
    yield made
    made.close()


def test_events_come_out_in_their_order_for_every_sink(queue, tmp_path):
    events = [judged(number=number) for number in range(5)]
    for one in events:
        assert queue.put(one)
    assert queue.waiting("webhook") == queue.waiting("mqtt") == events
    first, second, *_ = queue.waiting("webhook")
    queue.done("webhook", first.number)
    assert queue.waiting("webhook")[0] == second
    assert queue.waiting("mqtt") == events
    assert queue.lines() == {"webhook": (4, 1, 0), "mqtt": (5, 0, 0)}
    again = EventQueue(tmp_path)  # as after a restart
    assert again.waiting("webhook") == events[1:]
    again.close()


def test_nothing_is_kept_where_nothing_is_sent(tmp_path):
    queue = EventQueue(tmp_path)
    assert not queue.put(judged())
    queue.use(["mqtt"])
    assert queue.put(judged())
    queue.use([])
    assert not queue.put(judged())
    assert queue.waiting("mqtt") == []
    assert queue._base.execute("SELECT count(*) FROM events").fetchone() == (0,)
    queue.close()


def test_a_full_queue_gives_up_the_oldest_of_the_least_worth(queue, monkeypatch):
    monkeypatch.setattr(event_queue, "MOST", 4)
    trifle, calm = Event(event.STARTED, {}), [judged(decision.NORMAL, number) for number in range(2)]
    fault, alarms = Event(event.RAISED, {"fault": "disk"}), [judged(number=number) for number in range(9)]
    for one in (alarms[0], *calm, trifle):
        queue.put(one)
    queue.put(fault)
    assert queue.waiting("mqtt") == [alarms[0], *calm, fault]
    queue.put(alarms[1])
    assert queue.waiting("mqtt") == [alarms[0], calm[1], fault, alarms[1]]
    queue.put(judged(decision.NORMAL, 7))  # there is an older one of the same worth
    assert [one.data.get("number") for one in queue.waiting("mqtt")] == [0, None, 1, 7]
    for one in alarms[2:6]:
        queue.put(one)
    assert queue.waiting("mqtt") == alarms[2:6]  # of alarms alone, the newest
    assert queue.lines()["webhook"] == (4, 0, 7)


def test_ten_thousand_wait_and_no_more(queue, monkeypatch):
    monkeypatch.setattr(event_queue, "MOST", 10_000)
    with event_queue.transaction(queue._base):  # as if they had come one by one
        for number in range(10_000):
            queue._insert(judged(number=number))
    assert queue.lines()["webhook"] == (10_000, 0, 0)
    queue.put(judged(number=10_000))
    assert queue.lines()["webhook"] == (10_000, 0, 1)
    assert len(queue.waiting("webhook")) == event_queue.AT_ONCE  # memory holds no more at once
    seen, after = [], 0
    while found := queue.waiting("webhook", after):
        seen += [one.data["number"] for one in found]
        after = found[-1].number
    assert seen == list(range(1, 10_001))


def test_what_was_put_outlives_a_kill(tmp_path):
    EventQueue(tmp_path).use(["webhook"])
    code = (
        "import sys; from pathlib import Path\n"
        "from edge_app.events.event import Event\n"
        "from edge_app.events.event_queue import EventQueue\n"
        "queue = EventQueue(Path(sys.argv[1]))\n"
        "for number in range(10 ** 6):\n"
        "    queue.put(Event('film.failed', {'number': number}))\n"
        "    print(number, flush=True)\n"
    )
    program = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    told = [int(program.stdout.readline()) for _ in range(50)]
    os.kill(program.pid, signal.SIGKILL)
    with program:
        told += [int(line) for line in program.stdout.read().splitlines()]
    queue = EventQueue(tmp_path)
    kept = [one.data["number"] for one in queue.waiting("webhook", most=10**6)]
    assert kept[: len(told)] == told and len(kept) <= len(told) + 1  # the one that was not told yet may be there
    queue.close()


def test_a_damaged_queue_is_put_aside(tmp_path):
    (tmp_path / event_queue.NAME).write_bytes(b"this is not a database" * 100)
    queue = EventQueue(tmp_path)
    queue.use(["webhook"])
    assert queue.put(judged())
    assert (tmp_path / "events.sqlite.damaged").read_bytes().startswith(b"this is not")
    queue.close()


def test_a_queue_of_a_newer_program_is_left_alone(tmp_path):
    EventQueue(tmp_path).close()
    with sqlite3.connect(tmp_path / event_queue.NAME) as base:
        base.execute("PRAGMA user_version=99")
    base.close()
    with pytest.raises(StoreFault, match="version 99, this one reads 1"):
        EventQueue(tmp_path)


def test_only_its_owner_reads_it(tmp_path):
    EventQueue(tmp_path).close()
    assert (tmp_path / event_queue.NAME).stat().st_mode & 0o077 == 0


def test_a_device_keeps_its_name(tmp_path):
    first = EventQueue(tmp_path)
    name = first.device
    first.close()
    second = EventQueue(tmp_path)
    assert second.device == name and len(name) == 8
    second.close()
