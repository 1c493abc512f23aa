"""Checks of what must be right on a device before films are judged on it; nothing here judges a film."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge_app.versions import installed

OK, WARNING, FAULT = "ok", "warning", "fault"
# A run of the released model holds about 200 MB in all its processes; the largest film allowed takes 1,000 more.
LEAST_MEMORY_MB = 300
# A row takes about 2 kB: the first holds some 100,000 films; with less than the second SQLite can make no journal.
LEAST_DISK_MB, NO_DISK_MB = 200, 5
# The Pi's firmware slows the processor from 80 degrees Celsius on (Raspberry Pi documentation, "Frequency management").
HOT = 80
# Bits of `vcgencmd get_throttled`: now, and (16 bits higher) since the start of the device.
THROTTLED = {0: "too little voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
# This program did not exist before; a Pi without a battery starts in the past until it reaches a time server.
LEAST_YEAR = 2026
# A program of this age is not used any more; a clock that says so is wrong.
MOST_YEAR = LEAST_YEAR + 15
PACKAGES = ("numpy", "opencv-python-headless", "pillow", "pydicom", "tqdm")


class HealthCheck(NamedTuple):
    """One line of the doctor: what was checked, its state (`OK`, `WARNING`, `FAULT`), what was found, what to do."""

    name: str
    state: str
    words: str


def device(folder: Path) -> Iterator[HealthCheck]:
    """Check Python, packages, memory, temperature, and the disk of `folder`, which need not exist yet."""
    yield HealthCheck("Python", OK, f"{platform.python_version()} on {platform.machine()}, {platform.system()}")
    yield packages()
    yield memory()
    yield disk(folder)
    yield temperature()


def packages() -> HealthCheck:
    """Check that the packages that read films are installed, in the versions this release was tested with."""
    found = {name: installed(name) for name in PACKAGES}
    words = ", ".join(f"{name} {version or 'missing'}" for name, version in found.items())
    missing = [name for name, version in found.items() if version is None]
    if missing:
        needed = " ".join(missing)
        without = "DICOM films cannot be read" if missing == ["pydicom"] else "not every film can be read"
        return HealthCheck("packages", WARNING, f"{words}: {without}; run 'pip install {needed}'")
    other = [f"{name} {pin}" for name, pin in pins().items() if name in found and found[name] not in pin.split(" or ")]
    if other:
        return HealthCheck("packages", WARNING, f"{words}; this release was tested with {', '.join(other)}")
    return HealthCheck("packages", OK, words)


def pins() -> dict[str, str]:
    """Return the versions that edge_app/requirements.txt pins, by package; alternatives are joined by ' or '."""
    found: dict[str, str] = {}
    for line in (Path(__file__).parents[1] / "requirements.txt").read_text(encoding="utf-8").splitlines():
        name, mark, version = line.split(";")[0].strip().partition("==")
        if mark:
            found[name] = f"{found[name]} or {version}" if name in found else version
    return found


def decoders(available: dict[str, bool]) -> HealthCheck:
    """Check which DICOM compressions can be decoded here; `available` is that of `dicom.compressions`."""
    lacking = [name for name, ready in available.items() if not ready]
    if lacking:
        words = f"no film in {', '.join(lacking)} can be read: 'pip install imagecodecs simplejpeg'"
        return HealthCheck("DICOM", WARNING, words)
    return HealthCheck("DICOM", OK, f"all {len(available)} compressions of radiographs are decoded")


def memory(file: Path = Path("/proc/meminfo")) -> HealthCheck:
    """Check how much memory is free."""
    free = free_memory_mb(file)
    if free is None:
        return HealthCheck("memory", OK, "this system does not tell how much is free")
    if free < LEAST_MEMORY_MB:
        return HealthCheck("memory", WARNING, f"{free:.0f} MB free, {LEAST_MEMORY_MB} are needed; end other programs")
    return HealthCheck("memory", OK, f"{free:.0f} MB free")


def free_memory_mb(file: Path = Path("/proc/meminfo")) -> float | None:
    """Return how many megabytes of memory are free for programs; None where the system does not tell."""
    try:
        fields = dict(line.split(":", 1) for line in file.read_text().splitlines())
        return int(fields["MemAvailable"].split()[0]) / 1000
    except (OSError, KeyError, ValueError, IndexError):
        return None


def disk(folder: Path) -> HealthCheck:
    """Check how much room is left where results are kept."""
    try:
        free = shutil.disk_usage(nearest(folder)).free / 1e6
    except OSError as error:
        return HealthCheck("disk", FAULT, f"{folder} cannot be looked at ({error.strerror}); check the disk")
    words = f"{free:,.0f} MB free at {folder}"
    if free < NO_DISK_MB:
        return HealthCheck("disk", FAULT, f"{words}: no result can be kept; make room, or 'results forget' old ones")
    if free < LEAST_DISK_MB:
        return HealthCheck("disk", WARNING, f"{words}; make room soon, or 'results forget' old ones")
    return HealthCheck("disk", OK, words)


def temperature(zones: Path = Path("/sys/class/thermal")) -> HealthCheck:
    """Check how hot the processor is, and whether the device has slowed it down."""
    degrees = degrees_celsius(zones)
    words = "no sensor tells it" if degrees is None else f"{degrees:.0f} degrees Celsius"
    slowed = throttled(_firmware())
    if slowed:
        return HealthCheck("temperature", WARNING, f"{words}; {slowed}: cool it, or use a stronger power supply")
    if degrees is not None and degrees >= HOT:
        return HealthCheck("temperature", WARNING, f"{words}: the processor is slowed from {HOT} on; cool it")
    return HealthCheck("temperature", OK, words)


def degrees_celsius(zones: Path = Path("/sys/class/thermal")) -> float | None:
    """Return the temperature of the hottest sensor; None where none tells it."""
    degrees = []
    for file in sorted(zones.glob("thermal_zone*/temp")):
        try:
            degrees.append(int(file.read_text()) / 1000)
        except (OSError, ValueError):  # a sensor that is switched off
            continue
    return max(degrees, default=None)


def throttled(answer: str) -> str:
    """Put the answer of a Pi's firmware, such as `throttled=0x50005`, into words; empty if all is well."""
    try:
        bits = int(answer.strip().rpartition("=")[2], 16)
    except ValueError:
        return ""
    now = [words for bit, words in THROTTLED.items() if bits >> bit & 1]
    before = [words for bit, words in THROTTLED.items() if bits >> (bit + 16) & 1]
    if now:
        return f"now {', '.join(now)}"
    return f"since it was switched on: {', '.join(before)}" if before else ""


def nearest(folder: Path) -> Path:
    """Return the folder, or if it does not exist, the nearest one above it that does."""
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 (Path.absolute keeps '..')
    return next((place for place in (folder, *folder.parents) if place.is_dir()), folder)


def _firmware() -> str:
    """Return the answer of a Pi's firmware; empty on any other device."""
    program = shutil.which("vcgencmd")
    if not program:
        return ""
    try:
        asked = subprocess.run([program, "get_throttled"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout
