"""`python -m edge_app.system`: installs units, rules and configuration in this system, and enables services.

`install.py --system` of an offline bundle calls it; the .deb does the same by its own scripts.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from edge_app.system import places

# These exist where systemd and udev run; relative to the root of the system.
RUNNING, UDEV = "run/systemd/system", "run/udev/control"
SERVICES = ("watch", "camera", "page", "dicom")


def main(arguments: list[str] | None = None) -> int:
    """Install everything; exit code 1 if a step fails on this system, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m edge_app.system", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--enable", nargs="*", choices=SERVICES, default=["watch"], help="services to start now and "
                        "at every power-on (default: watch)")  # fmt: skip
    args = parser.parse_args(arguments)
    if os.geteuid() != 0:
        print("system: only root can install services; run it with sudo.", file=sys.stderr)
        return 2
    if lacking := [name for name in ("systemctl", "systemd-sysusers", "systemd-tmpfiles") if not shutil.which(name)]:
        print(f"system: there is no {', '.join(lacking)}; a system with systemd is needed.", file=sys.stderr)
        return 1
    return install(args.enable)


def install(enable: list[str], root: Path = Path("/")) -> int:
    """Put the files into the system below `root` and run the steps; exit code 1 if one of them fails."""
    for path in places.put(root):
        print(path)
    try:
        for words in steps(enable, (root / RUNNING).is_dir(), (root / UDEV).exists()):
            subprocess.run(words, check=True)
    except subprocess.CalledProcessError as error:
        failed = f"system: '{' '.join(error.cmd)}' failed with exit code {error.returncode}"
        print(f"{failed}; fix what it reported, and run this again.", file=sys.stderr)
        return 1
    return 0


def steps(enable: list[str], running: bool, udev: bool) -> list[list[str]]:
    """Return the commands that make user, folders and services.

    Args:
        enable: the services to enable, out of `SERVICES`.
        running: whether systemd runs; if not, no service is started.
        udev: whether udev runs beside it and has to read its rules again.
    """
    found = [
        ["systemd-sysusers", f"/{places.PLACES['sysusers.conf']}"],
        ["systemd-tmpfiles", "--create", f"/{places.PLACES['tmpfiles.conf']}"],
    ]
    names = [*(f"covid-xray-{name}.service" for name in enable), "covid-xray-model.path"]
    if running:
        found.append(["systemctl", "daemon-reload"])
        if udev:
            found += [["udevadm", "control", "--reload"], ["udevadm", "trigger", "--subsystem-match=video4linux"]]
        found.append(["systemctl", "enable", *names])
        found.append(["systemctl", "restart", *names])
    else:
        found.append(["systemctl", "enable", *names])
    return found


if __name__ == "__main__":
    sys.exit(main())
