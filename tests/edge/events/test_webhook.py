"""The webhook against a real receiver: what is sent, what its answers lead to, and how a dead one is waited for."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import threading
import time

import pytest

from edge_app.events import event, webhook
from edge_app.events.config import WEBHOOK, WebhookConfig
from edge_app.events.event import Event
from edge_app.events.event_queue import EventQueue
from edge_app.events.sender import MOST_REFUSALS, Sender
from edge_app.events.sink import Undelivered, Unwanted
from edge_app.events.webhook import Webhook
from tests.support.ports import free_port
from tests.support.receiver import Receiver, until

SECRET = webhook.new_secret()
DEVICE = {"id": "00000000", "name": "pi"}
QUICK = (0.01, 0.05)


def told(number=0) -> Event:
    return Event(event.FAILED, {"source": "page", "reading": None, "number": number})


def body(one: Event) -> bytes:
    return one.body(DEVICE)


@pytest.fixture
def receiver():
    """Return a receiver that takes everything."""
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def sending(tmp_path):
    """Return a function that sends a queue to an address, and the queue: (url) -> sender."""
    queue, begun = EventQueue(tmp_path), []
    queue.use([WEBHOOK])

    def send(url: str) -> Sender:
        begun.append(Sender(tmp_path, Webhook(WebhookConfig(url, SECRET)), body, QUICK))
        return begun[-1]

    yield send, queue
    for one in begun:
        one.close()
    queue.close()


def deliver(url: str, one: Event) -> str:
    sink = Webhook(WebhookConfig(url, SECRET))
    try:
        return sink.deliver(one, body(one))
    finally:
        sink.close()


def test_what_is_sent_is_signed_by_the_standard(receiver):
    one, began = told(), int(time.time())
    assert deliver(receiver.url + "?a=1", one) == "the receiver answered 204 No Content"
    path, headers, sent = receiver.requests[0]
    assert path == "/events?a=1"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == one.id
    assert began <= int(headers["webhook-timestamp"]) <= time.time()
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    text = f"{one.id}.{headers['webhook-timestamp']}.".encode() + sent
    expected = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert json.loads(sent) == {
        "type": "film.failed",
        "timestamp": one.time,
        "id": one.id,
        "data": {**one.data, "device": DEVICE},
    }


def test_a_secret_is_one_of_the_standard():
    assert len(base64.b64decode(SECRET.removeprefix("whsec_"))) == 32
    assert webhook.new_secret() != SECRET


def test_a_login_in_the_address_is_sent_and_not_shown(receiver):
    url = receiver.url.replace("//", "//ward:p%40ss@")
    deliver(url, told())
    path, headers, _ = receiver.requests[0]
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"ward:p@ss"
    assert path == "/events"
    assert "p%40ss" not in webhook.public(url)
    assert SECRET not in repr(WebhookConfig(url, SECRET))


@pytest.mark.parametrize(
    ("status", "refused"),
    [(400, True), (404, True), (302, True), (408, False), (429, False), (500, False), (503, False)],
)
def test_an_answer_says_whether_to_come_again(receiver, status, refused):
    receiver.status, receiver.headers = status, {"Location": f"{receiver.url}/elsewhere", "Retry_After": "7"}
    with pytest.raises(Undelivered, match=f"answered {status}") as why:
        deliver(receiver.url, told())
    assert why.value.refused == refused
    assert why.value.retry_after_s == (None if status == 302 else 7)
    assert len(receiver.requests) == 1  # no redirect is followed


def test_retry_after_is_a_number_or_a_date():
    assert webhook.seconds("120") == 120
    assert webhook.seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert webhook.seconds(None) is webhook.seconds("soon") is None


def test_gone_stops_for_good(receiver, sending):
    send, queue = sending
    receiver.status = 410
    queue.put(told())
    queue.put(told())
    sender = send(receiver.url)
    until(lambda: sender.unwanted)
    assert len(receiver.requests) == 1
    assert "wants no more events" in sender.trouble.words
    with pytest.raises(Unwanted):
        deliver(receiver.url, told())


def test_a_refused_event_is_given_up_and_the_next_one_follows(receiver, sending):
    send, queue = sending
    receiver.status = lambda number: 400 if number < MOST_REFUSALS else 200
    for number in range(2):
        queue.put(told(number))
    send(receiver.url)
    until(lambda: queue.lines()[WEBHOOK].delivered)
    assert [one["data"]["number"] for one in receiver.events] == [0] * MOST_REFUSALS + [1]
    assert queue.lines()[WEBHOOK] == (0, 1, 1)


def test_a_dead_receiver_is_waited_for_and_misses_nothing(sending):
    send, queue = sending
    port = free_port()
    sender = send(f"http://127.0.0.1:{port}/events")
    for number in range(20):
        queue.put(told(number))
    until(lambda: sender.trouble)
    assert "cannot be reached (Connection refused)" in sender.trouble.words
    late = Receiver(port=port)
    until(lambda: queue.lines()[WEBHOOK].delivered == 20)
    late.close()
    assert [one["data"]["number"] for one in late.events] == list(range(20))
    assert sender.trouble is None


def test_a_faulty_receiver_gets_events_in_order_and_again_until_it_takes_them(receiver, sending):
    send, queue = sending
    receiver.status = lambda number: 503 if number % 3 else 200
    for number in range(9):
        queue.put(told(number))
    send(receiver.url)
    until(lambda: queue.lines()[WEBHOOK].delivered == 9)
    numbers = [one["data"]["number"] for one in receiver.events]
    assert numbers == sorted(numbers) and set(numbers) == set(range(9))
    ids = [headers["webhook-id"] for _, headers, _ in receiver.requests]
    assert len(set(ids)) == 9  # an attempt carries the id of those before it


def test_a_connection_that_the_receiver_closed_is_opened_again(receiver):
    sink = Webhook(WebhookConfig(receiver.url, SECRET))
    sink.deliver(told(), b"{}")
    port = receiver.port
    receiver.close()
    other = Receiver(port=port)
    assert sink.deliver(told(), b"{}") == "the receiver answered 204 No Content"
    sink.close()
    other.close()


def test_a_receiver_that_never_answers_is_left(monkeypatch):
    monkeypatch.setattr(webhook, "SILENCE", 0.1)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(Undelivered, match="did not answer in time"):
        deliver(f"http://127.0.0.1:{silent.getsockname()[1]}/", told())


@pytest.mark.parametrize("head", ["", "Connection: close\r\nContent-Length: 60000\r\n\r\n"], ids=["head", "body"])
def test_a_receiver_that_sends_a_byte_now_and_then_is_left(monkeypatch, head):
    monkeypatch.setattr(webhook, "WHOLE", 0.3)
    sent = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as slow:

        def drip():
            connection, _ = slow.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n" + head.encode())
                try:
                    while True:
                        connection.sendall(b"X: y\r\n")
                        sent.extend(b"X: y\r\n")
                        time.sleep(0.05)
                except OSError:
                    pass

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(Undelivered, match="did not answer in time"):
            deliver(f"http://127.0.0.1:{slow.getsockname()[1]}/", told())
        thread.join()
    assert len(sent) < webhook.MOST_ANSWER  # it is cut before there is all that is read of an answer


def test_an_endless_answer_is_not_read(monkeypatch):
    read = []
    whole = http.client.HTTPResponse.read
    monkeypatch.setattr(http.client.HTTPResponse, "read", lambda self, most: read.append(most) or whole(self, most))
    with socket.create_server(("127.0.0.1", 0)) as endless:

        def pour():
            connection, _ = endless.accept()
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    while True:
                        connection.sendall(bytes(65536))
                except OSError:
                    pass

        thread = threading.Thread(target=pour)
        thread.start()
        assert deliver(f"http://127.0.0.1:{endless.getsockname()[1]}/", told()) == "the receiver answered 200 OK"
        thread.join()
    assert read == [webhook.MOST_ANSWER]
