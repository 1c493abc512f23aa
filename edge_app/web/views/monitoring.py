"""For those who watch the service: does it live, can it read films, how much has it done (Prometheus)."""

from flask import Blueprint, Response, current_app

from edge_app.errors import StoreFault

watch = Blueprint("watch", __name__)


@watch.get("/health")
def health():
    """Say that the process answers."""
    return {"status": "ok"}


@watch.get("/ready")
def ready():
    """Say whether films can be read now: networks loaded, threads alive, store in order, room in the queue."""
    from edge_app.web.readings.inference_queue import MOST_WAITING

    services = current_app.extensions["services"]
    wrong = []
    try:
        services.reading_store.count()
    except StoreFault:
        wrong.append("the store cannot be read")
    if not services.reader.alive:
        wrong.append("its threads have ended")
    if services.reader.waiting >= MOST_WAITING:
        wrong.append("the queue is full")
    if wrong:
        headers = {"Retry-After": str(services.reader.retry_after())}
        return {"status": "not ready", "why": wrong}, 503, headers
    return {"status": "ready"}


@watch.get("/metrics")
def metrics():
    """Return counters and gauges as Prometheus reads them; no label of them says anything of a patient."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Figures(current_app.extensions["services"]))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Figures:
    """What is counted anyway, collected when it is asked for."""

    def __init__(self, services):
        self._services = services

    def collect(self):
        """Yield the families of figures."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        reader, reading_store = self._services.reader, self._services.reading_store
        films = CounterMetricFamily("covid_xray_films", "Films sent since the start, by outcome", labels=["outcome"])
        for outcome, count in reader.counts.items():
            films.add_metric([outcome], count)
        yield films
        yield GaugeMetricFamily("covid_xray_films_waiting", "Films that wait or are being judged", reader.waiting)
        kept = GaugeMetricFamily("covid_xray_readings", "Readings that are kept, by verdict", labels=["verdict"])
        for verdict, count in reading_store.verdicts().items():
            kept.add_metric([verdict or "none"], count)
        yield kept
        seconds = reader.median_seconds
        if seconds is not None:
            yield GaugeMetricFamily("covid_xray_film_seconds", "Median time of the newest films, waiting too", seconds)
        card = self._services.terms.card
        model = GaugeMetricFamily("covid_xray_model_info", "The model", labels=["name", "sha256"])
        model.add_metric([card.name, self._services.terms.sha256], 1)
        yield model
