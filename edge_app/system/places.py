"""Where each file of this package goes in a system: for the .deb, and for an installation without one."""

import shutil
from pathlib import Path

HERE = Path(__file__).parent
PREFIX = Path("/opt/covid-xray")
COMMAND = "usr/bin/covid-xray"
CONFIG = "etc/covid-xray/covid-xray.conf"
# By file here: its place, relative to the root of the system.
PLACES = {
    "covid-xray.sh": COMMAND,
    "covid-xray.conf": CONFIG,
    "60-covid-xray.rules": "usr/lib/udev/rules.d/60-covid-xray.rules",
    "sysusers.conf": "usr/lib/sysusers.d/covid-xray.conf",
    "tmpfiles.conf": "usr/lib/tmpfiles.d/covid-xray.conf",
}
UNITS = "usr/lib/systemd/system"


def units() -> list[Path]:
    """Return the files of the units."""
    return sorted((HERE / "units").iterdir())


def put(root: Path) -> list[Path]:
    """Copy every file into a system; a configuration that is there already stays.

    Args:
        root: of the system: `/`, or the folder that a package is made of.

    Returns:
        The files that were written, with the root.
    """
    places = {HERE / name: place for name, place in PLACES.items()}
    places |= {unit: f"{UNITS}/{unit.name}" for unit in units()}
    written = []
    for source, place in places.items():
        target = root / place
        if place == CONFIG and target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if place == COMMAND else 0o644)
        written.append(target)
    return written
