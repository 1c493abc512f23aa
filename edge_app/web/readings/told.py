"""What the running page tells other systems, and what it tells them of: the hub of its events and the watch over it."""

from collections.abc import Mapping
from datetime import date

from edge_app.errors import StoreFault
from edge_app.events.hub import Hub
from edge_app.store import reading_tables
from edge_app.web.http.settings import Settings
from edge_app.web.readings import reading_query
from edge_app.web.readings.fault_watch import SOURCE, FaultWatch
from edge_app.web.readings.inference_queue import MOST_WAITING, InferenceQueue
from edge_app.web.readings.reading_store import Reading, ReadingStore
from edge_app.web.readings.services import Services


def hub(settings: Settings, inference_queue: InferenceQueue, reading_store: ReadingStore) -> Hub:
    """Return the hub of a page, which is told each reading that is kept from now on."""

    def patient(id: str) -> Mapping | None:
        """Return what may be told of a reading's patient; None once the reading was deleted."""
        reading = reading_store.get(id)
        return reading and {"label": reading.label, "file": reading.name, "sha256": reading.row["sha256"]}

    def figures() -> dict:
        """Return the figures of MQTT's state."""
        ready = inference_queue.alive and inference_queue.waiting < MOST_WAITING
        try:
            count = reading_store.count(since=reading_query.start_of(date.today()))
        except StoreFault:
            ready, count = False, None
        return {"films_today": count, "ready": "ON" if ready else "OFF"}

    made = Hub(settings.state_dir, patient, figures)

    def tell(reading: Reading) -> None:
        if made.film(reading.row, reading.source, reading.id):
            reading_store.untold.told(reading.id)

    reading_store.told, reading_store.tells = tell, lambda: made.is_used
    made.configure(settings.events)
    made.started(SOURCE)
    with reading_store.opened():
        untold = reading_store.untold.waiting(reading_tables.PAGE, reading_tables.API)
    for reading in untold:  # kept by a page that was killed before it told them
        tell(reading)
    return made


def fault_watch(services: Services) -> FaultWatch:
    """Begin to watch over a page."""
    camera = services.camera
    return FaultWatch(
        *(services.hub, services.settings, services.inference_queue, services.reading_store),
        camera_fault=(lambda: camera.trouble) if camera else str,
        problems=services.problems,
    )
