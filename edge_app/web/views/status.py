"""The status page: checks of this device, its throughput, and its model."""

import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from flask import Blueprint, current_app, redirect, render_template, url_for

from edge_app.diagnostics import health, store_health
from edge_app.imaging import dicom
from edge_app.web.http.settings import Settings
from edge_app.web.readings.reading_store import ReadingStore
from edge_app.web.readings.services import services
from edge_app.web.text import heat_view, labels

status = Blueprint("status", __name__)

# Newest readings whose time is shown: they tell how fast the device is now.
NEWEST = 50


@status.get("/status")
def show() -> str:
    """Show checks, throughput and the model's card."""
    kept = services()
    card = kept.context.card
    tested = current_app.extensions.get("self-test")
    return render_template(
        "status.html",
        checks=[_named(check) for check in _device(kept.settings)],
        tested=tested,
        speed=_speed(kept.reading_store),
        takes_photographs=kept.inference_queue.takes_photographs,
        waiting=kept.inference_queue.waiting,
        turned_away=kept.inference_queue.counts["busy"],
        card=card,
        localisation=heat_view.localisation(card.localisation) if card.localisation else "",
        context=kept.context,
        settings=kept.settings,
    )


@status.post("/status/test")
def test():
    """Run the self-test: the golden film is judged and a film timed; it takes a second or two."""
    from edge_app.diagnostics import self_test, site_health

    settings = services().settings
    found = [*self_test.checks(settings.model, settings.threads), site_health.check(settings.model, settings.site)]
    checks = [_named(check) for check in found]
    current_app.extensions["self-test"] = {"time": datetime.now(UTC), "checks": checks}
    return redirect(url_for("status.show") + "#self-test", 303)


def _device(settings: Settings) -> Iterator[health.HealthCheck]:
    yield from health.device(settings.state_dir)
    if health.installed("pydicom"):
        yield health.decoders(dicom.compressions())
    yield store_health.check(settings.store)


def _named(check: health.HealthCheck) -> dict:
    name, advice = labels.DOCTOR.get(check.name, (check.name, ""))
    return {
        "name": name,
        "advice": "" if check.state == health.OK else advice,
        "state": check.state,
        "state_name": labels.STATES[check.state],
        "words": check.words,
    }


def _speed(reading_store: ReadingStore) -> dict:
    """Return how many films were judged in all and in the last day, and the milliseconds that the newest took."""
    times = [reading.row["ms"] for reading in reading_store.search(limit=NEWEST) if reading.row["ms"]]
    return {
        "all": reading_store.count(),
        "day": reading_store.count(since=datetime.now(UTC) - timedelta(days=1)),
        "ms": statistics.median(times) if times else None,
        "slowest": max(times) if times else None,
    }
