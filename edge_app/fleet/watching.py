"""Watches devices that have just got another model or program, by what their pages tell."""

import time
from collections.abc import Callable, Mapping, Sequence

from edge_app.fleet import drift
from edge_app.fleet.figures import Figures, NoFigures
from edge_app.fleet.inventory import Device

# Seconds between two looks, as Prometheus has it by default in Debian.
GLANCE = 15
# Seconds more that a page has to be there again with what is new: a Pi Zero's takes a minute to start under load.
RESTART = 120

Look = Callable[[Sequence[Device]], Mapping[str, Figures | NoFigures]]


def watch(
    devices: Sequence[Device],
    before: Mapping[str, Figures],
    is_new: Callable[[Device, Figures], bool],
    seconds: float,
    look: Look,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> dict[str, str]:
    """Watch devices for some time; return by name what is wrong with those that do not fare well.

    It ends early if a device has a fault that it had not before. At the end each must answer, with what is new.

    Args:
        devices: those of `before`.
        before: what each told before the change.
        is_new: whether a device's figures are those of what is new.
        seconds: to watch.
        look: asks devices.
        clock, sleep: of the time, in seconds.
    """
    end = clock() + seconds
    while devices:
        said = look(devices)
        faulty = {one.name: words for one in devices if (words := _fault(before[one.name], said[one.name]))}
        wrong = {one.name: words for one in devices if (words := _wrong(one, before[one.name], said[one.name], is_new))}
        left = end - clock()
        if faulty or (left <= 0 and (not wrong or left <= -RESTART)):
            return faulty or wrong
        sleep(min(GLANCE, max(1, left)))
    return {}


def _fault(before: Figures, one: Figures | NoFigures) -> str:
    new = [] if isinstance(one, NoFigures) else [name for name in one.faults if name not in before.faults]
    return f"a fault that it had not before: {', '.join(new)}" if new else ""


def _wrong(device: Device, before: Figures, one: Figures | NoFigures, is_new: Callable[[Device, Figures], bool]) -> str:
    if isinstance(one, NoFigures):
        return f"its page answered before and does not now: {one}"
    if not is_new(device, one):
        return f"its page still uses {one.model} {one.model_sha256[:12]} of {one.version}; restart its services"
    since = one.kept - before.kept
    if drift.differs(since.refused, since.read, before.kept.refused, before.kept.read, drift.ALARM):
        return f"it refused {since.refused} of the {since.read} films since, {before.kept.ratio('refused'):.0%} before"
    return ""
