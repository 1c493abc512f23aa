"""MQTT against a real mosquitto: what is published and retained, and brokers that are dead, slow or started again."""

import json
import threading

import pytest

from edge_app.events import config as config_
from edge_app.events import event, mqtt
from edge_app.events.config import MqttConfig
from edge_app.events.event import Event
from edge_app.events.event_queue import EventQueue
from edge_app.events.mqtt import Mqtt
from edge_app.events.sender import Sender
from edge_app.events.sink import Undelivered
from edge_app.web.http import tls
from tests.support.broker import PASSWORD, USER, Broker, Listener, free_port, need_broker
from tests.support.receiver import until

DEVICE = {"id": "0a0b0c0d", "name": "pi"}
QUICK = (0.01, 0.05)
TOPIC = "covid-xray/0a0b0c0d"
DISCOVERY = "homeassistant/sensor/covid-xray-0a0b0c0d/last_verdict/config"


def told(number=0) -> Event:
    return Event(event.FAILED, {"source": "page", "reading": None, "number": number})


def body(one: Event) -> bytes:
    return one.body(DEVICE)


def config(broker, **more) -> MqttConfig:
    return MqttConfig(**{"host": "127.0.0.1", "port": broker.port, "user": USER, "password": PASSWORD} | more)


def state() -> dict:
    return {"verdict": None, "films_today": 3, "fault": "OFF", "ready": "ON"}


@pytest.fixture
def sending(tmp_path):
    """Return a function that sends a queue, (config) -> sender, and the queue."""
    queue, begun = EventQueue(tmp_path), []
    queue.use([config_.MQTT])

    def send(to: MqttConfig) -> Sender:
        begun.append(Sender(tmp_path, Mqtt(to, DEVICE, state), body, QUICK))
        return begun[-1]

    yield send, queue
    for one in begun:
        one.close()
    queue.close()


def test_events_arrive_in_order_and_the_device_is_known(broker, sending):
    send, queue = sending
    listener = Listener(broker)
    for number in range(50):
        queue.put(told(number))
    sender = send(config(broker))
    until(lambda: len(listener.of("/event")) == 50)
    assert [json.loads(one)["data"]["number"] for one in listener.of("/event")] == list(range(50))
    late = Listener(broker)  # is told what is retained
    until(lambda: len(late.told) >= 6)
    retained = {topic: content for topic, content, kept in late.told if kept}
    assert retained[f"{TOPIC}/availability"] == b"online"
    assert json.loads(retained[f"{TOPIC}/state"]) == state()
    assert not any(topic.endswith("/event") for topic in retained)
    found = json.loads(retained[DISCOVERY])
    assert found["state_topic"] == f"{TOPIC}/state" and found["availability_topic"] == f"{TOPIC}/availability"
    components = {topic.split("/")[3]: topic.split("/")[1] for topic in retained if topic.startswith("homeassistant")}
    assert components == {
        "last_verdict": "sensor", "films_today": "sensor", "fault": "binary_sensor", "ready": "binary_sensor"
    }  # fmt: skip
    sender.close()
    until(lambda: listener.of("/availability")[-1] == b"offline")
    late.close()
    listener.close()


def test_the_broker_says_that_a_device_is_gone(broker):
    listener, sink = Listener(broker), Mqtt(config(broker), DEVICE, state)
    sink.deliver(told(), b"{}")
    until(lambda: listener.of("/availability") == [b"online"])
    sink._client.socket().close()  # as without power: no word of farewell
    until(lambda: listener.of("/availability") == [b"online", b"offline"])
    listener.close()


def test_a_broker_that_is_not_used_any_more_forgets_the_device(broker):
    sink = Mqtt(config(broker), DEVICE, state)
    sink.deliver(told(), b"{}")
    sink.leaving = True
    sink.close()
    listener = Listener(broker)
    listener._client.publish("last", b"", 1)
    until(lambda: listener.of("last"))
    assert [topic for topic, _, kept in listener.told if kept] == []
    listener.close()


def test_a_wrong_password_is_told(broker):
    sink = Mqtt(config(broker, password="wrong"), DEVICE, state)
    with pytest.raises(Undelivered, match=r"does not let this device in \(Not authorized\)"):
        sink.deliver(told(), b"{}")
    assert "wrong" not in repr(config(broker, password="wrong"))


def test_a_dead_broker_is_waited_for_and_misses_nothing(tmp_path_factory, sending):
    need_broker()
    send, queue = sending
    sender = send(MqttConfig("127.0.0.1", free_port()))
    queue.put(told())
    until(lambda: sender.trouble)
    assert "cannot be reached (Connection refused)" in sender.trouble.words


def test_a_broker_that_is_started_again_gets_what_waits_and_is_told_all_anew(broker, monkeypatch, sending):
    send, queue = sending
    sender, heard = send(config(broker)), threading.Event()
    queue.put(told(0))
    until(lambda: queue.lines()[config_.MQTT].delivered == 1)
    broker.stop()
    monkeypatch.setattr(sender, "_pause", lambda asked: not heard.wait(100))
    for number in range(1, 6):
        queue.put(told(number))
    sender.wake()
    until(lambda: sender.trouble)
    broker.start()
    listener = Listener(broker)
    heard.set()  # from now on the sender tries again: who subscribes later is told no event that went before
    until(lambda: queue.lines()[config_.MQTT].delivered == 6)
    until(lambda: len(listener.of("/event")) >= 5)
    assert [json.loads(one)["data"]["number"] for one in listener.of("/event")] == [1, 2, 3, 4, 5]
    assert listener.of("/availability")[-1] == b"online" and listener.of("last_verdict/config")
    listener.close()


def test_a_broker_is_found_again_without_an_event(broker, monkeypatch):
    monkeypatch.setattr(mqtt, "AGAIN", 0.0)
    sink = Mqtt(config(broker), DEVICE, state)
    sink.idle()
    broker.stop()
    until(lambda: sink.idle() or sink._client is None)
    broker.start()
    sink.idle()
    listener = Listener(broker)
    until(lambda: sink.idle() or listener.of("/availability") == [b"online"])
    sink.close()
    listener.close()


def test_a_broker_that_hangs_is_left_and_the_event_sent_again(broker, monkeypatch, sending):
    send, queue = sending
    monkeypatch.setattr(mqtt, "PATIENCE", 0.5)
    monkeypatch.setattr(Mqtt._publish, "__defaults__", (False, 0.5))  # (retain, seconds)
    sender = send(config(broker))
    queue.put(told(0))
    until(lambda: queue.lines()[config_.MQTT].delivered == 1)
    broker.freeze()
    queue.put(told(1))
    sender.wake()
    until(lambda: sender.trouble)
    assert "did not" in sender.trouble.words
    broker.stop()
    broker.start()
    until(lambda: queue.lines()[config_.MQTT].delivered == 2)


# paho leaves a socket whose handshake failed to be collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls_is_verified(tmp_path_factory, certificate):
    need_broker()
    folder = tmp_path_factory.mktemp("tls")
    broker = Broker(folder, tls=certificate)
    listener = Listener(broker, authority=certificate[0])
    sink = Mqtt(config(broker, tls=True, authority=certificate[0]), DEVICE, state)
    assert sink.deliver(told(), b"{}") == "the broker has confirmed it"
    until(lambda: listener.of("/event"))
    sink.close()
    listener.close()
    with pytest.raises(Undelivered, match=r"certificate is not trusted \(self.signed certificate\)"):
        Mqtt(config(broker, tls=True), DEVICE, state).deliver(told(), b"{}")
    broker.stop()
    files = folder / "page.crt", folder / "page.key"
    tls.certificate(*files, frozenset({"elsewhere.example"}), [])
    broker = Broker(folder, tls=files)
    with pytest.raises(Undelivered, match=r"certificate is not trusted .*mismatch"):
        Mqtt(config(broker, tls=True, authority=files[0]), DEVICE, state).deliver(told(), b"{}")
    broker.stop()


def test_a_test_event_leaves_nothing_behind(broker):
    listener, sink = Listener(broker), Mqtt(config(broker), DEVICE, None)
    sink.deliver(Event(event.TEST, {"source": "page"}), b'{"type": "test"}')
    sink.close()
    until(lambda: listener.of("/event") == [b'{"type": "test"}'])
    assert [topic for topic, _, _ in listener.told] == [f"{TOPIC}/event"]
    listener.close()
