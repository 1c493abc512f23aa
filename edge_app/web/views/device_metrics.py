"""Figures by which a person who looks after many devices sees which one needs them; docs/fleet.md lists all."""

import contextlib
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from edge_app import __version__
from edge_app.diagnostics import health
from edge_app.errors import StoreFault
from edge_app.versions import RUNTIMES, installed
from edge_app.web.http import settings as settings_
from edge_app.web.http import tls
from edge_app.web.readings.services import Services

if TYPE_CHECKING:  # imported where `/metrics` is asked for: it is not needed to start
    from prometheus_client.core import Metric

# Days of readings that are counted as recent: a week holds each day of it once, so that weekends do not look like a
# change.
RECENT_DAYS = 7


def families(services: Services) -> Iterator["Metric"]:
    """Yield the figures of the device: versions, newest readings, faults, room, heat, certificate, the card's word."""
    from prometheus_client.core import GaugeMetricFamily

    runtime = next((f"{name} {found}" for name in RUNTIMES if (found := installed(name))), "")
    build = GaugeMetricFamily("covid_xray_build_info", "The program and its runtime", labels=["version", "runtime"])
    build.add_metric([__version__, runtime], 1)
    yield build
    context = services.context
    site = context.card.site
    point = GaugeMetricFamily(
        "covid_xray_operating_point_info", "The rule for verdicts, and the site's calibration", labels=["rule", "site"]
    )
    point.add_metric([context.rule, site.name if site else ""], 1)
    yield point
    with contextlib.suppress(StoreFault):  # the faults tell it
        yield from _of_readings(services)
    if services.watch:
        faults = GaugeMetricFamily("covid_xray_fault", "1 while a fault of this kind lasts, else 0", labels=["name"])
        for name, words in services.watch.faults.items():
            faults.add_metric([name], bool(words))
        yield faults
    for name, help, value in _of_hardware(services):
        if value is not None:
            yield GaugeMetricFamily(name, help, value)
    yield from _expected(services)


def _of_readings(services: Services) -> Iterator["Metric"]:
    from prometheus_client.core import GaugeMetricFamily

    reading_store, now = services.reading_store, datetime.now(UTC)
    recent = GaugeMetricFamily(
        "covid_xray_recent_readings", f"Readings of the last {RECENT_DAYS} days, by verdict", labels=["verdict"]
    )
    for verdict, count in reading_store.by_verdict(since=now - timedelta(days=RECENT_DAYS)).items():
        recent.add_metric([verdict], count)
    yield recent
    for newest in reading_store.search(limit=1):
        name = "covid_xray_last_reading_timestamp_seconds"
        yield GaugeMetricFamily(name, "When the newest reading was made", newest.time.timestamp())


def _of_hardware(services: Services) -> Iterator[tuple[str, str, float | None]]:
    """Yield name, help and value of figures that a device may lack."""
    settings, free, size = services.settings, None, None
    try:
        usage = shutil.disk_usage(health.nearest(settings.store.parent))
        free, size = usage.free, usage.total
    except OSError:  # the faults tell it
        pass
    yield "covid_xray_disk_free_bytes", "Room left where results are kept", free
    yield "covid_xray_disk_size_bytes", "Size of the disk where results are kept", size
    memory = health.free_memory_mb()
    yield "covid_xray_memory_free_bytes", "Memory free for programs", None if memory is None else memory * 1e6
    yield "covid_xray_temperature_celsius", "The hottest sensor", health.degrees_celsius()
    expiry = tls.valid_until(settings.state_dir / settings_.CERTIFICATE) if settings.tls else None
    name = "covid_xray_certificate_expiry_timestamp_seconds"
    yield name, "When the page's certificate ends", expiry and expiry.timestamp()


def _expected(services: Services) -> Iterator["Metric"]:
    """Yield the share of unsure answers that the model's card, or the site's calibration, tells for COVID-19."""
    from prometheus_client.core import GaugeMetricFamily

    figure = services.context.points["covid"].shown.get("referred")
    if figure:
        expected = GaugeMetricFamily(
            "covid_xray_expected_unsure_ratio", "Share of unsure answers by the model's card", labels=["bound"]
        )
        for bound in ("low", "value", "high"):
            expected.add_metric([bound], figure[bound])
        yield expected
