"""The fleet as a table for a terminal: a line a device, and beneath it what needs a person."""

from collections.abc import Sequence

from edge_app.fleet.condition import DAY, Condition, days_left
from edge_app.screening.phrasing import printable

HEAD = ("device", "state", "version", "model", "last reading", "7 days", "refused", "unsure", "suspected", "disk")
HEAD += ("heat", "certificate")
# Digits of a model's hash that tell two models apart at a glance.
DIGITS = 8


def lines(conditions: Sequence[Condition], now: float) -> list[str]:
    """Return the lines of the table, what needs a person, and a sum.

    Args:
        conditions: of the devices, in their order.
        now: seconds since 1970.
    """
    rows = [HEAD, *(_row(one, now) for one in conditions)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    made = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    made.append("")
    for one in conditions:
        name = printable(one.device.name)
        made += [f"{name}: {printable(words)}." for words in one.needs]
        made += [f"{name}: (note) {printable(words)}." for words in one.notes]
    count = sum(bool(one.needs) for one in conditions)
    of = f"{len(conditions)} device{'s' * (len(conditions) != 1)}"
    return [*made, f"{of}: {count} need{'s' * (count == 1)} a person." if count else f"{of}: none needs a person."]


def _row(one: Condition, now: float) -> tuple[str, ...]:
    there = one.figures
    name = printable(one.device.name)
    if there is None:
        return (name, "no answer", *[""] * (len(HEAD) - 2))
    shares = [there.recent.ratio(share) for share in ("refused", "unsure", "suspected")]
    disk = (
        f"{there.disk_free / 1e9:.1f} of {there.disk_size / 1e9:.0f} GB" if there.disk_free and there.disk_size else "-"
    )
    left = days_left(there, now)
    return (
        name,
        "look" if one.needs else "ok",
        printable(there.version) or "-",
        printable(f"{there.model} {there.model_sha256[:DIGITS]}"),
        "never" if there.last_reading is None else _ago(now - there.last_reading),
        str(there.recent.read),
        *("-" if share is None else f"{share:.0%}" for share in shares),
        disk,
        "-" if there.temperature is None else f"{there.temperature:.0f} C",
        "-" if left is None else f"{left} days",
    )


def _ago(seconds: float) -> str:
    for size, unit in ((DAY, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "now"
