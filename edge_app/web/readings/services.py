"""What the pages and the API work with, held by the Flask app."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import abort, current_app

from edge_app.events.hub import Hub
from edge_app.screening.run_context import RunContext
from edge_app.web.http.settings import Settings
from edge_app.web.readings.batches import Batches
from edge_app.web.readings.inference_queue import InferenceQueue
from edge_app.web.readings.reading_store import Reading, ReadingStore
from edge_app.web.readings.trial import Trials

if TYPE_CHECKING:  # heavy: imported where there is a camera
    from edge_app.web.readings.fault_watch import FaultWatch
    from edge_app.web.readings.live_camera import LiveCamera


@dataclass(frozen=True)
class Services:
    """The services of one app; `app.extensions["services"]`.

    Attributes:
        settings: of the page.
        context: of uploaded files.
        inference_queue: judges uploaded files.
        reading_store: keeps readings.
        batches: of films that were sent at once.
        hub: queues events, and sends them.
        camera: of the live page; None without one.
        trials: the film to try and its readings.
        problems: sentences on settings of the page that could not hold at the start.
        watch: over faults of the device; None while the page starts.
    """

    settings: Settings
    context: RunContext
    inference_queue: InferenceQueue
    reading_store: ReadingStore
    batches: Batches
    hub: Hub
    camera: "LiveCamera | None" = None
    trials: Trials = field(default_factory=Trials)
    problems: tuple[str, ...] = ()
    watch: "FaultWatch | None" = None


def services() -> Services:
    """Return the services of the app that answers the request."""
    return current_app.extensions["services"]


def reading_or_404(id: str, trial: bool = False) -> Reading:
    """Return a reading, with `trial` also that of a film to try; answer 404 if there is none of that name."""
    return services().reading_store.get(id) or (trial and services().trials.get(id)) or abort(404)
