"""The page watches its device: a camera without a picture, a full disk and dead decoders become events, each once."""

import shutil
from collections import namedtuple

import pytest

from edge_app.events.config import EventsConfig, WebhookConfig
from edge_app.events.event_queue import EventQueue
from edge_app.events.webhook import new_secret
from edge_app.web.http.settings import Settings
from edge_app.web.readings import fault_watch
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.serving import opened
from edge_app.workers.decode_pool import DecodePool

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def watch(tmp_path, model_path, monkeypatch):
    """Return the watch over a page whose events nobody takes, with a `camera` that is told of, and the queue."""
    # No thread looks, neither the page's own nor this one's: what another sees in between would be told, too.
    monkeypatch.setattr(fault_watch.FaultWatch, "_run", lambda watch: None)
    told = EventsConfig(WebhookConfig("http://127.0.0.1:9/", new_secret()))
    settings = Settings(tmp_path, model=model_path, events=told)
    camera = [""]
    with opened(settings, InferenceQueue(settings)) as kept:
        one = fault_watch.FaultWatch(
            *(kept.hub, settings, kept.inference_queue, kept.reading_store), camera_fault=lambda: camera[0]
        )
        queue = EventQueue(tmp_path)
        one.camera = camera
        yield one, queue
        one.close()
        queue.close()


def faults(queue) -> list[tuple[str, str]]:
    events = queue.waiting("webhook", most=1000)
    return [(one.kind, one.data["fault"]) for one in events if one.kind.startswith("fault.")]


def test_a_camera_that_gives_no_picture_is_told_once_and_when_it_is_back(watch):
    one, queue = watch
    one.camera[0] = "rtsp://camera: it gives no picture; trying again"
    one.look()
    one.look()
    assert faults(queue) == [("fault.raised", "live camera")]
    assert queue.faults() == {"live camera": one.camera[0]}
    one.camera[0] = ""
    one.look()
    one.look()
    assert faults(queue) == [("fault.raised", "live camera"), ("fault.cleared", "live camera")]


def test_a_disk_that_is_full_is_told(watch, monkeypatch):
    one, queue = watch
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 10**6))
    one.look()
    assert faults(queue) == [("fault.raised", "disk")]
    assert "no result can be kept" in queue.faults()["disk"]


def test_decoders_that_die_are_told_until_it_is_quiet(watch, monkeypatch):
    one, queue = watch
    monkeypatch.setattr(DecodePool, "deaths", DecodePool.deaths + 1)
    one.look()
    one.look()
    assert faults(queue) == [("fault.raised", "decoder")]
    monkeypatch.setattr(fault_watch, "QUIET", -1.0)
    one.look()
    assert faults(queue)[1:] == [("fault.cleared", "decoder")]
