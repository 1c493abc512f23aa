"""Services that judge beside the page: their verdicts and faults wait in the page's queue, and link to its readings."""

import json
import subprocess
import sys

import pytest

from edge_app.events import event, outbox
from edge_app.events.event_queue import EventQueue
from edge_app.events.outbox import Outbox
from edge_app.events.run_sink import EventSink
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.serving import opened
from tests.support.films import png
from tests.support.program import ROOT, run


@pytest.fixture
def queue(tmp_path):
    """Return the queue of a page whose settings send events."""
    made = EventQueue(tmp_path)
    made.use(["webhook"])
    yield made
    made.close()


def kinds(queue) -> list[str]:
    return [one.kind for one in queue.waiting("webhook")]


def test_a_watched_folder_tells_its_films_and_links_to_their_readings(queue, tmp_path, model_path):
    folder, store = tmp_path / "inbox", tmp_path / "results.sqlite"
    folder.mkdir()
    (folder / "MEIER.png").write_bytes(png())
    (folder / "broken.png").write_bytes(png()[:300])
    words = (folder, "--once", "--store", store, "--patience", "0.1", "--events", tmp_path)
    run(*words, command="watch", code=1)
    events = queue.waiting("webhook")
    assert {one.kind for one in events} == {event.STARTED, event.JUDGED, event.FAILED}
    judged = next(one for one in events if one.kind == event.JUDGED)
    assert judged.data["source"] == "folder"
    assert b"MEIER" not in b"".join(one.body({}) for one in events)
    run(*words, command="watch", code=1)  # the film is known now
    assert kinds(queue).count(event.JUDGED) == 1
    settings = Settings(tmp_path, model=model_path, shared_store=store)
    with opened(settings, InferenceQueue(settings)) as kept:
        assert kept.reading_store.get(judged.reading).row["verdict"] == judged.data["verdict"]


def test_the_variable_of_the_units_is_the_flag(monkeypatch, tmp_path):
    assert outbox.default() is None
    monkeypatch.setenv(outbox.VARIABLE, str(tmp_path))
    assert outbox.default() == tmp_path
    for unit in ("watch", "camera"):
        text = (ROOT / "edge_app" / "system" / "units" / f"covid-xray-{unit}.service").read_text()
        assert f"Environment={outbox.VARIABLE}=/var/lib/covid-xray/page\n" in text


def test_without_a_page_nothing_is_written(tmp_path):
    sink = EventSink(tmp_path, "folder", str)
    sink.fault("store", "the disk is full")
    sink.close()
    assert list(tmp_path.iterdir()) == []


def test_a_fault_is_told_once_until_it_is_over_also_over_a_restart(queue, tmp_path):
    sink = EventSink(tmp_path, "camera", str)
    for _ in range(3):
        sink.fault("camera", "/dev/video0: it gives no picture")
    sink.fault("store", "the disk is full")
    assert kinds(queue) == [event.STARTED, event.RAISED, event.RAISED]
    assert queue.faults() == {"camera": "/dev/video0: it gives no picture", "camera store": "the disk is full"}
    for _ in range(3):
        sink.fault("camera", "")
    assert kinds(queue)[3:] == [event.CLEARED]
    sink.close()
    EventSink(tmp_path, "camera", str).close()
    assert kinds(queue)[4:] == [event.STARTED, event.CLEARED] and queue.faults() == {}


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of a file's size is Linux's")
def test_an_event_that_cannot_be_written_waits_in_memory_and_stops_nothing(queue, tmp_path):
    code = (
        "import json, resource, signal, sys\n"
        "from pathlib import Path\n"
        "from edge_app.events.event import Event\n"
        "from edge_app.events.outbox import Outbox\n"
        "outbox = Outbox(Path(sys.argv[1]))\n"
        "outbox.put(Event('test', {'number': 0}))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))\n"
        "outbox.put(Event('test', {'number': 1}))\n"
        "outbox.fault_lasts('disk', 'the disk is full', 'page')\n"
        "told = outbox.fault\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))\n"
        "outbox.put(Event('test', {'number': 2}))\n"
        "print(json.dumps([told, outbox.fault]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    told, after = json.loads(done.stdout)
    assert told.startswith(str(tmp_path)) and after == ""
    events = queue.waiting("webhook")
    assert [one.data.get("number") for one in events] == [0, 1, None, 2]
    assert events[2].kind == event.RAISED


def test_where_the_queue_cannot_be_written_the_page_sends_from_memory(queue, tmp_path):
    sent = []
    one = Outbox(tmp_path, direct=sent.append)
    one.put(event.Event(event.TEST, {}))
    one._queue._base.execute("PRAGMA query_only=ON")
    fault = event.Event(event.RAISED, {"fault": "disk"})
    one.put(fault)
    assert sent == [fault] and len(queue.waiting("webhook")) == 1
    one.close()
