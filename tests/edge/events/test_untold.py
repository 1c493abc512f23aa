"""A power cut between a result and its event loses no event: the service tells it at its next start, once."""

from pathlib import Path

import pytest

from edge_app.events import event
from edge_app.events.config import EventsConfig, WebhookConfig
from edge_app.events.event_queue import EventQueue
from edge_app.events.run_sink import EventSink
from edge_app.events.webhook import new_secret
from edge_app.model import model_file
from edge_app.screening import run_context
from edge_app.store.kept_readings import KeptReadings
from edge_app.store.store import Store
from edge_app.web.http.settings import Settings
from edge_app.web.readings import told
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.readings.reading_store import ReadingStore
from tests.support import results
from tests.support.receiver import Receiver

A, B = "aa" * 32, "bb" * 32


@pytest.fixture
def context(model_path):
    return run_context.of(model_file.read(model_path), "refer")


@pytest.fixture
def queue(tmp_path):
    """Return the queue of a page whose settings send events."""
    made = EventQueue(tmp_path)
    made.use(["webhook"])
    yield made
    made.close()


@pytest.fixture
def run(tmp_path, context):
    """Return a function that opens the sinks of a folder's run, (store, events), as after a power cut."""
    opened = []

    def start(tells: bool = True) -> tuple[KeptReadings, EventSink]:
        store = Store(tmp_path / "s")
        store.begin(context, replace=True)
        kept = KeptReadings(store, context, "folder", tells=tells)
        opened.extend((kept, EventSink(tmp_path, "folder", lambda: kept.last, kept.untold(), kept.told)))
        return opened[-2], opened[-1]

    yield start
    for sink in opened:
        sink.close()


def judged(queue: EventQueue) -> list[event.Event]:
    return [one for one in queue.waiting("webhook") if one.kind == event.JUDGED]


def deliver(queue: EventQueue) -> None:
    for one in queue.waiting("webhook"):
        queue.done("webhook", one.number)


def test_a_run_that_lost_its_power_before_an_event_tells_it_at_its_next_start(run, queue):
    kept, _ = run()
    kept.add(results.judged(Path("film"), A))
    assert judged(queue) == []
    kept, _ = run()
    (told_,) = judged(queue)
    assert told_.data["reading"] and told_.data["verdict"] == "covid suspected"
    run()  # its power went before the next film: the same event, which waits already
    assert judged(queue) == [told_]


def test_the_next_film_settles_what_was_told(run, queue):
    kept, events = run()
    for sha256 in (A, B):
        result = results.judged(Path(sha256[:2]), sha256)
        kept.add(result)
        events.add(result)
    first, second = judged(queue)
    deliver(queue)
    run()
    assert [one.id for one in judged(queue)] == [second.id] and first.id != second.id  # once more, under the same id


def test_a_run_that_ended_well_tells_nothing_again(run, queue):
    kept, events = run()
    result = results.judged(Path("film"), A)
    kept.add(result)
    events.add(result)
    kept.close()
    deliver(queue)
    run()
    assert judged(queue) == []


def test_without_events_nothing_is_noted(run, queue):
    kept, _ = run(tells=False)
    kept.add(results.judged(Path("film"), A))
    assert run()[0].untold() == []


def test_a_page_that_was_killed_before_an_event_tells_it_at_its_next_start(tmp_path, context, model_path):
    receiver = Receiver(503)
    events = EventsConfig(WebhookConfig(receiver.url, new_secret()))
    settings = Settings(tmp_path, model=model_path, events=events)

    def page() -> tuple[ReadingStore, object]:
        readings = ReadingStore(tmp_path / "s", context, 30)
        return readings, told.hub(settings, InferenceQueue(settings), readings)

    readings, hub = page()
    readings.told = lambda reading: None  # the power goes here
    reading = readings.keep(results.judged("", A), context)
    hub.close()
    readings.close()
    readings, hub = page()
    found = EventQueue(tmp_path)
    (event_,) = judged(found)
    assert event_.data["reading"] == f"/readings/{reading.id}"
    found.close()
    hub.close()
    readings.close()
    receiver.close()
