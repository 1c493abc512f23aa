"""How a device fares by its figures: what needs a person, and what is only worth knowing."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_app.diagnostics import health
from edge_app.fleet import drift
from edge_app.fleet.drift import Drift
from edge_app.fleet.figures import Figures, NoFigures
from edge_app.fleet.inventory import Device

DAY = 86400
# Days before its end at which a page makes a new certificate at its next start (edge_app/web/http/tls.py).
CERTIFICATE_DAYS = 30
# Share of a disk that is left: a card of 8 GB has 400 MB then, enough for SQLite until somebody comes.
LEAST_DISK = 0.05
# Days without a reading after which somebody should ask whether films still arrive.
IDLE_DAYS = 7


@dataclass(frozen=True)
class Condition:
    """How a device fares.

    Attributes:
        device: of the inventory.
        figures: None if there are none.
        needs: sentences, each of which needs a person.
        notes: sentences that are worth knowing.
        drifts: shares that differ.
    """

    device: Device
    figures: Figures | None
    needs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    drifts: tuple[Drift, ...] = ()

    def row(self, now: float) -> dict:
        """Return it as JSON: see docs/fleet.md."""
        one = self.figures
        row = {"device": self.device.name, "labels": dict(self.device.labels), "reachable": one is not None}
        row |= {"needs_a_person": list(self.needs), "notes": list(self.notes)}
        if one is None:
            return row
        return row | {
            "version": one.version or None,
            "runtime": one.runtime or None,
            "model": {"name": one.model, "sha256": one.model_sha256},
            "operating_point": one.rule or None,
            "site": one.site or None,
            "last_reading": _iso(one.last_reading),
            "faults": list(one.faults),
            "recent_readings": one.recent.read,
            "ratios": {share: one.recent.ratio(share) for share in ("refused", "unsure", "suspected")},
            "drift": [found._asdict() for found in self.drifts],
            "films_waiting": one.waiting,
            "film_seconds": one.film_seconds,
            "disk_free_bytes": one.disk_free,
            "disk_size_bytes": one.disk_size,
            "temperature_celsius": one.temperature,
            "certificate_days": days_left(one, now),
        }


def of_fleet(
    devices: Sequence[Device],
    said: Mapping[str, Figures | NoFigures],
    idle_days: float = IDLE_DAYS,
    now: float | None = None,
) -> list[Condition]:
    """Return how each device fares, in the order of the inventory.

    Args:
        devices: of the inventory.
        said: what each told, by name.
        idle_days: days without a reading that need a person; 0 for never.
        now: seconds since 1970; None: now.
    """
    now = time.time() if now is None else now
    reached = {name: one for name, one in said.items() if isinstance(one, Figures)}
    drifts = drift.found(reached)
    models = [one.model_sha256 for one in reached.values()]
    usual = max(set(models), key=models.count, default="")
    conditions = []
    for device in devices:
        one = said[device.name]
        if isinstance(one, NoFigures):
            conditions.append(Condition(device, None, needs=(str(one),)))
            continue
        there = tuple(drifts[device.name])
        needs = (*_needs(one, idle_days, now), *map(_differs, there))
        conditions.append(Condition(device, one, needs, tuple(_notes(one, usual)), there))
    return conditions


def days_left(one: Figures, now: float) -> int | None:
    """Return the whole days until a page's certificate ends; None without one."""
    return None if one.certificate_expiry is None else int((one.certificate_expiry - now) // DAY)


def _needs(one: Figures, idle_days: float, now: float) -> list[str]:
    found = [f"a fault lasts: {name}; 'covid-xray doctor' there tells more" for name in one.faults]
    least = max(health.LEAST_DISK_MB * 1e6, LEAST_DISK * (one.disk_size or 0))
    if one.disk_free is not None and one.disk_free < least:
        found.append(f"{one.disk_free / 1e6:,.0f} MB are left on its disk; make room, or keep readings for less time")
    if one.temperature is not None and one.temperature >= health.HOT:
        found.append(f"{one.temperature:.0f} degrees Celsius: it is slowed from {health.HOT} on; cool it")
    left = days_left(one, now)
    if left is not None and left < CERTIFICATE_DAYS:
        found.append(f"its certificate ends in {left} days; restart its page, which makes a new one, and pin that")
    if idle_days and one.last_reading is not None and now - one.last_reading > idle_days * DAY:
        idle = int((now - one.last_reading) // DAY)
        found.append(f"no reading for {idle} days; see whether films still arrive")
    return found


def _notes(one: Figures, usual: str) -> list[str]:
    found = [] if one.model_sha256 == usual else ["another model than most of the fleet"]
    if not one.version:
        found.append("its page is older and tells neither faults nor room; update it")
    return found


def _differs(one: Drift) -> str:
    than = "in the median of the fleet" if one.by == "fleet" else "at most by its model's card"
    if one.by == "card" and one.here < one.expected:
        than = "at least by its model's card"
    return f"drift: {one.share} {one.here:.0%} of its readings, {one.expected:.0%} {than}; look at its films"


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
