"""The wheels of the light side for another computer: for its processor and its Python, never for this desk's."""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from edge_app import __version__
from edge_app.errors import EdgeError, WrongUsage

REQUIREMENTS = Path(__file__).parents[2] / "edge_app" / "requirements.txt"
# By Python version, glibc's version in the Debian and Raspberry Pi OS that come with it: Bookworm, Trixie.
GLIBC = {"3.11": 36, "3.13": 41}
SYSTEMS = {"3.11": "bookworm", "3.13": "trixie"}
# Debian's name of each processor, by the name of `uname -m`. Nobody publishes all wheels for armv7l; `fetch` says which
# are missing.
DEBIAN = {"aarch64": "arm64", "x86_64": "amd64", "armv7l": "armhf"}
# PEP 600 begins with glibc 2.17 on ARM.
OLDEST = 17
# The sample film: 20 MB that a device with films of its own does not need.
SAMPLES = ("pydicom-data",)
# The sources of the wheel.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "edge_app", "models")
# The date in archives; zip has none before 1980 (reproducible-builds.org, SOURCE_DATE_EPOCH).
EPOCH = {"SOURCE_DATE_EPOCH": "315532800"}
# Installs a bundle where there is no pip; only bundles contain it.
PIP = "pip==26.3"


@dataclass(frozen=True)
class Target:
    """A computer: `arch` as `uname -m` says, `python` such as 3.11."""

    arch: str
    python: str

    def __post_init__(self):
        arch = {"armv7": "armv7l", "armhf": "armv7l", "arm64": "aarch64", "amd64": "x86_64"}.get(self.arch, self.arch)
        object.__setattr__(self, "arch", arch)
        if arch not in DEBIAN:
            raise WrongUsage(f"ARCH: '{arch}' is not known; {', '.join(DEBIAN)} are.")
        if self.python not in GLIBC:
            raise WrongUsage(f"PYTHON: {self.python} is not known; {', '.join(GLIBC)} are, as Debian has them.")

    @property
    def flags(self) -> list[str]:
        """The options that make pip choose wheels for this computer."""
        tags = [f"manylinux_2_{minor}_{self.arch}" for minor in range(GLIBC[self.python], OLDEST - 1, -1)]
        platforms = [word for tag in (*tags, f"manylinux2014_{self.arch}") for word in ("--platform", tag)]
        return ["--only-binary=:all:", "--implementation", "cp", "--python-version", self.python, *platforms]

    def needs(self) -> list[str]:
        """Return `name==version` of each package of edge_app/requirements.txt for this computer, without samples."""
        world = {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "platform_machine": self.arch,
            "implementation_name": "cpython",
        }
        lines = (line.split(" #")[0].strip() for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines())
        wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
        held = (one for one in wanted if one.name not in SAMPLES and (not one.marker or one.marker.evaluate(world)))
        return [f"{one.name}{one.specifier}" for one in held]


def fetch(target: Target, folder: Path, more: tuple[str, ...] = ()) -> list[Path]:
    """Fetch all wheels that a target needs.

    Args:
        target: for which computer.
        folder: where they go.
        more: further `name==version`.

    Raises:
        WrongUsage: a package has no wheel for this computer; the text names every such package.
    """
    wanted = [*target.needs(), *more]
    ran = _download(target, folder, wanted)
    if ran.returncode:
        missing = [one for one in wanted if _download(target, folder, [one]).returncode]
        if not missing:
            raise WrongUsage(
                f"wheels: pip failed for all packages together, not for each alone: {_last(ran.stderr)}; try again."
            )
        raise WrongUsage(
            f"ARCH={target.arch} PYTHON={target.python}: there is no wheel of {', '.join(missing)}, so nothing is "
            "made. On a Pi use the 64-bit Raspberry Pi OS (ARCH=aarch64); a Pi 3, a Zero 2 W and all newer ones run it."
        )
    return sorted(folder.glob("*.whl"))


def build(folder: Path) -> Path:
    """Make the wheel of this program, with the model inside; two builds give the same bytes.

    It is made from a copy: setuptools leaves folders beside the sources, and takes files of the last build from them.
    """
    root = REQUIREMENTS.parents[1]
    with tempfile.TemporaryDirectory() as copy:
        for name in SOURCES:
            (shutil.copytree if (root / name).is_dir() else shutil.copyfile)(root / name, Path(copy) / name)
        for left in Path(copy).rglob("__pycache__"):
            shutil.rmtree(left)
        words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
        words += ["--wheel-dir", folder, copy]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True, env=os.environ | EPOCH)
    return next(folder.glob(f"covid_xray_edge-{__version__}-*.whl"))


def sha256(path: Path) -> str:
    """Return the hash of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(target: Target, folder: Path, wanted: list[str]) -> subprocess.CompletedProcess:
    words = ["download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest", folder, *target.flags]
    return subprocess.run([sys.executable, "-m", "pip", *words, *wanted], capture_output=True, text=True, check=False)


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["pip said nothing"])[-1]


def command(name: str, description: str | None, make: Callable[[Target, Path], Path]) -> int:
    """Run a command that makes a file from wheels, and print its path; return the exit code.

    Args:
        name: of its module in `convert.packaging`.
        description: for its help.
        make: takes the target and a folder.
    """
    parser = argparse.ArgumentParser(prog=f"python -m convert.packaging.{name}", description=description)
    parser.add_argument("--arch", default="aarch64", help="aarch64, x86_64 (default %(default)s)")
    parser.add_argument("--python", default="3.11", help="3.11 for Bookworm, 3.13 for Trixie (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder for it (default %(default)s)")
    args = parser.parse_args()
    try:
        print(make(Target(args.arch, args.python), args.out))
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"{name}: {error.cmd[0]} failed with exit code {error.returncode}; see above.", file=sys.stderr)
        return 1
    return 0
