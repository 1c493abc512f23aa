"""Ten thousand events that wait, and a sender that is killed: all arrive, in order, and memory stays small."""

import functools
import os
import resource
import signal
import subprocess
import sys

import pytest

from edge_app.events import event_queue, webhook
from edge_app.events.config import WEBHOOK, WebhookConfig
from edge_app.events.event import FAILED, Event
from edge_app.events.event_queue import EventQueue
from edge_app.events.sender import Sender
from edge_app.events.webhook import Webhook
from tests.support.program import ROOT
from tests.support.receiver import Receiver, until

SECRET = webhook.new_secret()
MANY = 10_000
# A body of 300 bytes 10,000 times would be 3 MB, its objects ten times as much.
MOST_GROWTH_KB = 20_000
SEND = """
import sys, threading
from pathlib import Path
from edge_app.events.config import WebhookConfig
from edge_app.events.sender import Sender
from edge_app.events.webhook import Webhook
Sender(Path(sys.argv[1]), Webhook(WebhookConfig(sys.argv[2], sys.argv[3])), lambda one: one.body({}))
threading.Event().wait()
"""


@pytest.fixture
def queue(tmp_path):
    """Return a queue for a webhook."""
    made = EventQueue(tmp_path)
    made.use([WEBHOOK])
    yield made
    made.close()


def fill(queue, count: int) -> None:
    """Queue events in one transaction, which takes a second instead of a minute."""
    with event_queue.transaction(queue._base):
        for number in range(count):
            queue._insert(Event(FAILED, {"source": "page", "reading": None, "number": number}))


def test_ten_thousand_arrive_in_order_in_little_memory(queue, tmp_path):
    fill(queue, MANY)
    numbers, receiver = [], Receiver()
    receiver.requests = _Numbers(numbers)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sender = Sender(tmp_path, Webhook(WebhookConfig(receiver.url, SECRET)), lambda one: one.body({}))
    until(lambda: queue.lines()[WEBHOOK].delivered == MANY, 1200)
    sender.close()
    receiver.close()
    assert numbers == list(range(MANY))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KB
    assert queue._base.execute("SELECT count(*) FROM events").fetchone() == (0,)


class _Numbers(list):
    """Keeps the numbers of events in place of the whole requests."""

    def __init__(self, numbers):
        self._numbers = numbers

    def append(self, request):
        import json

        self._numbers.append(json.loads(request[2])["data"]["number"])


def test_a_sender_that_is_killed_loses_none_and_keeps_the_order(queue, tmp_path):
    fill(queue, 600)
    receiver, deaths = Receiver(), 0
    while queue.lines()[WEBHOOK].waiting:
        wanted = len(receiver.requests) + 150
        command = [sys.executable, "-c", SEND, str(tmp_path), receiver.url, SECRET]
        program = subprocess.Popen(command, cwd=ROOT)
        until(functools.partial(_has, receiver, wanted, queue))
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
        deaths += 1
    receiver.close()
    assert deaths >= 3
    numbers = [one["data"]["number"] for one in receiver.events]
    assert list(dict.fromkeys(numbers)) == list(range(600))  # each first time in its order
    assert len(numbers) < 700  # what comes twice is what was under way
    ids = [headers["webhook-id"] for _, headers, _ in receiver.requests]
    assert len(set(ids)) == 600  # a receiver knows what comes twice by its id


def _has(receiver, wanted: int, queue) -> bool:
    return len(receiver.requests) >= wanted or not queue.lines()[WEBHOOK].waiting
