"""Monitoring: whether the process answers, whether it can read films now, and its figures for Prometheus."""

import contextlib

from flask import Blueprint, Response

from edge_app.errors import StoreFault
from edge_app.web.readings.inference_queue import MOST_WAITING
from edge_app.web.readings.services import Services, services
from edge_app.web.views import device_metrics

monitoring = Blueprint("monitoring", __name__)


@monitoring.get("/health")
def health() -> dict:
    """Answer that the process runs."""
    return {"status": "ok"}


@monitoring.get("/ready")
def ready():
    """Answer whether films can be read now: threads alive, store readable, room in the queue."""
    queue, wrong = services().inference_queue, []
    try:
        services().reading_store.count()
    except StoreFault:
        wrong.append("the store cannot be read")
    if not queue.alive:
        wrong.append("its threads have ended")
    if queue.waiting >= MOST_WAITING:
        wrong.append("the queue is full")
    if wrong:
        headers = {"Retry-After": str(queue.retry_after())}
        return {"status": "not ready", "why": wrong}, 503, headers
    return {"status": "ready"}


@monitoring.get("/metrics")
def metrics():
    """Return counters and gauges in Prometheus's format; none of their labels is of a patient."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Figures(services()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Figures:
    """Collects the figures at each request."""

    def __init__(self, services: Services):
        self._services = services

    def collect(self):
        """Yield the metric families."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        queue, reading_store = self._services.inference_queue, self._services.reading_store
        films = CounterMetricFamily("covid_xray_films", "Films sent since the start, by outcome", labels=["outcome"])
        for outcome, count in queue.counts.items():
            films.add_metric([outcome], count)
        yield films
        yield GaugeMetricFamily("covid_xray_films_waiting", "Films that wait or are being judged", queue.waiting)
        kept = GaugeMetricFamily("covid_xray_readings", "Readings that are kept, by verdict", labels=["verdict"])
        with contextlib.suppress(StoreFault):  # whoever looks after the device needs the other figures then
            for verdict, count in reading_store.verdicts().items():
                kept.add_metric([verdict or "none"], count)
        yield kept
        seconds = queue.pace.median_seconds
        if seconds is not None:
            yield GaugeMetricFamily("covid_xray_film_seconds", "Median time of the newest films, waiting too", seconds)
        yield from _of_events(self._services)
        card = self._services.context.card
        model = GaugeMetricFamily("covid_xray_model_info", "The model", labels=["name", "sha256"])
        model.add_metric([card.name, self._services.context.sha256], 1)
        yield model
        yield from device_metrics.families(self._services)


def _of_events(services: Services):
    """Yield the figures of events, by sink that is used."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    events = CounterMetricFamily("covid_xray_events", "Events delivered, and given up", labels=["sink", "outcome"])
    queued = GaugeMetricFamily("covid_xray_events_queued", "Events that wait to be delivered", labels=["sink"])
    for name, state in services.hub.states().items():
        events.add_metric([name, "delivered"], state.line.delivered)
        events.add_metric([name, "dropped"], state.line.dropped)
        queued.add_metric([name], state.line.waiting)
    yield from (events, queued)
