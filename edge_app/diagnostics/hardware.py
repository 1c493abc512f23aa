"""Checks of the device: its operating system, the wear of its disk, its clock, its cameras."""

import os
import platform
import struct
import time
from pathlib import Path

from edge_app import atomic_io
from edge_app.diagnostics.health import FAULT, LEAST_YEAR, MOST_YEAR, OK, WARNING, HealthCheck, nearest
from edge_app.install import updater

# Values of eMMC 5.1's PRE_EOL_INFO (JESD84-B51, 7.4.31): 80 % and 90 % of the spare blocks are used.
SPARE_WARNING, SPARE_URGENT = 2, 3
# DEVICE_LIFE_TIME_EST (7.4.29) counts tenths of the life used: 9 is 80 to 90 %, 11 more than all of it.
LIFE_WARNING = 9
# systemd-timesyncd touches the first once a server has told the time (systemd-timesyncd.service(8)); the others exist
# while chrony or ntpd run.
TOLD = ("run/systemd/timesync/synchronized", "run/chrony/chronyd.pid", "run/ntpd.pid")


def system(
    root: Path = Path("/"), machine: str = platform.machine(), bits: int = struct.calcsize("P") * 8
) -> HealthCheck:
    """Check the operating system and its word size; `root` is the folder of its files."""
    lines = _text(root / "etc/os-release").splitlines()
    named = {name: value for name, sign, value in (line.partition("=") for line in lines) if sign}
    name = named.get("PRETTY_NAME", platform.system()).strip('"')
    board = _text(root / "proc/device-tree/model").rstrip("\0\n")
    words = ", ".join(filter(None, (board, name, f"{bits} bits", machine)))
    if bits == 32 and machine in ("aarch64", "x86_64"):
        return HealthCheck(
            "system", WARNING, f"{words}: 32-bit programs on a 64-bit processor are slower; use the 64-bit OS"
        )
    return HealthCheck("system", OK, words)


def storage(folder: Path, root: Path = Path("/")) -> HealthCheck:
    """Check the disk of a folder for errors and wear, by ext4's error counts and the card's own registers."""
    folder, mounted = nearest(folder), ("", "", "")
    for line in _text(root / "proc/self/mounts").splitlines():
        device, place, _, options = line.split()[:4]
        place = place.replace("\\040", " ")  # a space in a name (getmntent(3))
        if folder.is_relative_to(place) and len(place) >= len(mounted[1]):
            mounted = (device, place, options)
    device, place, options = mounted
    errors = {file.parent.name: int(_text(file) or 0) for file in sorted((root / "sys/fs/ext4").glob("*/errors_count"))}
    broken = {name: count for name, count in errors.items() if count}
    if "ro" in options.split(","):
        words = f"{place} may only be read: after errors the kernel forbids writing. Keep a copy, and replace the card"
        return HealthCheck("card", FAULT, f"{words}, or name a store elsewhere if that is meant to be")
    if broken:
        counted = ", ".join(f"{count} on {name}" for name, count in broken.items())
        return HealthCheck("card", FAULT, f"errors of the file system ({counted}): keep a copy and replace the card")
    worn = [found for path in sorted((root / "sys/block").glob("mmcblk*")) if (found := _wear(path))]
    if any(state == FAULT for state, _ in worn):
        return HealthCheck("card", FAULT, f"{'; '.join(words for _, words in worn)}: keep a copy and replace it now")
    if worn:
        return HealthCheck("card", WARNING, f"{'; '.join(words for _, words in worn)}: replace it soon")
    return HealthCheck("card", OK, f"{device or 'the disk'} may be written, and no errors or wear are told")


def _wear(disk: Path) -> tuple[str, str] | None:
    """Return (state, words) on an eMMC or SD card that reports much wear, else None; most SD cards report nothing."""
    spare = _number(_text(disk / "device/pre_eol_info"))
    life = max([_number(word) for word in _text(disk / "device/life_time").split()], default=0)
    if spare >= SPARE_URGENT or life > 10:
        return FAULT, f"{disk.name} is worn out"
    if spare >= SPARE_WARNING or life >= LIFE_WARNING:
        return WARNING, f"{disk.name} is nearly worn out"
    return None


def clock(now: float, root: Path = Path("/")) -> HealthCheck:
    """Check that the time, in seconds since 1970, is possible, and that something keeps it right."""
    words = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    if time.gmtime(now).tm_year < LEAST_YEAR:
        return HealthCheck(
            "clock", FAULT, f"{words} is long past: results would bear a wrong time; set it, or wait for NTP"
        )
    if time.gmtime(now).tm_year >= MOST_YEAR:
        return HealthCheck(
            "clock", FAULT, f"{words} is far ahead: results would bear a wrong time, and none is deleted; set it"
        )
    if any((root / file).exists() for file in TOLD):
        return HealthCheck("clock", OK, f"{words}, told by a time server")
    if any((root / "sys/class/rtc").glob("rtc*")):
        return HealthCheck("clock", OK, f"{words}, kept by a clock with a battery or set by hand")
    what = "nothing keeps it while the power is off; add a clock module (RTC), or set it after each start with 'date'"
    return HealthCheck("clock", WARNING, f"{words}: {what}")


def cameras() -> HealthCheck:
    """Check that each camera can be opened; a device without one is fine, since films come as files."""
    from edge_app.camera.capture import devices

    found = devices.found()
    bad = [f"{one.name}: {one.problem}" for one in found if one.problem is not None]
    good = [f"{one.name} ({one.model})" for one in found if one.problem is None]
    if bad:
        return HealthCheck("camera", WARNING, f"{'; '.join([*good, *bad])}; 'cameras' tells more")
    return HealthCheck("camera", OK, ", ".join(good) or "there is none; films are judged from files")


def update_state(prefix: Path) -> HealthCheck:
    """Check that no update of the program in `prefix` was cut short; such an update leaves unpacked files behind."""
    if (prefix / updater.UNPACKED).exists():
        try:
            with atomic_io.alone(prefix):
                pass
        except BlockingIOError:
            return HealthCheck("updates", OK, "an update is being installed")
        return HealthCheck(
            "updates", WARNING, f"an update in {prefix} was cut short; the old program is in use; do it again"
        )
    return HealthCheck("updates", OK, "none was cut short")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(text: str) -> int:
    try:
        return int(text.strip() or "0", 16)
    except ValueError:
        return 0


def cores() -> int:
    """Return how many cores this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
