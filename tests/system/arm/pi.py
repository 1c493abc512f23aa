"""An emulated Pi: a Debian root of its processor, in which a bundle is installed."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from edge_app import __version__

ROOT = Path(__file__).parents[3]
ENTER = ROOT / "tests/system/arm/enter.sh"
PREFIX = "/opt/covid-xray"
# Pi OS by its Python; the environment of this desk that has the same runtime there.
SYSTEMS = {"3.11": ".venv-edge", "3.13": ".venv"}


class Pi:
    """An emulated root into which a bundle was installed."""

    def __init__(self, python: str):
        self.python = python
        self.root = ROOT / f"build/arm/bare-aarch64-{python}"
        self.desk = ROOT / SYSTEMS[python] / "bin/python"

    def run(self, *words, code: int | None = 0, **environment) -> subprocess.CompletedProcess:
        """Run a program there; fail unless it ends with `code` (None: any)."""
        line = [str(ENTER), str(self.root), "env", *(f"{key}={value}" for key, value in environment.items())]
        done = subprocess.run([*line, *map(str, words)], capture_output=True, text=True, check=False, timeout=7200)
        assert code is None or done.returncode == code, (words, done.stdout[-3000:], done.stderr[-3000:])
        return done

    def app(self, *words, code: int | None = 0, **environment) -> subprocess.CompletedProcess:
        """Run the installed program there."""
        return self.run(f"{PREFIX}/current/bin/covid-xray", *words, code=code, **environment)


def installed(python: str) -> Pi:
    """Make the root anew, and install the bundle by its own script, without any network."""
    one = Pi(python)
    archive = ROOT / f"build/covid-xray-edge-{__version__}-aarch64-py{one.python}.tar.gz"
    if os.geteuid() != 0 or not archive.is_file():
        pytest.skip(f"needs root, and {archive.name} of: make bundle ARCH=aarch64 PYTHON={one.python}")
    subprocess.run([ROOT / "tests/system/arm/root.sh", "aarch64", one.python], cwd=ROOT, check=True)
    for folder in ("opt", "work", "var/lib/covid-xray", "etc/covid-xray"):
        shutil.rmtree(one.root / folder, ignore_errors=True)
        (one.root / folder).mkdir(parents=True)
    with tarfile.open(archive) as packed:
        packed.extractall(one.root / "work", filter="data")
    (unpacked,) = (one.root / "work").iterdir()
    one.run("python3", f"/work/{unpacked.name}/install.py", "--prefix", f"{PREFIX}/releases/first")
    (one.root / "opt/covid-xray/current").symlink_to("releases/first")
    return one
